"""Compares headers that hold lists or objects by their members."""

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
    """The headers of one operation's answers that are documented as lists or objects.

    `walker` makes one for each header; `owner` is the family of what the operation answers with.
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
        """The names of the headers that both sides write as documented, and how they differ."""
        documented = self._operation.response_for(left.status) if self._operation else None
        for name, definition in (documented.headers if documented else {}).items():
            ours, theirs = (self._value(name, definition, each) for each in (left, right))
            if ours is None or theirs is None or type(ours) is not type(theirs):
                continue
            if isinstance(ours, Object) and not ours.keys() & theirs.keys():
                # One of them is not written as documented.
                continue
            walker = self._walker()
            walker.compare(ours, theirs, Place(owner=self._owner))
            yield name, [_of_header(name, one) for one in walker.differences]

    def _value(self, name: str, definition: Any, response: Response) -> Any:
        """What a header holds, `None` if it is absent or no list and no object."""
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
        # In which order the members come says nothing.
        return Object([(member, _literal(text)) for member, text in sorted(members.items())])


def _literal(text: str) -> Any:
    """A text with a number in it as that number, as in JSON."""
    value = scalar(text)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return Number(text) if number else text


def _of_header(name: str, difference: Difference) -> Difference:
    """What differs in a header's value; the place of a member stands behind the header's name."""
    _, _, pointer = difference.where.partition(" ")
    where = f"header {name} {pointer.removeprefix('/')}".strip()
    return replace(difference, kind="header", where=where)
