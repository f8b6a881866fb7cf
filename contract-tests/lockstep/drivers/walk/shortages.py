"""Asks for several things at once of which one is short, and reads what became of the others.

An order of three products is refused as a whole if one of them is sold out, or must leave no trace
of the first two. No schema tells that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat
from lockstep.drivers.walk.filtered_lists import read_lists_about
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.quantities import Quantity, quantity_in
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.selection import accepted_posts
from lockstep.drivers.walk.states import Act, acts
from lockstep.openapi.operations import Operation

# More than there is of anything.
_TOO_MUCH = Decimal(1_000_000)
# Maximum number of creations that are explored, and of actions on each.
_MOST_CREATIONS, _MOST_ACTS = 4, 6
# Maximum number of creations that may bring in what is asked for.
_MOST_SUPPLIES = 2

# An operation on a resource, and the parameters of its path.
Place = tuple[Operation, Values]


@dataclass(slots=True)
class Shortages:
    """Creates what has two elements, of which the second one asks for too much, and acts on it."""

    maker: Maker
    reader: Reader

    def able(self) -> Iterator[Operation]:
        """Yield the creations that have succeeded with elements that are quantities of a thing."""
        client = self.maker.client
        found = (
            operation
            for operation in accepted_posts(client)
            if self._elements(operation) is not None and client.referred(operation, client.mine)
        )
        yield from islice(found, _MOST_CREATIONS)

    def explore(self, operation: Operation) -> None:
        """Ask for more than there can be, then for as much as usual of what there is nothing of."""
        client = self.maker.client
        found, several = self._elements(operation), list(self._acts(operation))
        if found is None:
            return
        member, quantity = found
        for number in (_TOO_MUCH, None):
            values = self.maker.live(operation, client.mine)
            one, places = self._element(operation, member, several)
            other, _ = self._element(operation, member)
            if values is None or one is None or other is None:
                return
            if number is not None:
                other = {**other, quantity.name: quantity.write(_at_most(quantity, number))}
            body = {**client.template(operation, client.mine), member: [one, other]}
            exchange = client.act(operation, values, body)
            self._read(places)
            if succeeded(exchange) and not exchange.parted:
                self._act(several, places)

    def _act(self, several: list[Act], places: list[Place]) -> None:
        """Act on what was created until that succeeds; read what its elements are taken from."""
        client = self.maker.client
        for act in several[:_MOST_ACTS]:
            where = self.maker.live(act.operation, client.mine)
            if where is None:
                continue
            body = act.body(client.template(act.operation, client.mine))
            done = client.act(act.operation, where, body)
            self._read(places)
            if succeeded(done) or done.parted:
                return

    def _element(
        self, operation: Operation, member: str, several: list[Act] | None = None
    ) -> tuple[Mapping[str, Any] | None, list[Place]]:
        """Return an element that refers to new resources, and these.

        There is enough of them for the actions on what is created, if any are given.
        """
        client, needs = self.maker.client, self.maker.needs
        places = list(self.maker.renew_referred(operation, client.mine))
        template = client.template(operation, client.mine)
        if several is not None:
            for act in several:
                needs.meet(act.operation, ({}, template), client.mine, act.key)
            # What it was taken from until now may have been delivered for another purpose.
            for each in islice(needs.about_the_same(operation, client.mine), _MOST_SUPPLIES):
                self.maker.post(each, {}, client.mine)
        elements = template.get(member) if isinstance(template, Mapping) else None
        first = elements[0] if isinstance(elements, list) and elements else None
        return (first if isinstance(first, Mapping) else None), places

    def _acts(self, operation: Operation) -> Iterator[Act]:
        """Yield the actions on what an operation creates, other than its deletion."""
        for several in acts(self.maker.client.document):
            for act in several:
                inside = act.operation.path.startswith(f"{operation.path.rstrip('/')}/{{")
                if inside and act.operation.method == "POST":
                    yield act

    def _read(self, places: list[Place]) -> None:
        for holder, where in places:
            self.reader.look(holder, where)
            read_lists_about(self.maker.client, holder, where)

    def _elements(self, operation: Operation) -> tuple[str, Quantity] | None:
        """Return the member with the elements of a body, and their quantity."""
        client = self.maker.client
        media = next(iter(client.media(operation)), None)
        value = client.template(operation, client.mine) if media is not None else None
        if media is None or media.kind != "json" or not isinstance(value, Mapping):
            return None
        properties = flat(client.document, media.schema).get("properties", {})
        for name, several in value.items():
            listed = isinstance(several, list) and several and isinstance(several[0], Mapping)
            items = flat(client.document, properties.get(name, {})).get("items", {})
            quantity = quantity_in(client.document, items) if listed else None
            if quantity is not None:
                return name, quantity
        return None


def _at_most(quantity: Quantity, number: Decimal) -> Decimal:
    return number if quantity.most is None else min(number, quantity.most)
