"""The lists that a query limits to what belongs to a resource: the stock of a product, say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.references import meant
from lockstep.drivers.walk.selection import lists
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange

# Maximum number of lists that are read for one resource.
_MOST_READ = 2

# A list, and the query that limits it.
Filtered = tuple[Operation, dict[str, str]]


def filtered_lists(client: Client) -> Iterator[tuple[Operation, str, str]]:
    """Yield the lists with a parameter that refers to a resource, its name, and the family."""
    families = client.document.families
    for operation in lists(client.document):
        about = families.about(operation.path)
        for parameter in client.parameters(operation):
            if parameter.location == "query":
                referred = meant(client.document, parameter.name, about, by_noun=True)
                found = (family for family, _ in referred if family != about)
                yield from ((operation, parameter.name, family) for family in found)


def lists_about(client: Client, holder: Operation, where: Values) -> Iterator[Filtered]:
    """Yield the lists of what belongs to a resource, which an operation and its path tell."""
    names = parameters_of(holder.path)
    family = client.document.families.about(holder.path)
    for operation, name, about in filtered_lists(client) if names else ():
        if about == family:
            yield operation, {name: where[names[-1]]}


def read_lists_about(client: Client, holder: Operation, where: Values) -> list[Exchange]:
    """Read a few lists of what belongs to a resource: the stock of a product."""
    return [
        client.send(each, {}, client.request(each, {}, query=query), client.mine)
        for each, query in islice(lists_about(client, holder, where), _MOST_READ)
    ]
