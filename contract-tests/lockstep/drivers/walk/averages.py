"""Adds numbers to a resource whose average is a fraction, and reads what the resource makes of it.

A mean of 5/3 is cut off or rounded, and one of 9/4 or 17/8 lies halfway between two numbers of one
or two decimal places: it is rounded up or to the even digit (IEEE 754, section 4.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat, kind_of_value
from lockstep.drivers.walk.bodies import with_member
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.reader import Reader
from lockstep.openapi.naming import is_id
from lockstep.openapi.operations import Operation

# The means of the first three, four and eight are 5/3, 9/4 and 17/8, and the last one before is
# even.
_NUMBERS = (3, 1, 1, 4, 2, 2, 2, 2)
_READ_AFTER = frozenset({3, 4, 8})
_LEAST_RANGE, _MOST_RANGE = 3, 100
_MOST_WAYS = 4

Place = tuple[str, ...]


@dataclass(slots=True)
class Averages:
    """Adds elements with chosen numbers to a new resource, as ratings and answers have them."""

    maker: Maker
    reader: Reader

    def able(self) -> Iterator[Operation]:
        """Yield a few writes about a resource that have succeeded, with a number in a range."""
        yield from islice(filter(self._number, self.maker.done_inside()), _MOST_WAYS)

    def explore(self, operation: Operation) -> None:
        """Add the numbers one after the other, and read all of the resource at each fraction."""
        client = self.maker.client
        found = self._number(operation)
        values = self.maker.live(operation, client.mine, fresh=True)
        if found is None or values is None:
            return
        place, least = found
        for count, number in enumerate(_NUMBERS, 1):
            template = client.template(operation, client.mine)
            self.maker.needs.meet(operation, (values, template), client.mine)
            body = with_member(template, place, least - 1 + number)
            exchange = client.act(operation, values, body)
            if not succeeded(exchange) or exchange.parted:
                return
            if count in _READ_AFTER:
                self.reader.look_everywhere(operation, values)

    def _number(self, operation: Operation) -> tuple[Place, int] | None:
        """Return where a valid body has a number in a small range, and the least of these.

        One that no schema describes, as in answers to questions, may be from a scale from 1 on.
        """
        client = self.maker.client
        media = next(iter(client.media(operation)), None)
        if media is None or media.kind != "json":
            return None
        template = client.template(operation, client.mine)
        return next(_numbers(self.maker, media.schema, template, ()), None)


def _numbers(maker: Maker, declared: Any, node: Any, place: Place) -> Iterator[tuple[Place, int]]:
    schema = flat(maker.client.document, declared)
    properties = schema.get("properties")
    members = properties if isinstance(properties, Mapping) else {}
    optional = {name: 1 for name in members if name not in node} if node else {}
    for name, value in {**node, **optional}.items() if isinstance(node, Mapping) else ():
        inner = flat(maker.client.document, members.get(name, {}))
        if isinstance(value, Mapping):
            yield from _numbers(maker, inner, value, (*place, name))
        elif is_id(name) or inner.keys() & {"enum", "const", "readOnly"}:
            continue
        elif not inner and isinstance(value, int) and not isinstance(value, bool):
            yield (*place, name), 1
        elif kind_of_value(inner) == "integer" and "type" in inner:
            least, most = inner.get("minimum"), inner.get("maximum")
            if not isinstance(least, int) or not isinstance(most, int):
                continue
            if _LEAST_RANGE <= most - least <= _MOST_RANGE:
                yield (*place, name), max(least, 1)
