"""Moves resources to another folder, project or owner, and reads both of them.

What a resource refers to often shows it in turn: in a list, a count or a total. A change must be
seen by the previous one and by the new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lockstep.drivers.walk.filtered_lists import lists_about
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.openapi.naming import is_plural, words
from lockstep.openapi.operations import Operation

_CHANGES = frozenset({"PUT", "PATCH"})
# Maximum number of operations that move resources, and of lists read for each place.
_MOST_WAYS, _MOST_LISTS = 6, 4

# An operation on a resource, and the parameters of its path.
Place = tuple[Operation, Values]
# With the query, too.
Read = tuple[Operation, Values, dict[str, str]]


@dataclass(slots=True)
class Moves:
    """Makes a resource refer to one new resource and then to another one."""

    maker: Maker
    reader: Reader

    def able(self) -> Iterator[Operation]:
        """Yield a few changes that have succeeded and whose bodies refer to other resources."""
        client = self.maker.client
        found = (
            operation
            for operation in client.document.operations.values()
            if operation.name in client.known.accepted
            and _changes_one(operation)
            and client.referred(operation, client.mine)
        )
        yield from islice(found, _MOST_WAYS)

    def explore(self, operation: Operation) -> None:
        """Move a new resource twice, and read the places where it was and is."""
        values = self.maker.live(operation, self.maker.client.mine, fresh=True)
        if values is None:
            return
        places = self._move(operation, values)
        if not places:
            return
        places += self._move(operation, values)
        self.reader.look(operation, values)
        for holder, where in places:
            self._read(operation, holder, where)

    def _move(self, operation: Operation, values: Values) -> list[Place]:
        """Move a resource to new places; returns these, or none if that is refused."""
        client = self.maker.client
        places = list(self.maker.renew_referred(operation, client.mine))
        content = client.template(operation, client.mine)
        moved = bool(places) and succeeded(client.act(operation, values, content))
        return places if moved else []

    def _read(self, operation: Operation, holder: Operation, where: Values) -> None:
        """Read a place, the lists in it, and the lists that can be filtered by it."""
        client, document = self.maker.client, self.maker.client.document
        self.reader.look(holder, where)
        names = parameters_of(holder.path)
        families = document.families
        inside: list[Read] = [
            (each, where, {})
            for each in document.operations.values()
            if each.method == "GET"
            and not changes_state(each)
            and parameters_of(each.path) == names
            and each.path.startswith(f"{holder.path}/")
        ]
        beside: dict[str, Read] = {}
        for each, query in lists_about(client, holder, where):
            if families.about(each.path) == families.about(operation.path):
                beside.setdefault(each.name, (each, {}, query))
        for each, outer, query in islice((*inside, *beside.values()), _MOST_LISTS):
            request = client.request(each, outer, query=query)
            client.send(each, outer, request, client.mine)


def _changes_one(operation: Operation) -> bool:
    """Whether an operation changes a resource, or is an action on it, as `move` and `assign`."""
    path = operation.path.rstrip("/")
    if operation.method in _CHANGES:
        return path.endswith("}")
    last = path.rpartition("/")[2]
    is_action = "{" not in last and not any(map(is_plural, words(last)))
    return operation.method == "POST" and "{" in path and is_action
