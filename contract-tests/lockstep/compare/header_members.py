"""Compares header fields that hold arrays or objects member by member."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lockstep.compare.walker import Place, Walker
from lockstep.matching.difference import Difference
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import merge
from lockstep.openapi.texts import scalar, simple_members
from lockstep.transport.literals import Number, Object
from lockstep.transport.messages import Response, header_values


class HeaderMembers:
    """The response header fields of one operation that are documented as arrays or objects.

    `walker` is a factory of a walker for each header field; `owner` is the resource type that the
    operation returns.
    """

    def __init__(
        self,
        document: Document,
        operation: Operation | None,
        walker: Callable[[], Walker],
        owner: str = "",
    ) -> None:
        self._document = document
        self._operation = operation
        self._walker = walker
        self._owner = owner

    def compare(self, left: Response, right: Response) -> Iterator[tuple[str, list[Difference]]]:
        """Yield the header fields that match the document on both sides, with differences."""
        documented = self._operation.response_for(left.status) if self._operation else None
        for name, definition in (documented.headers if documented else {}).items():
            ours, theirs = (self._value(name, definition, each) for each in (left, right))
            if ours is None or theirs is None or type(ours) is not type(theirs):
                continue
            if isinstance(ours, Object) and not ours.keys() & theirs.keys():
                # One of them does not match the document.
                continue
            walker = self._walker()
            walker.compare(ours, theirs, Place(owner=self._owner))
            yield name, [_of_header(name, one) for one in walker.differences]

    def _value(self, name: str, definition: Any, response: Response) -> Any:
        """Parse a header field; `None` if it is absent, or neither an array nor an object."""
        values = list(header_values(response.headers, name))
        schema = definition.get("schema")
        if not values or schema is None or name == "set-cookie":
            return None
        merged = merge(self._document, schema)
        explode = definition.get("explode") is True
        members = simple_members(", ".join(values), merged, explode=explode)
        if members is None:
            return None
        if isinstance(members, list):
            return list(map(_literal, members))
        # The order of members has no meaning.
        return Object([(member, _literal(text)) for member, text in sorted(members.items())])


def _literal(text: str) -> Any:
    """Return a numeric text as a number, as in JSON."""
    value = scalar(text)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return Number(text) if number else text


def _of_header(name: str, difference: Difference) -> Difference:
    """Convert a difference in a header value; the member's path follows the name of the field."""
    _, _, pointer = difference.where.partition(" ")
    where = f"header {name} {pointer.removeprefix('/')}".strip()
    return replace(difference, kind="header", where=where)
