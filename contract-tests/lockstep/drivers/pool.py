"""Server-made values that were handed out lately, for requests that name things which exist."""

from __future__ import annotations

import random
import re
from collections import defaultdict, deque
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from lockstep.messages import Response
from lockstep.shapes import Generated
from lockstep.trace import Exchange

KEPT = 40
_SUFFIX = re.compile(r"[_-]?id$", re.IGNORECASE)

Query = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Pool:
    """The leader's values by what they name; all actors share it, so that they meet others' ids."""

    rng: random.Random
    _ids: dict[str, deque[str]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT))
    )
    _owners: dict[str, str] = field(default_factory=dict)
    _tags: dict[str, str] = field(default_factory=dict)
    _cursors: dict[str, deque[tuple[str, Query]]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT))
    )
    _tokens: dict[str, deque[str]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT))
    )

    def listen(self, exchange: Exchange, generated: list[Generated]) -> None:
        """Take in what an exchange showed."""
        answer = exchange.leader
        if not isinstance(answer, Response) or not answer.status < 300:
            return
        for item in generated:
            self._remember(exchange, item)
        tag = answer.header("etag")
        if tag is not None:
            self._tags[answer.header("location") or exchange.request.path.partition("?")[0]] = tag
        if exchange.request.method == "DELETE":
            self._drop(exchange.request.path)

    def id_for(self, parameter: str) -> str | None:
        """An id that fits a parameter such as `task_id`, else any id; `None` when none is known."""
        fitting = self._ids.get(_family(parameter))
        if not fitting:
            fitting = deque(value for known in self._ids.values() for value in known)
        return self.rng.choice(fitting) if fitting else None

    def owner(self, value: str) -> str | None:
        """The name of the actor who was first shown an id."""
        return self._owners.get(value)

    def tag_for(self, path: str) -> str | None:
        """The entity tag last seen at a path."""
        return self._tags.get(path)

    def cursor_for(self, operation: str) -> tuple[str, Query] | None:
        """A cursor that an operation gave out, with the query that it answered."""
        known = self._cursors.get(operation)
        return self.rng.choice(known) if known else None

    def token_for(self, name: str) -> str | None:
        """A token that was given out under a name such as `refresh_token`."""
        known = self._tokens.get(name)
        return self.rng.choice(known) if known else None

    def _remember(self, exchange: Exchange, item: Generated) -> None:
        name = str(item.path[-1])
        if item.kind == "id" and item.owner:
            family = _family(name) or _family(item.owner)
            known = self._ids[family]
            if item.value not in known:
                known.append(item.value)
            if exchange.request.actor is not None:
                self._owners.setdefault(item.value, exchange.request.actor.partition("#")[0])
        elif item.kind == "token":
            self._tokens[name].append(item.value)
        elif item.kind == "cursor":
            query = tuple(parse_qsl(urlsplit(exchange.request.path).query))
            self._cursors[exchange.label].append((item.value, query))

    def _drop(self, path: str) -> None:
        # One in five stays, so that requests for what is gone are tried too.
        gone = path.partition("?")[0].rpartition("/")[2]
        if self.rng.random() < 0.2:
            return
        for known in self._ids.values():
            if gone in known:
                known.remove(gone)


def _family(name: str) -> str:
    """What a name is about: `task` for `task_id`, `taskId` and `Task`; empty for `id`."""
    return re.sub(r"[_-]", "", _SUFFIX.sub("", name)).lower()
