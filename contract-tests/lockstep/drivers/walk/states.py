"""Tries what may be done to a thing one after the other: much is allowed in some states alone.

Whether what is paid may be cancelled, say, and what is cancelled be paid: rules of this kind stand
in no schema.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker, succeeded
from lockstep.drivers.walk.ranges import is_exclusive
from lockstep.drivers.walk.reader import Reader
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import SAFE_METHODS, Exchange

Acts = tuple[Operation, ...]
# So many acts one after the other, of so many that a thing has.
_LONGEST, _MOST_ACTS = 3, 6
# Requests for a kind of things, and for all kinds together.
_MOST_SENT, _MOST_IN_ALL = 90, 900


def acts(document: Document) -> Iterator[Acts]:
    """What may be done to each kind of things of which several acts may be done."""
    by_thing: dict[str, list[Operation]] = {}
    for operation in document.operations.values():
        around = operation.path[: operation.path.rfind("}") + 1]
        if around and operation.method not in SAFE_METHODS:
            by_thing.setdefault(around, []).append(operation)
    for around, found in by_thing.items():
        ordered = sorted(found, key=lambda each: _rank(each, around))[:_MOST_ACTS]
        if len(ordered) > 1:
            yield tuple(ordered)


def _rank(operation: Operation, around: str) -> tuple[bool, bool]:
    """Own acts before changes of the thing, its end last."""
    itself = operation.path.rstrip("/") == around
    return operation.method == "DELETE" and itself, itself


@dataclass(slots=True)
class States:
    """Does acts to things of an actor, in each order that the things allow."""

    maker: Maker
    reader: Reader
    # By the name of the first act.
    able: dict[str, Acts] = field(init=False)
    _sent: int = 0
    _seen: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.able = {each[0].name: each for each in acts(self.maker.client.document)}

    def explore(self, first: Operation) -> None:
        """Do acts to fresh things, each one in each state that the others lead to.

        `first` is the first of them. What is refused changes nothing: the next act is tried on the
        same thing.
        """
        able = self.able[first.name]
        ending = min(self._sent + _MOST_SENT, _MOST_IN_ALL)
        waiting: deque[Acts] = deque([()])
        while waiting and self._sent < ending:
            before = waiting.popleft()
            left = list(able)
            while left and self._sent < ending:
                values = self._thing(first, before)
                if values is None:
                    return
                done = self._first(left, values, is_first=not before)
                if done is None:
                    break
                is_end = done.method == "DELETE" and done.path.endswith("}")
                if done not in before and not is_end and len(before) + 1 < _LONGEST:
                    waiting.append((*before, done))

    def _thing(self, operation: Operation, before: Acts) -> Values | None:
        """A fresh thing to which something has been done; `None` if that cannot be had."""
        values = self._made(operation)
        if values is None or not all(succeeded(self._act(act, values)) for act in before):
            return None
        return values

    def _made(self, operation: Operation) -> Values | None:
        """A thing to which nothing has been done yet."""
        values = self.maker.live(operation, self.maker.client.mine, fresh=True)
        key = tuple((values or {}).values())
        if not key or key in self._seen:
            return None
        self._seen.add(key)
        self._sent += 1
        return values

    def _first(self, left: list[Operation], values: Values, *, is_first: bool) -> Operation | None:
        """Try acts, which are then no longer `left`, up to the first one that succeeds.

        What has been done to the thing before is nothing if this `is_first`.
        """
        while left:
            act = left.pop(0)
            exchange = self._act(act, values)
            if exchange.parted:
                return None
            if succeeded(exchange):
                self._sent += 1
                self.reader.look_around(act, values)
                self._sent += self.reader.look_at_named(exchange)
                if is_first:
                    self._make_again(exchange)
                return act
        return None

    def _make_again(self, exchange: Exchange) -> None:
        """Make the same thing once more: what it has to itself may now be free, or not."""
        client = self.maker.client
        makers = client.exchanger.trace.makers(exchange)
        made = next((each for each in reversed(makers) if each.request.method == "POST"), None)
        if made is not None and is_exclusive(made.request) and not exchange.parted:
            client.send_as(made.request, client.mine)

    def _act(self, operation: Operation, values: Values) -> Exchange:
        client = self.maker.client
        value = client.template(operation, client.mine)
        self._sent += 1
        request = client.request(operation, values, value)
        return client.send(operation, values, request, client.mine)
