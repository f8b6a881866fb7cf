"""Remembers the requests that a later request depends on."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import unquote

from lockstep.openapi.naming import LOG_IN, is_idempotency_key, is_unique, without_separators
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.history import History
from lockstep.transport.contents import content_of
from lockstep.transport.json_bodies import json_of, scalars
from lockstep.transport.messages import Request, Response, status_of

_TOKEN = re.compile(r"%[0-9A-Fa-f]{2}|[A-Za-z0-9_.\-]{16,}")
# Shorter texts are too common to identify the response that they came from.
_MIN_SHOWN = 8
_CREDENTIALS = re.compile(r"authorization|cookie|token|csrf|xsrf|key", re.IGNORECASE)
MAX_WRITES = 16
MAX_STEPS = 60
KEPT_LATELY = 20
# Writes by or to one user, of which the last ones before a request may matter to it.
KEPT_OF_USER = 300
# Maximum number of equal writes, since it may matter that one was repeated.
_LAST_OF_EQUAL = 2

Names = Callable[[Request], frozenset[str]]
P = ParamSpec("P")
R = TypeVar("R")


def no_names(_request: Request) -> frozenset[str]:
    """Return no keys: only long values are recognised."""
    return frozenset()


def _alone(method: Callable[Concatenate[Trace, P], R]) -> Callable[Concatenate[Trace, P], R]:
    """Decorate a method to run with the lock on the history."""

    @wraps(method)
    def held(trace: Trace, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with trace.history.lock:
            return method(trace, *args, **kwargs)

    return held


@dataclass(slots=True)
class Trace:
    """Finds the exchange that made a value, and those that wrote to the resource with that id.

    A group is a set of exchanges that belong together, such as the registration and the log-in of a
    user: who depends on one of them depends on all. `names` returns the keys of short values that a
    request refers to; long ones are recognised anywhere. Exchanges recorded by other traces of the
    same `history` count as well.
    """

    names: Names = no_names
    history: History = field(default_factory=History)
    _lately: deque[Exchange] = field(default_factory=lambda: deque(maxlen=KEPT_LATELY))

    def next_number(self) -> int:
        """Return the number of the next exchange of this run."""
        return next(self.history.numbers)

    @_alone
    def record(self, exchange: Exchange, made: Iterable[str]) -> None:
        """Record an exchange and the leader's server-generated values that it showed first."""
        self._lately.append(exchange)
        made = tuple(made)
        if exchange.group is not None:
            self.history.groups.setdefault(exchange.group, []).append(exchange)
        for value in made:
            self.history.makers.setdefault(value, exchange)
        status = status_of(exchange.leader) or 599
        if exchange.request.method not in SAFE_METHODS and status < 400:
            self._note_done(exchange, status)
            for user in self._users(exchange) if exchange.group is None else ():
                known = self.history.of_users.setdefault(user, deque(maxlen=KEPT_OF_USER))
                known.append(exchange)
            for value in self._known_names(exchange.request):
                # Credentials identify who writes, not the resource that is written to.
                if self.history.makers[value].group is None:
                    self.history.writes.setdefault(value, deque(maxlen=MAX_WRITES)).append(exchange)
            # What a response shows may have changed with it: what is cancelled is in stock again.
            for value in made:
                maker = self.history.makers[value]
                if maker is not exchange and maker.group is None:
                    shown = self.history.shown_by.setdefault(value, deque(maxlen=MAX_WRITES))
                    shown.append(exchange)

    @_alone
    def note_shown(self, exchange: Exchange) -> None:
        """Record the first read of each text that differs between the targets."""
        if exchange.request.method in SAFE_METHODS:
            for text in _own_texts(exchange):
                if len(text) >= _MIN_SHOWN:
                    self.history.shown.setdefault(text, exchange)

    @_alone
    def sequence(self, exchange: Exchange, *, writes: bool = True) -> list[Exchange]:
        """Return the requests that an exchange depends on, oldest first, the exchange itself last.

        They made the values that it refers to or, with `writes`, changed the resources of these. If
        an identifier of an existing resource differs between targets, they begin with the read that
        showed it.
        """
        wanted: dict[int, Exchange] = {}
        pending = [exchange]
        while pending and len(wanted) < MAX_STEPS:
            current = pending.pop()
            if current.number in wanted:
                continue
            wanted[current.number] = current
            for value in self._known_names(current.request):
                pending.append(self.history.makers[value])
                if writes and current is exchange:
                    earlier = (
                        *self.history.writes.get(value, ()),
                        *self.history.shown_by.get(value, ()),
                    )
                    pending.extend(write for write in earlier if write.number < exchange.number)
            pending.extend(self._showing(current))
            pending.extend(self._filling(current))
            if current is exchange:
                pending.extend(self._done_before(exchange))
            # Not all credentials name an answer: those of HTTP Basic name what a client has sent.
            for user in {current.group, current.request.actor} - {None}:
                group = self.history.groups.get(user or "", ())
                pending.extend(other for other in group if other.number < current.number)
        return [wanted[number] for number in sorted(wanted) if number <= exchange.number]

    @_alone
    def steps(self, exchanges: Iterable[Exchange]) -> list[Exchange]:
        """Return the exchanges, oldest first, with the requests that made what they refer to."""
        wanted = {
            each.number: each
            for exchange in exchanges
            for each in (*self.sequence(exchange, writes=False), exchange)
        }
        return [wanted[number] for number in sorted(wanted)]

    @_alone
    def making(self, exchange: Exchange) -> list[Exchange]:
        """Return all requests that made and changed the resources in a response, the exchange last.

        Empty if there are too many to send again.
        """
        wanted = {each.number: each for each in self.sequence(exchange)}
        for key in exchange.shows:
            made = self.history.makers.get(key)
            for each in (*([made] if made is not None else []), *self.history.writes.get(key, ())):
                safe = each.request.method in SAFE_METHODS
                if not safe and each.group is None and each.number < exchange.number:
                    wanted |= {step.number: step for step in self.sequence(each, writes=False)}
            if len(wanted) > MAX_STEPS:
                return []
        return [wanted[number] for number in sorted(wanted)]

    @_alone
    def of_users(self, exchange: Exchange) -> list[Exchange]:
        """Return also the last writes by and to the users of a request, the exchange last.

        Whom a user follows, say, stands in neither the request for a feed nor the response. Those
        that name another user come first, then those of the users so named. Empty if there are no
        such writes.
        """
        wanted = {each.number: each for each in self.making(exchange) or self.sequence(exchange)}
        fewest, users = len(wanted), self._users(exchange)
        own = self._last_writes(users, exchange)
        between = [each for each in own if len(self._users(each)) > 1]
        others = {user for each in between for user in self._users(each)} - users
        for each in (*between, *self._last_writes(others, exchange), *own):
            steps = {step.number: step for step in self.sequence(each, writes=False)}
            if len(wanted | steps) <= MAX_STEPS:
                wanted |= steps
        return [wanted[number] for number in sorted(wanted)] if len(wanted) > fewest else []

    def _last_writes(self, users: Iterable[str], exchange: Exchange) -> list[Exchange]:
        """Return the last writes by or to users: the latest of each operation, the second, etc.

        A request for several things may succeed and change none, so that an earlier one matters.
        """
        known = (each for user in users for each in self.history.of_users.get(user, ()))
        earlier = {each.number: each for each in known if each.number < exchange.number}
        times: Counter[str] = Counter()
        equal: Counter[tuple[str, str, bytes | None]] = Counter()
        found = []
        for each in sorted(earlier.values(), key=lambda one: -one.number):
            same = each.label, each.request.path, each.request.body
            equal[same] += 1
            if equal[same] <= _LAST_OF_EQUAL:
                times[each.label] += 1
                found.append((times[each.label], each))
        return [each for _, each in sorted(found, key=lambda pair: pair[0])]

    def _users(self, exchange: Exchange) -> set[str]:
        """Return the groups of the users who send a request, or whom its path or body names."""
        request = exchange.request
        named = self._known_names(replace(request, headers=()))
        groups = (self.history.makers[name].group for name in named)
        return set(filter(None, (*groups, request.actor)))

    def maker(self, key: str) -> Exchange | None:
        """Return the exchange that showed a resource first, or in which a client named it."""
        return self.history.makers.get(key)

    @_alone
    def recorded(self) -> list[Exchange]:
        """Return the exchanges that made something, in order of their first values."""
        return list({each.number: each for each in self.history.makers.values()}.values())

    @_alone
    def was_deleted(self, key: str, maker: Exchange) -> bool:
        """Whether a resource, or the resource that it was created in, was deleted."""
        keys = {key, *self.things(maker.request)}
        return any(
            self._deletes(write, each)
            for each in keys
            for write in self.history.writes.get(each, ())
        )

    def _deletes(self, write: Exchange, key: str) -> bool:
        """Whether a request deletes the resource itself, rather than a part of it."""
        last = unquote(write.request.path.partition("?")[0].rpartition("/")[2])
        return write.request.method == "DELETE" and last in (key, key.partition("=")[2])

    def was_done(self, request: Request) -> bool:
        """Whether the same user has successfully sent an identical write before."""
        return _write_of(request) in self.history.done

    @_alone
    def duplicates(self, exchange: Exchange) -> list[tuple[str, str]]:
        """Return members whose value another resource already has, with paths such as `user/email`.

        Each with how it differs: empty, `case`, or `separators`.
        """
        own = {maker.number for maker in self.makers(exchange)}
        found = []
        for path, name, value in _naming_members(exchange.request):
            for key in _keys(name, value):
                known = self.history.done.get(key)
                if known is not None and known.number not in own and _may_clash(known, exchange):
                    found.append((path, "".join(key[2:])))
                    break
        return found

    def _note_done(self, exchange: Exchange, status: int) -> None:
        if status >= 300:
            return
        request = exchange.request
        self.history.done.setdefault(_write_of(request), exchange)
        for _, name, value in _naming_members(request):
            for known in _keys(name, value):
                self.history.done.setdefault(known, exchange)
            if exchange.group is not None and not LOG_IN.search(request.path):
                # What names a user later refers to the registration.
                self.history.makers.setdefault(value, exchange)
        if request.method == "PUT":
            # Clients may choose the identifier in a PUT.
            for key in self.names(request) - self.history.makers.keys():
                self.history.makers[key] = exchange

    def _done_before(self, exchange: Exchange) -> Iterator[Exchange]:
        """Yield the earlier writes that a request repeats, or duplicates a value of."""
        request = exchange.request
        keys = [_write_of(request)]
        keys += [key for _, name, value in _naming_members(request) for key in _keys(name, value)]
        for known in filter(None, map(self.history.done.get, keys)):
            if known.number < exchange.number:
                yield known

    def lately(self) -> list[Exchange]:
        """Return the last exchanges of any kind, oldest first."""
        return list(self._lately)

    @_alone
    def makers(self, exchange: Exchange) -> list[Exchange]:
        """Return the exchanges that made what a request refers to, except log-ins."""
        names = self._known_names(exchange.request)
        found = (self.history.makers[name] for name in names)
        return [maker for maker in found if maker.group is None]

    @_alone
    def deletions(self, exchange: Exchange) -> list[Exchange]:
        """Return the successful deletions of what a request refers to, or of what made that."""
        names = self._known_names(exchange.request)
        for maker in self.makers(exchange):
            names |= self._known_names(maker.request)
        found = {
            write.number: write
            for name in names
            for write in self.history.writes.get(name, ())
            if self._deletes(write, name)
        }
        return list(found.values())

    @_alone
    def things(self, request: Request) -> set[str]:
        """Return the keys of the resources that a request refers to, except credentials."""
        return {
            name for name in self._known_names(request) if self.history.makers[name].group is None
        }

    def _filling(self, exchange: Exchange) -> Iterator[Exchange]:
        """The last writes of the same user to what a write shows and does not name.

        A checkout orders what is in the cart, which stands nowhere in the request.
        """
        if exchange.request.method in SAFE_METHODS or exchange.group is not None:
            return
        for key in exchange.shows - self._known_names(exchange.request):
            for write in reversed(self.history.writes.get(key, ())):
                mine = write.request.actor == exchange.request.actor
                if write.number < exchange.number and mine:
                    yield write
                    break

    def _showing(self, exchange: Exchange) -> Iterator[Exchange]:
        """Yield the reads of what a request refers to, if identifiers differ between targets."""
        if len({request.path for request in exchange.requests.values()}) == 1:
            return
        for name in self.names(exchange.request) - self.history.makers.keys():
            known = self.history.shown.get(name) or self.history.shown.get(name.partition("=")[2])
            if known is not None and known.number < exchange.number:
                yield known

    def _known_names(self, request: Request) -> set[str]:
        return {
            name for name in _tokens(request) | self.names(request) if name in self.history.makers
        }


