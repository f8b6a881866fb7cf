"""Takes resources from each state to each other one, where a state is a member of a body.

No schema tells which state may follow which, or what else a change of state does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lockstep.auth.bodies import flat
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.member_changes import MemberChanges
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.ranges import book_again
from lockstep.drivers.walk.reader import Reader
from lockstep.openapi.document import Document
from lockstep.openapi.naming import singular, words
from lockstep.openapi.operations import Operation
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Response

# Words in the name of a member that selects the next state of a resource.
_SELECTING = frozenset(
    {"status", "state", "stage", "phase", "step", "action", "transition", "event", "command"}
)
_KINDS = frozenset({"type", "kind"})
_MOST_STATES = 7
# Maximum number of requests for one member of a type of resource, and for all of them together.
_MOST_SENT, _MOST_IN_ALL = 80, 240
# Maximum number of resources: from a final state, only a new one leads on.
_MOST_THINGS = 6

# The state of a resource that has no read: its changes may show where it is led to.
_UNREAD = ""

Edge = tuple[str, str]


def state_members(
    document: Document, schema: Any, of: str = ""
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the names of the members that select a state, with the few states of their enums.

    `of` is what a body is about: the `type` of an event is one, too.
    """
    about = _KINDS if _SELECTING & set(map(singular, words(of))) else frozenset()
    properties = flat(document, schema).get("properties")
    for name, declared in properties.items() if isinstance(properties, Mapping) else ():
        member = flat(document, declared)
        choices = [member["const"]] if "const" in member else member.get("enum")
        selects = (_SELECTING | about) & set(words(name)) and not member.get("readOnly")
        if not selects or not isinstance(choices, list):
            continue
        texts = tuple(each for each in choices if isinstance(each, str))
        if 0 < len(texts) <= _MOST_STATES:
            yield name, texts


@dataclass(slots=True)
class Transitions:
    """Changes the state of an actor's resources, along each pair of states that can be reached."""

    maker: Maker
    reader: Reader
    changes: MemberChanges = field(init=False)
    _sent: int = 0
    # The state that followed, by the state before and the one asked for.
    _led: dict[Edge, str] = field(default_factory=dict)
    _tried: set[Edge] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.changes = MemberChanges(self.maker, self.reader)

    def able(self) -> Iterator[Operation]:
        """Yield the operations that change the state of a resource."""
        client = self.maker.client
        for operation in client.document.operations.values():
            media = next(iter(client.media(operation)), None)
            changes = operation.method in ("PUT", "PATCH") and operation.path.endswith("}")
            if not changes or media is None:
                continue
            if next(state_members(client.document, media.schema), None) is not None:
                yield operation

    def explore(self, operation: Operation) -> None:
        """Try each pair of states, on one resource as long as an untried pair can be reached."""
        client = self.maker.client
        for name, states in state_members(client.document, client.media(operation)[0].schema):
            self._led, self._tried = {}, set()
            ending = min(self._sent + _MOST_SENT, _MOST_IN_ALL)
            for _ in range(_MOST_THINGS):
                values = self.maker.live(operation, client.mine, fresh=True)
                if values is None or self._sent >= ending:
                    break
                start = self._state(operation, values, name) or _UNREAD
                if not self._lead_on(operation, values, (name, start), states, ending):
                    break

    def _lead_on(
        self,
        operation: Operation,
        values: Values,
        now: tuple[str, str],
        states: tuple[str, ...],
        ending: int,
    ) -> bool:
        """Change one resource until no untried pair can be reached.

        Returns whether another resource can lead to untried pairs.
        """
        name, state = now
        moved = False
        while self._sent < ending:
            way = self._way(state, states)
            if way is None:
                # What a new resource cannot reach, another one cannot either.
                return moved and any(
                    (a, b) not in self._tried for a in self._seen() for b in states
                )
            for target in way:
                self._tried.add((state, target))
                found = self._change(operation, values, (name, state), target)
                if found is None:
                    return True
                moved |= found != state
                self._led[state, target] = found
                state = found
        return False

    def _seen(self) -> set[str]:
        return {*self._led.values(), *(state for state, _ in self._led)}

    def _way(self, state: str, states: tuple[str, ...]) -> list[str] | None:
        """Return the changes up to the nearest untried one; `None` if there is none."""
        waiting: deque[tuple[str, list[str]]] = deque([(state, [])])
        reached = {state}
        while waiting:
            now, way = waiting.popleft()
            # A state that stays the same comes last.
            for target in sorted(states, key=lambda each: each == now):
                if (now, target) not in self._tried:
                    return [*way, target]
            for (before, target), after in self._led.items():
                if before == now and after not in reached:
                    reached.add(after)
                    waiting.append((after, [*way, target]))
        return None

    def _change(
        self, operation: Operation, values: Values, now: tuple[str, str], target: str
    ) -> str | None:
        """Try a change, and return the state afterwards; `None` if it is unknown."""
        client, (name, state) = self.maker.client, now
        value = {name: target}
        if operation.method == "PUT":
            whole = client.template(operation, client.mine)
            value = {**whole, **value} if isinstance(whole, Mapping) else value
        exchange = client.act(operation, values, value)
        self._sent += 1
        if exchange.parted:
            return None
        if not succeeded(exchange):
            return state
        found = _shown(exchange.leader, name) or self._state(operation, values, name)
        if found is not None and found not in self._seen():
            self._sent += 1
            book_again(client, exchange)
            self.changes.explore(operation, values, found, name)
        return found

    def _state(self, operation: Operation, values: Values, name: str) -> str | None:
        """Read a resource, and return its state."""
        seen = self.reader.look(operation, values)
        self._sent += 1
        return _shown(seen.leader, name) if seen is not None else None


def _shown(answer: Any, name: str) -> str | None:
    """Return the text of a member of a resource in a response, with or without an envelope."""
    body = json_of(answer.body) if isinstance(answer, Response) else None
    inner = [body, *(body.values() if isinstance(body, Mapping) else ())]
    found = (each[name] for each in inner if isinstance(each, Mapping) and name in each)
    text = next(found, None)
    return text if isinstance(text, str) else None
