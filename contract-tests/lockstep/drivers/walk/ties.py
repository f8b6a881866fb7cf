"""Creates equal resources, and sorts the lists that show them.

Which of two equal resources comes first is documented as often as it is forgotten, and resources
with texts of their own never tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.items import Item
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.pages import largest_page
from lockstep.drivers.walk.queries import is_sorting, queries
from lockstep.drivers.walk.reader import paths
from lockstep.openapi.naming import words
from lockstep.openapi.operations import Operation

_MOST_LISTS, _MOST_ORDERS = 8, 12
_TIMES = 2


@dataclass(slots=True)
class Ties:
    """Creates a resource twice by the same request, and reads its list in all orders."""

    maker: Maker

    def able(self) -> Iterator[Operation]:
        """Yield lists that can be sorted, of resources that have been created in them."""
        client = self.maker.client
        found = (
            operation
            for operation in client.document.operations.values()
            if operation.method == "GET"
            and any(map(is_sorting, client.parameters(operation)))
            and (creator := client.document.find("POST", operation.path)) is not None
            and creator.name in client.known.accepted
        )
        yield from islice(found, _MOST_LISTS)

    def explore(self, operation: Operation) -> None:
        """Create equal resources between others, and read the list in each order."""
        client = self.maker.client
        creator = client.document.find("POST", operation.path)
        values = next((each for each, _ in paths(client, operation, client.mine)), None)
        if creator is None or values is None:
            return
        parameters = client.parameters(operation)
        sorting = [each for each in parameters if is_sorting(each)]
        found = queries(sorting, self._made(operation), largest_page(parameters))
        orders = list(islice(filter(None, found), _MOST_ORDERS))
        same = self._body(creator, {text for query in orders for text in query.values()})
        first = client.request(creator, values, same)
        for _ in range(_TIMES):
            # With a key of its own, and the times of the first one.
            again = replace(client.request(creator, values, same), body=first.body)
            if not succeeded(client.send(creator, values, again, client.mine)):
                return
        self.maker.post(creator, values, client.mine)
        for query in orders:
            request = client.request(operation, values, query=query)
            client.send(operation, values, request, client.mine)

    def _body(self, creator: Operation, orders: Iterable[str]) -> Any:
        """Return a plain body, with all the members that a list can be sorted by."""
        client = self.maker.client
        plain = client.template(creator, client.mine)
        every = client.template(creator, client.mine, Style.FULL)
        if isinstance(plain, Mapping) and isinstance(every, Mapping):
            sorted_by = {*map(words, orders)}
            more = {name: value for name, value in every.items() if words(name) in sorted_by}
            plain = {**more, **plain}
        return client.fill(plain)

    def _made(self, operation: Operation) -> list[Item]:
        client = self.maker.client
        family = client.document.families.about(operation.path)
        return list(islice(client.known.all(family, client.mine), _TIMES))
