"""Deletes resources: as another user, twice, among siblings, and creates them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat, kind_of_value
from lockstep.auth.calls import filled, own_values
from lockstep.auth.texts import drawn
from lockstep.drivers.walk.items import Item, parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.queries import searches_for
from lockstep.drivers.walk.reader import Reader, paths
from lockstep.drivers.walk.selection import lists
from lockstep.openapi.naming import is_unique
from lockstep.openapi.operations import Operation

# Number of resources among which siblings are sought.
_MOST_BESIDE = 50


def inner_first(operation: Operation) -> tuple[bool, int]:
    """Return a sort key: nested resources first, those without identifiers, as a session, last."""
    return "{" not in operation.path, -operation.path.count("/")


@dataclass(slots=True)
class Deletions:
    """Deletes an actor's resources, and reads what that changes."""

    maker: Maker
    reader: Reader

    def explore(self, operation: Operation) -> None:
        """Delete a resource as another user, then as its owner, twice, and one of its siblings."""
        client = self.maker.client
        value = client.template(operation, client.mine)
        for values, item in islice(paths(client, operation, client.mine), 1):
            holders = self.maker.put_around(operation, values, client.mine)
            self._with_key_of_another(operation, values)
            for actor in dict.fromkeys((client.other, client.mine)):
                exchange = client.act(operation, values, value, actor)
                self.reader.look_around(operation, values)
            for each in holders:
                self.reader.look_around(each, values)
            if item is not None and succeeded(exchange):
                self._search_for(item)
            client.act(operation, values, value, client.mine)
            if succeeded(exchange):
                self._create_again(operation, values)
            else:
                self._delete_unused(operation, value)
        for values in self._first_of_several(operation):
            client.act(operation, values, value, client.mine)
            self.reader.look_around(operation, values)

    def _search_for(self, item: Item) -> None:
        """Search for what was deleted, by its text, in each list that can be searched."""
        client = self.maker.client
        for each in lists(client.document):
            for query in islice(searches_for(client.parameters(each), item), 1):
                client.send(each, {}, client.request(each, {}, query=query), client.mine)

    def _with_key_of_another(self, operation: Operation, values: Values) -> None:
        """Delete a resource with what the creation of another one issued for that."""
        client = self.maker.client
        request = client.request(operation, values)
        for _, others in islice(client.known.bind(operation.path, client.mine), _MOST_BESIDE):
            keys = client.request(operation, others).headers
            if others != values and keys != request.headers:
                client.send(operation, values, replace(request, headers=keys), client.mine)
                self.reader.look_around(operation, values)
                return

    def makers_in(self, operation: Operation) -> Iterator[Operation]:
        """Yield the operations that create children of an operation's resource."""
        inside = f"{operation.path.rstrip('/')}/"
        operations = self.maker.client.document.operations.values()
        found = (op for op in operations if op.method == "POST" and op.path.startswith(inside))
        return (each for each in found if "{" not in each.path.removeprefix(inside))

    def delete_around(self, operation: Operation) -> None:
        """Delete a parent in which children have just been created."""
        client = self.maker.client
        values = self.maker.live(operation, client.mine, fresh=True)
        if values is None:
            return
        for making in self.makers_in(operation):
            with client.setting_up(making):
                self.maker.post(making, values, client.mine, client.mine)
        client.act(operation, values, client.template(operation, client.mine), client.mine)

    def _create_again(self, operation: Operation, values: Values) -> None:
        """Create what was deleted under the identifier that it had, if clients choose that."""
        client = self.maker.client
        creation = client.document.find("PUT", operation.path)
        if creation is None or creation.path != operation.path:
            self._name_again(operation)
            return
        with client.setting_up(creation):
            self.maker.put_as(creation, values, client.mine)
        self.reader.look_around(operation, values)

    def _name_again(self, operation: Operation) -> None:
        """Create a resource by a POST with an identifier of one's own, delete it, and once more."""
        client, head = self.maker.client, operation.path.rpartition("/")[0]
        creation = client.document.find("POST", head)
        last = next(iter(parameters_of(operation.path)), None)
        if creation is None or creation.path != head or last is None:
            return
        for body, name in self._named(creation):
            values: Values = {last: name}
            if not succeeded(client.act(creation, {}, body)):
                continue
            if not succeeded(client.act(operation, values, None)):
                continue
            client.act(creation, {}, body)
            self.reader.look_around(operation, values)
            return

    def _named(self, creation: Operation) -> Iterator[tuple[Mapping[str, Any], str]]:
        """Yield bodies with a text of one's own in an optional member, and that text."""
        client, media = self.maker.client, next(iter(self.maker.client.media(creation)), None)
        plain = client.template(creation, client.mine)
        if media is None or media.kind != "json" or not isinstance(plain, Mapping):
            return
        schema = flat(client.document, media.schema)
        for name, declared in schema.get("properties", {}).items():
            member = flat(client.document, declared)
            own = drawn(member) or ("${unique}" if is_unique(name) else "")
            text = filled(own, own_values("walker", f"again{client.number():07}"))
            if name not in plain and kind_of_value(member) == "string" and text:
                yield {**plain, name: text}, text

    def _delete_unused(self, operation: Operation, value: Any) -> None:
        """Delete a new resource: one that is used may have to be kept."""
        client = self.maker.client
        values = self.maker.live(operation, client.mine, fresh=True)
        if values and succeeded(client.act(operation, values, value, client.mine)):
            self.reader.look_around(operation, values)
            client.act(operation, values, value, client.mine)
            self._create_again(operation, values)

    def _first_of_several(self, operation: Operation) -> Iterator[Values]:
        """Yield the oldest of several siblings, as later ones may move up."""
        client = self.maker.client
        bound = client.known.bind(operation.path, client.mine, live=True)
        found = [values for _, values in islice(bound, _MOST_BESIDE)]
        last = parameters_of(operation.path)[-1:]
        outer = [{k: v for k, v in values.items() if k not in last} for values in found]
        beside = [values for values, around in zip(found, outer, strict=True) if around == outer[0]]
        if last and len(beside) > 1:
            yield beside[-1]
