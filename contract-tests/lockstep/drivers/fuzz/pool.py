"""Recent server-generated values, for requests that refer to existing resources."""

from __future__ import annotations

import random
import re
from collections import defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from lockstep.drivers.fuzz.value_dictionary import ValueDictionary
from lockstep.matching.bounded_dict import BoundedDict
from lockstep.openapi.shapes import Generated, thing_key
from lockstep.results.divergent_state import one_sided
from lockstep.results.exchange import Exchange
from lockstep.results.trace import Names, no_names
from lockstep.transport.messages import Request, Response

KEPT = 40
_GONE = (404, 410)
KEPT_OWNERS = 20_000
_WORD = re.compile(r"[\w.\-]+")
_SUFFIX = re.compile(r"[_-]?id$", re.IGNORECASE)

Query = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Pool:
    """The leader's values by family, shared by all actors, so that they also use others' ids.

    `names` returns the keys of the short values that a request refers to.
    """

    rng: random.Random
    names: Names = no_names
    _ids: dict[str, deque[str]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT))
    )
    _owners: BoundedDict[str, str] = field(default_factory=lambda: BoundedDict(KEPT_OWNERS))
    _tags: BoundedDict[str, str] = field(default_factory=lambda: BoundedDict(KEPT_OWNERS))
    _cursors: dict[str, deque[tuple[str, Query]]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT))
    )
    _tokens: dict[str, deque[str]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT))
    )

    given: ValueDictionary = field(init=False)

    def __post_init__(self) -> None:
        self.given = ValueDictionary(self.rng)

    def listen(self, exchange: Exchange, generated: list[Generated]) -> None:
        """Add the values that an exchange has shown."""
        answer = exchange.leader
        if one_sided(exchange):
            # Resources that exist on one side only are useless.
            self._drop(exchange.request, always=True)
            return
        if isinstance(answer, Response) and answer.status in _GONE:
            self._forget(exchange.request)
        if not isinstance(answer, Response) or not answer.status < 300:
            return
        for item in generated:
            self._remember(exchange, item)
        actor = exchange.request.actor
        for instant in self.given.learn(exchange.request):
            if actor is not None:
                self._owners[instant] = actor.partition("#")[0]
        tag = answer.header("etag")
        if tag is not None:
            self._tags[answer.header("location") or exchange.request.path.partition("?")[0]] = tag
        if exchange.request.method == "DELETE":
            self._drop(exchange.request)

    def id_for(self, parameter: str, family: str = "") -> str | None:
        """Return an id for a parameter such as `task_id`; `None` if none is known.

        With a `family` only its ids are used; without one, any id if none has the parameter's name.
        """
        if family:
            own = self._ids.get(family)
            return self.rng.choice(own) if own else None
        fitting = self._ids.get(_family(parameter))
        if not fitting:
            fitting = deque(value for known in self._ids.values() for value in known)
        return self.rng.choice(fitting) if fitting else None

    def owner(self, key: str) -> str | None:
        """Return the name of the actor who first saw an id, by its key, or last sent an instant."""
        return self._owners.get(key)

    def tag_for(self, path: str) -> str | None:
        """Return the entity tag last seen at a path."""
        return self._tags.get(path)

    def cursor_for(self, operation: str) -> tuple[str, Query] | None:
        """Return a cursor that an operation has returned, with the query that led to it."""
        known = self._cursors.get(operation)
        return self.rng.choice(known) if known else None

    def token_for(self, name: str) -> str | None:
        """Return a token that was returned under a name such as `refresh_token`."""
        known = self._tokens.get(name)
        return self.rng.choice(known) if known else None

    def _remember(self, exchange: Exchange, item: Generated) -> None:
        name = str(item.path[-1])
        if item.kind == "id" and item.owner:
            family = item.family or _family(name) or _family(item.owner)
            known = self._ids[family]
            if item.value not in known:
                known.append(item.value)
            if exchange.request.actor is not None:
                self._owners.setdefault(item.key, exchange.request.actor.partition("#")[0])
        elif item.kind == "token":
            self._tokens[name].append(item.value)
        elif item.kind == "cursor":
            query = tuple(parse_qsl(urlsplit(exchange.request.path).query))
            self._cursors[exchange.label].append((item.value, query))

    def _drop(self, request: Request, *, always: bool = False) -> None:
        # One in five is kept, so that there are requests for deleted resources, too.
        if self.rng.random() < 0.2 and not always:
            return
        gone = unquote(request.path.partition("?")[0].rpartition("/")[2])
        names = self.names(request)
        for family, known in self._ids.items():
            if gone in known and (not names or _is_among(thing_key(family, gone), names)):
                known.remove(gone)

    def _forget(self, request: Request) -> None:
        """Remove ids that their owner requested in vain, as those deleted with an account."""
        if request.actor is None:
            return
        text = unquote(request.path) + (request.body or b"").decode("utf-8", "replace")
        words = set(_WORD.findall(text))
        short = self.names(request)
        for family, known in self._ids.items():
            for value in words & set(known):
                key = thing_key(family, value)
                is_named = _is_among(key, short) if key != value else True
                if is_named and self.owner(key) == request.actor.partition("#")[0]:
                    known.remove(value)


def _is_among(key: str, names: Collection[str]) -> bool:
    """Whether a key is among the names, within any parent."""
    return any(name == key or name.endswith(f"/{key}") for name in names)


def _family(name: str) -> str:
    """Return the base of a name: `task` for `task_id`, `taskId` and `Task`; empty for `id`."""
    return re.sub(r"[_-]", "", _SUFFIX.sub("", name)).lower()
