"""Uses resources as often as they may be used, and once more.

How often that is, the request tells that creates one: `max_visits` of a link, `usage_limit` of a
coupon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat, kind_of_value
from lockstep.drivers.walk.items import family_of, parameters_of
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.reader import Reader
from lockstep.openapi.naming import words
from lockstep.openapi.operations import Operation

_LIMITING = frozenset({"max", "maximum", "limit", "quota", "allowed", "remaining", "times", "uses"})
# Maximum number of limits of a creation, and of actions that are tried on each.
_MOST_LIMITS, _MOST_ACTIONS = 2, 3
# More often than the smallest limit allows, and at least once more.
_TIMES = 3
# The statuses of what was used as often as it may be: conflict, gone, too many requests.
_ENDING = frozenset({"409", "410", "429"})


@dataclass(slots=True)
class Quotas:
    """Creates resources with small limits, and acts on them until they are used up."""

    maker: Maker
    reader: Reader

    def able(self) -> Iterator[Operation]:
        """Yield the creations that have succeeded and set a limit to what is created."""
        known = self.maker.client.known
        for operation in self.maker.client.document.operations.values():
            is_creation = operation.method == "POST" and operation.name in known.accepted
            if is_creation and next(self._actions(operation), None) and self._limits(operation):
                yield operation

    def explore(self, operation: Operation) -> None:
        """Create a resource for each limit and action, and act on it once more than it allows."""
        client = self.maker.client
        plain = client.template(operation, client.mine)
        for name, least in self._limits(operation)[:_MOST_LIMITS]:
            for action in islice(self._actions(operation), _MOST_ACTIONS):
                values = self.maker.live(operation, client.mine) if "{" in operation.path else {}
                body = {**plain, name: least} if isinstance(plain, Mapping) else plain
                if values is None or not succeeded(client.act(operation, values, body)):
                    continue
                newest = next(client.known.bind(action.path, client.mine, live=True), None)
                for _ in range(least + _TIMES - 1 if newest is not None else 0):
                    content = client.template(action, client.mine)
                    client.act(action, newest[1] if newest is not None else {}, content)
                if newest is not None:
                    self.reader.look_around(action, newest[1])

    def _limits(self, operation: Operation) -> list[tuple[str, int]]:
        """Return the integer members of a body that limit something, with small values."""
        document = self.maker.client.document
        media = next(iter(self.maker.client.media(operation)), None)
        if media is None or media.kind != "json":
            return []
        properties: Mapping[str, Any] = flat(document, media.schema).get("properties", {})
        members = {name: flat(document, each) for name, each in properties.items()}
        return [
            (name, max(1, member.get("minimum", 1)))
            for name, member in members.items()
            if kind_of_value(member) == "integer"
            and _LIMITING & set(words(name))
            and max(1, member.get("minimum", 1)) <= _TIMES
        ]

    def _actions(self, operation: Operation) -> Iterator[Operation]:
        """Yield the actions on what an operation creates, and reads of it that may be used up."""
        inside = f"{operation.path.rstrip('/')}/{{"
        for each in self.maker.client.document.operations.values():
            names = parameters_of(each.path)
            deeper = len(names) == len(parameters_of(operation.path)) + 1
            if (each.method == "POST" and each.path.startswith(inside) and deeper) or (
                each.method == "GET" and self._opens(each, operation)
            ):
                yield each

    def _opens(self, reader: Operation, operation: Operation) -> bool:
        """Whether a read, of a link for example, is by what a creation returns and may end."""
        names = parameters_of(reader.path)
        if len(names) != 1 or not _ENDING & reader.responses.keys():
            return False
        known = self.maker.client.known
        return any(
            item.made and item.family == family_of(operation.path)
            for item, _ in islice(known.bind(reader.path, self.maker.client.mine, live=True), 1)
        )