def _own_texts(exchange: Exchange) -> set[str]:
    """Return the texts in the leader's response that some other response lacks."""
    leader, *partners = (
        outcome.body if isinstance(outcome, Response) else b""
        for outcome in exchange.outcomes.values()
    )
    if all(partner == leader for partner in partners):
        return set()
    shown = [set(scalars(json_of(partner))) for partner in partners]
    return set(scalars(json_of(leader))) - set[str].intersection(*shown)


@lru_cache(2_000)
def _tokens(request: Request) -> frozenset[str]:
    """Return the long tokens in a request."""
    parts = [request.path, *(value for _, value in request.headers)]
    if request.body:
        parts.append(request.body.decode("latin-1"))
    return frozenset(token for part in parts for token in _TOKEN.findall(part))


def _write_of(request: Request) -> tuple[object, ...]:
    """Return the identity of a write: all but the credentials, which may change for a user."""
    headers = frozenset(
        (name.lower(), value) for name, value in request.headers if not _CREDENTIALS.search(name)
    )
    return request.method, request.path, request.body, request.actor, headers


def _may_clash(earlier: Exchange, exchange: Exchange) -> bool:
    """Whether both write to different resources of one type, as their paths suggest."""
    request, path = exchange.request, exchange.request.path.partition("?")[0]
    other = earlier.request.path.partition("?")[0]
    if request.method == "POST":
        return path in (other, other.rpartition("/")[0])
    if earlier.group is not None:
        return earlier.group != request.actor
    if path == other and request.actor == earlier.request.actor:
        return False
    return path.startswith(f"{other}/") or path.rpartition("/")[0] == other.rpartition("/")[0]


def _keys(name: str, value: str) -> tuple[tuple[str, ...], ...]:
    """Return the keys of a member's value: exact, case-insensitive, and without separators."""
    folded, joined = value.casefold(), without_separators(value.casefold())
    case = ((name, folded, "case"),) if folded.upper() != folded else ()
    return (name, value), *case, (name, joined, "separators")


def _naming_members(request: Request) -> Iterator[tuple[str, str, str]]:
    """Yield path, name and value of the members of a body that often must be unique.

    Includes the members of nested objects, one level deep, and the key of a retry.
    """
    yield from ((name, name, key) for name, key in request.headers if is_idempotency_key(name))
    value = content_of(request)
    inner = {"": value, **value} if isinstance(value, dict) else {}
    for outer, each in inner.items():
        for name, member in each.items() if isinstance(each, dict) else ():
            if isinstance(member, str) and len(member) > 2 and is_unique(name):
                yield f"{outer}/{name}".strip("/"), name, member
