"""The users in whose name requests are sent."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.auth.calls import Call, own_values
from lockstep.auth.discovery import Entrance
from lockstep.auth.entry import ActorError, enter, new_entry
from lockstep.auth.tokens import TokenError
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.trace import Exchange
from lockstep.transport.credentials import BEARER, Credential, Identity
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Request, Response, status_of

__all__ = ["Actor", "ActorBook", "ActorError", "ActorSpec", "Call"]

# A log-in that is no longer accepted is done anew so often in a row.
MAX_RENEWALS = 3


@dataclass(frozen=True, slots=True)
class ActorSpec:
    """How one kind of actor is registered and logged in.

    Without `register` the account exists already, and the actor only logs in; without `login` the
    answer to the registration has the token. `weight` is the actor's share of the fuzzed requests;
    operations in `avoid` are sent by others, those in `retire_after` end the actor's session when
    they succeed. `token` says where the answer holds it (see `read_token`), `credential` how it is
    sent from then on; an empty `token` and `UNKNOWN` are yet to be determined. `opening` is a path
    that is read before, since it sets the CSRF cookie. `values` are for the bodies, those of one
    target in `values_for`. With `tokens`, by target name or `*`, there is no logging in at all.
    `entrances` are other ways to come in, for the search of one that works. Who `is_extra` is of
    another kind than the usual users, and nobody waits for him where he is not let in any more.
    """

    name: str
    login: Call | None = None
    register: Call | None = None
    weight: float = 1.0
    avoid: frozenset[str] = frozenset()
    retire_after: frozenset[str] = frozenset()
    token: str = "/access_token"
    credential: Credential = BEARER
    values: Mapping[str, str] = field(default_factory=dict)
    values_for: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    opening: str = ""
    entrances: tuple[Entrance, ...] = ()
    is_extra: bool = False

    @property
    def calls(self) -> tuple[Call, ...]:
        """The requests that log the actor in."""
        return tuple(filter(None, (self.register, self.login)))

    @property
    def value_names(self) -> set[str]:
        """The names of the values that the account has on any target."""
        return {*self.values, *(name for own in self.values_for.values() for name in own)}

    def tokens_at(self, targets: Iterable[str]) -> dict[str, str]:
        """The fixed token of each target, empty if there is none."""
        return {name: self.tokens.get(name) or self.tokens.get("*", "") for name in targets}


@dataclass(frozen=True, slots=True)
class Actor:
    """A user who is logged in.

    `token` is the leader's; `facts` holds what was sent to register and log in, and the answer to
    the log-in. `values` are those that only this actor has.
    """

    spec: ActorSpec
    label: str
    token: str
    facts: Mapping[str, Any]
    values: Mapping[str, str] = field(default_factory=dict)

    def values_at(self, target: str) -> dict[str, str]:
        """The values for the bodies that one target is sent."""
        return {**self.values, **self.spec.values, **self.spec.values_for.get(target, {})}


@dataclass(slots=True)
class ActorBook:
    """Creates actors on demand, and again when they are gone; thread-safe."""

    exchanger: Exchanger
    specs: tuple[ActorSpec, ...]
    rng: random.Random
    nonce: str
    # Shared by all books of a run: no two of its users have one label.
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    # Who may send an operation that the usual users may not, by its name; shared as well.
    entitled: dict[str, str] = field(default_factory=dict)
    _alive: dict[str, Actor] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _refused: Counter[str] = field(default_factory=Counter)
    _made: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def spec(self, name: str) -> ActorSpec:
        """The actor's own specification, else that of the first one that can register."""
        for spec in self.specs:
            if spec.name == name:
                return spec
        for spec in self.specs:
            if spec.register is not None:
                return replace(spec, name=name)
        raise ActorError(f"no actor is configured as {name}, and none can be registered")

    @property
    def credential(self) -> Credential:
        """Where a request that needs an actor carries its token."""
        return self.specs[0].credential

    def get(self, name: str) -> Actor:
        """A logged-in actor of this name; `ActorError` when that fails."""
        with self._lock:
            actor = self._alive.get(name)
            if actor is not None and name in self._ended:
                actor = self._renew(actor)
            if actor is None:
                actor = self._made_or_usual(self.spec(name))
            self._ended.discard(name)
            self._alive[name] = actor
            return actor

    def choose(self, operation: str, preferred: str | None = None) -> Actor:
        """An actor for a fuzzed request: mostly the preferred one, else one by weight."""
        specs = [spec for spec in self.specs if operation not in spec.avoid] or list(self.specs)
        names = [spec.name for spec in specs]
        preferred = self.entitled.get(operation, preferred)
        if preferred in names and self.rng.random() < 0.8:
            return self.get(preferred)
        return self.get(self.rng.choices(names, [spec.weight for spec in specs])[0])

    def authorise(self, request: Request, actor: Actor) -> Request:
        """The request with all that shows who sends it: the token, cookies, a CSRF token."""
        identity = self.exchanger.identities.get(actor.label)
        if identity is None:
            signed = actor.spec.credential.put(request, actor.token)
        else:
            signed = identity.put(request, self.exchanger.targets[0].name)
        return replace(signed, actor=actor.label)

    def notice(self, exchange: Exchange, actor: Actor) -> None:
        """Retire an actor whose session the exchange has ended, or shown to be over.

        One whose things are no longer alike on all targets is replaced by a new one.
        """
        name = actor.spec.name
        with self._lock:
            if self._alive.get(name) is not actor:
                return
            status = status_of(exchange.leader) or 0
            parted = exchange.parted and actor.spec.register is not None
            if parted or (exchange.label in actor.spec.retire_after and status < 300):
                del self._alive[name]
            elif 401 not in map(status_of, exchange.outcomes.values()):
                self._refused[name] = 0
            elif self._refused[name] < MAX_RENEWALS and not actor.spec.tokens:
                self._refused[name] += 1
                self._ended.add(name)

    def forget_all(self) -> None:
        """Start over with new actors."""
        with self._lock:
            self._alive.clear()
            self._ended.clear()

    def unique(self) -> str:
        """A text that was not given out before; alike for every target."""
        with self._lock:
            self._made += 1
            return f"{self.nonce}{self._made:04}"

    def _renew(self, actor: Actor) -> Actor | None:
        """The actor with a new session; `None` for one that can only be made anew."""
        if actor.spec.login is None:
            return None
        try:
            return self._come_in(actor, (actor.spec.login,))
        except ActorError as error:
            if actor.spec.register is not None or actor.spec.is_extra:
                return None
            raise ActorError(
                f"{error}. A request may have changed the password or the account: list such "
                "operations in `avoid`"
            ) from error

    @property
    def extras(self) -> list[str]:
        """The names of the users of other kinds."""
        return [spec.name for spec in self.specs if spec.is_extra]

    def _made_or_usual(self, spec: ActorSpec) -> Actor:
        try:
            return self._make(spec)
        except ActorError:
            if not spec.is_extra:
                raise
            self.specs = tuple(each for each in self.specs if each.name != spec.name)
            return self.get(self.specs[0].name)

    def _make(self, spec: ActorSpec) -> Actor:
        unique = self.unique()
        label = f"{spec.name}#{next(self.numbers)}"
        actor = Actor(spec, label, "", {}, own_values(spec.name, unique))
        if spec.tokens:
            return self._known(actor)
        return self._come_in(actor, spec.calls)

    def _known(self, actor: Actor) -> Actor:
        tokens = actor.spec.tokens_at(target.name for target in self.exchanger.targets)
        jars = new_entry(self.exchanger).jars
        self.exchanger.identities[actor.label] = Identity(actor.spec.credential, tokens, jars)
        return replace(actor, token=next(iter(tokens.values())))

    def _come_in(self, actor: Actor, calls: tuple[Call, ...]) -> Actor:
        spec = actor.spec
        names = [target.name for target in self.exchanger.targets]
        values = {name: actor.values_at(name) for name in names}
        entry = enter(self.exchanger, calls, values, actor.label, spec.opening)
        try:
            found = entry.tokens(spec.token)
        except TokenError as error:
            raise ActorError(f"{actor.label}: {error}") from error
        first = next(iter(found.values()))
        # Targets that share one state know the token that one of them gave out.
        tokens = {name: found.get(name, first) for name in names}
        identity = Identity(spec.credential, tokens, entry.jars, spec.token)
        self.exchanger.identities[actor.label] = identity
        given = _members(next(iter(entry.answers.values()), None))
        facts = {**actor.facts, **entry.sent[names[0]], **given}
        return replace(actor, token=first, facts=facts)


def _members(answer: Response | None) -> dict[str, Any]:
    given = json_of(answer.body) if answer is not None else {}
    return given if isinstance(given, dict) else {}
