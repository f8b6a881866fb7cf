"""Sends texts as long as a resource says that they may be, and longer.

The bound is no schema's, but part of the data: the `maxLength` of a question, or of a field that a
user has defined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lockstep.drivers.walk.bodies import with_member
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.openapi.naming import words
from lockstep.openapi.operations import Operation

_LENGTH = frozenset({"length", "characters", "chars"})
_MOST = frozenset({"max", "maximum", "limit"})
# Maximum number of operations, of bounds of one resource, and the largest one that is tried.
_MOST_WAYS, _MOST_BOUNDS, _LONGEST = 4, 3, 5_000

Place = tuple[str, ...]


@dataclass(slots=True)
class OwnBounds:
    """Tries texts in what is sent to a resource that has bounds of its own."""

    maker: Maker
    _done: int = 0

    def able(self) -> Iterator[Operation]:
        """Yield the writes about a resource that have succeeded with a text."""
        for operation in self.maker.done_inside():
            media = next(iter(self.maker.client.media(operation)), None)
            if media is not None and media.kind == "json":
                yield operation

    def explore(self, operation: Operation) -> None:
        """Send texts at and beyond the bounds that a new resource shows."""
        if self._done >= _MOST_WAYS:
            return
        client = self.maker.client
        values = self.maker.live(operation, client.mine, fresh=True)
        bounds = self._bounds(operation, values) if values is not None else []
        if values is None or not bounds:
            return
        self._done += 1
        template = client.template(operation, client.mine)
        self.maker.needs.meet(operation, (values, template), client.mine)
        for name, longest in bounds[:_MOST_BOUNDS]:
            places = list(_texts(template, ()))
            named = [place for place in places if place[-1] == name] or places
            for place in named[:1]:
                for text in ("b" * longest, "😀" * longest, "b" * (longest + 1)):
                    client.act(operation, values, with_member(template, place, text))

    def _bounds(self, operation: Operation, values: Values) -> list[tuple[str, int]]:
        """Return the bounds of texts that a resource shows, each with what is bounded."""
        around = operation.path[: operation.path.rindex("}") + 1]
        client = self.maker.client
        bound = client.known.bind(around, client.mine, live=True)
        shown = (item.shown for item, known in islice(bound, 20) if known == values)
        found = {pair: None for each in shown for pair in _limits(each)}
        return list(found)


def _limits(node: Any) -> Iterator[tuple[str, int]]:
    """Yield the limits in data, each with the key or name beside it."""
    if isinstance(node, list):
        for each in node:
            yield from _limits(each)
    for name, value in node.items() if isinstance(node, Mapping) else ():
        about = set(words(name))
        limits = about & _LENGTH and about & _MOST
        if limits and isinstance(value, int) and 0 < value <= _LONGEST:
            called = next((node[key] for key in ("key", "name", "field") if key in node), "")
            yield str(called), value
        yield from _limits(value)


def _texts(node: Any, place: Place) -> Iterator[Place]:
    """Yield the places of the texts in a body."""
    for name, value in node.items() if isinstance(node, Mapping) else ():
        if isinstance(value, str):
            yield (*place, name)
        yield from _texts(value, (*place, name))
