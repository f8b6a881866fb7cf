"""Whether the entity tag of a resource changes with what is done inside of it.

A tag that stays the same leaves clients and caches with an old representation (RFC 9110, 8.8.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lockstep.drivers.walk.identifiers import new_name
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Response

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(slots=True)
class Revalidation:
    """Reads a resource by its last tag after a change inside of it."""

    maker: Maker

    def able(self) -> Iterator[Operation]:
        """Yield the changes inside of a resource that has a tag, which have succeeded before."""
        for operation in self.maker.client.document.operations.values():
            known = operation.name in self.maker.client.known.accepted
            if operation.method in _CHANGING and known and self._around(operation) is not None:
                yield operation

    def explore(self, operation: Operation) -> None:
        """Read the tag, change something, and read again on condition that the tag changed."""
        client, around = self.maker.client, self._around(operation)
        values = self._values(operation)
        if around is None or values is None:
            return
        outer = {name: values[name] for name in parameters_of(around.path)}
        tag = _tag(client.act(around, outer, None))
        content = client.template(operation, client.mine)
        if not tag or not succeeded(client.act(operation, values, content)):
            return
        request = client.request(around, outer, headers={"If-None-Match": tag})
        client.send(around, outer, request, client.mine)

    def _values(self, operation: Operation) -> Values | None:
        values = self.maker.live(operation, self.maker.client.mine)
        if values is None or operation.method != "PUT" or not operation.path.endswith("}"):
            return values
        # What is there already may be put again without a change.
        return {**values, parameters_of(operation.path)[-1]: new_name(self.maker.client, operation)}

    def _around(self, operation: Operation) -> Operation | None:
        """Return the read of the resource that an operation acts in, if its tag is documented."""
        path = operation.path.rstrip("/")
        while "}" in path:
            path = path[: path.rindex("/")]
            reader = self.maker.client.document.find("GET", path) if path.endswith("}") else None
            if reader is not None and reader.path == path and not changes_state(reader):
                answer = reader.responses.get("200")
                return reader if answer is not None and "etag" in answer.headers else None
        return None


def _tag(exchange: Exchange) -> str:
    """Return the entity tag that all targets have sent, as the leader sent it."""
    answers = list(exchange.outcomes.values())
    if not all(isinstance(each, Response) and each.header("etag") for each in answers):
        return ""
    leader = exchange.leader
    return (leader.header("etag") or "") if isinstance(leader, Response) else ""
