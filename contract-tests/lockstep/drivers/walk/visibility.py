"""Makes resources that all users can see, or none but their owner, and acts on them as another.

Schemas do not tell what others may do with what they can see: read its content, comment on it, but
not delete the comment of somebody else. What is in a private one must not be seen anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat, kind_of_value
from lockstep.drivers.walk.items import Item
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.drivers.walk.selection import accepted_posts
from lockstep.openapi.naming import is_plural, words
from lockstep.openapi.operations import Operation

_OPEN = frozenset({"public", "everyone", "anyone", "world"})
_CLOSED = frozenset({"private", "secret", "hidden", "internal", "restricted", "confidential"})
# Maximum number of creations that are tried so, and of resources inside of a public one.
_MOST_WAYS, _MOST_INSIDE = 2, 6
_ORDER = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(slots=True)
class Visibility:
    """Creates public and private resources with others in them, and tries all operations there."""

    maker: Maker
    reader: Reader

    def able(self) -> Iterator[Operation]:
        """Yield a few creations that have succeeded, and choose who sees what they create."""
        client = self.maker.client
        if client.mine == client.other:
            return
        found = (operation for operation in accepted_posts(client) if self.choices(operation))
        yield from islice(found, _MOST_WAYS)

    def explore(self, operation: Operation) -> None:
        """Create a resource for each choice and others in it; act on each as another user."""
        for choice in self.choices(operation):
            self._explore(operation, choice)

    def _explore(self, operation: Operation, choice: Mapping[str, Any]) -> None:
        client = self.maker.client
        before = set(map(id, client.known.items))
        values = self.maker.live(operation, client.mine)
        if values is None or not self._create(operation, values, choice):
            return
        outer = self._made_since(before)
        if not outer:
            return
        for each in islice(self._inside(operation), _MOST_INSIDE):
            bound = self._bound(each, self._made_since(before))
            reference = self._reference(each, operation, outer[0])
            if bound is not None or (reference and "{" not in each.path):
                self._create(each, bound or {}, reference)
        self._try_all(self._made_since(before))

    def _try_all(self, made: list[Item]) -> None:
        """Send all operations on some resources as another user: reads first, deletions last."""
        client = self.maker.client
        ranks = {id(item): number for number, item in enumerate(reversed(made))}
        able = []
        for each in client.document.operations.values():
            bound = next(client.known.bind(each.path, client.mine, live=True), None)
            if bound is None or id(bound[0]) not in ranks or each.method not in _ORDER:
                continue
            if not changes_state(each):
                able.append((_ORDER.index(each.method), ranks[id(bound[0])], each, bound[1]))
        for _, _, each, values in sorted(able, key=lambda one: one[:2]):
            request = client.request(each, values, client.template(each, client.mine))
            exchange = client.send_as(client.sign(request, client.other), client.other)
            if each.method not in ("GET", "HEAD") and succeeded(exchange):
                self.reader.look_around(each, values)

    def _create(self, operation: Operation, values: Values, members: Mapping[str, Any]) -> bool:
        client = self.maker.client
        body = client.template(operation, client.mine)
        body = {**body, **members} if isinstance(body, Mapping) else body
        exchange = client.act(operation, values, body)
        return succeeded(exchange) and not exchange.parted

    def _inside(self, operation: Operation) -> Iterator[Operation]:
        """Yield the other creations that have succeeded, in the order of the document."""
        client = self.maker.client
        for each in accepted_posts(client):
            creates = is_plural(each.path.rstrip("/").rpartition("/")[2])
            if creates and each is not operation:
                yield each

    def _made_since(self, before: set[int]) -> list[Item]:
        """Return what was created since then, the oldest first."""
        mine = self.maker.client.mine
        items = self.maker.client.known.items
        return [
            each for each in items if each.made and each.actor == mine and id(each) not in before
        ]

    def _bound(self, operation: Operation, made: list[Item]) -> Values | None:
        """Return the path parameters of an operation on one of these resources."""
        client = self.maker.client
        bound = next(client.known.bind(operation.path, client.mine, live=True), None)
        return bound[1] if bound is not None and bound[0] in made else None

    def _reference(self, operation: Operation, around: Operation, item: Item) -> dict[str, Any]:
        """Return the member of a body that refers to a resource, with its identifier."""
        families = self.maker.client.document.families
        family, owner = families.about(around.path), families.about(operation.path)
        for name in self._members(operation):
            role = families.role(name, owner)
            value = item.value(name)
            about = role.family.partition(".")[0] if role and role.kind == "id" else ""
            if about == family != owner and value is not None:
                return {name: value}
        return {}

    def choices(self, operation: Operation) -> list[dict[str, Any]]:
        """Return the member of a body that makes a resource public or private, with its values."""
        for name, member in self._members(operation).items():
            values = [each for each in member.get("enum", ()) if isinstance(each, str)]
            chosen = [each for few in (_OPEN, _CLOSED) for each in values if each in few]
            if len(values) > 1 and chosen:
                return [{name: each} for each in chosen]
            named = {*words(name)}
            if named & (_OPEN | _CLOSED) and kind_of_value(member) == "boolean":
                is_open = bool(named & _OPEN)
                return [{name: is_open}, {name: not is_open}]
        return []

    def _members(self, operation: Operation) -> dict[str, Mapping[str, Any]]:
        document = self.maker.client.document
        media = next(iter(self.maker.client.media(operation)), None)
        properties = flat(document, media.schema).get("properties") if media else None
        members = properties if isinstance(properties, Mapping) else {}
        return {name: flat(document, each) for name, each in members.items()}
