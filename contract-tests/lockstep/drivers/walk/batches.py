"""Acts on several resources in one request, and lets one of its elements fail.

Schemas do not tell whether the elements before and after it have an effect then, nor whether it
leaves half of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lockstep.auth.bodies import body_template, flat, kind_of_value
from lockstep.drivers.walk.bodies import single_changes
from lockstep.drivers.walk.creators import operation_on
from lockstep.drivers.walk.identifiers import unknown
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.references import meant
from lockstep.openapi.document import Document
from lockstep.openapi.naming import is_id, noun, singular, split, words
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange

_WRITING = ("POST", "PUT", "PATCH")
# Elements of a batch: the one in the middle fails.
_ELEMENTS = 3
# More than there is of anything.
_TOO_MUCH = 1_000_000
# Maximum number of changes that the elements of an operation make, and of batches in all.
_MOST_CHANGES, _MOST_SENT = 8, 80
# A member of an element that is the whole element: the id in a list of ids.
_ITSELF = ""


@dataclass(frozen=True, slots=True)
class _List:
    """The list in a body: the `member` that holds it, empty for a body that is the list.

    `names` are the members of an element that name a resource, each with an operation on it.
    """

    member: str
    items: Mapping[str, Any]
    names: Mapping[str, Operation]


@dataclass(frozen=True, slots=True)
class _Thing:
    """A resource that an element names: an operation on it, its path, and its name as it is."""

    holder: Operation
    values: Values
    name: str | int


# What one element names, by member.
_Things = dict[str, _Thing]


@dataclass(slots=True)
class Batches:
    """Sends lists that name new resources, with one element in their midst that fails."""

    maker: Maker
    reader: Reader
    _sent: int = 0

    @property
    def _document(self) -> Document:
        return self.maker.client.document

    def able(self) -> Iterator[Operation]:
        """Yield the writes whose body has a list of elements that name resources."""
        for operation in self._document.operations.values():
            if operation.method in _WRITING and self._list(operation) is not None:
                yield operation

    def explore(self, operation: Operation) -> None:
        """Send a batch for each change that elements make and each way in which one fails."""
        found = self._list(operation)
        values = self.maker.live(operation, self.maker.client.mine)
        if found is None or values is None:
            return
        rows = self._rows(found)
        for change in self._changes(operation, found):
            for failing in self._failures(found):
                if len(rows) < _ELEMENTS or self._sent >= _MOST_SENT:
                    return
                elements = [self._element(found, row, change) for row in rows]
                broken = failing if _ITSELF in failing else {**elements[1], **failing}
                elements[1] = broken.get(_ITSELF, broken)
                if self._send(operation, found, values, elements, rows).parted:
                    rows = self._rows(found)
        if rows:
            element = self._element(found, rows[0], {})
            self._send(operation, found, values, [element, element], rows[:1])

    def _send(
        self,
        operation: Operation,
        found: _List,
        values: Values,
        elements: list[Any],
        rows: list[_Things],
    ) -> Exchange:
        """Send a batch, and read all that it names."""
        client = self.maker.client
        self._sent += 1
        body: Any = elements
        if found.member:
            template = client.template(operation, client.mine)
            body = {**template, found.member: elements} if isinstance(template, Mapping) else {}
        exchange = client.act(operation, values, body)
        named = {tuple(each.values.values()): each for row in rows for each in row.values()}
        for each in named.values():
            if not exchange.parted:
                self.reader.look(each.holder, each.values)
        return exchange

    def _rows(self, found: _List) -> list[_Things]:
        """Create what the elements name, anew for each; fewer rows if that fails."""
        rows: list[_Things] = []
        for _ in range(_ELEMENTS):
            row: _Things = {}
            for name, holder in found.names.items():
                values = self.maker.live(holder, self.maker.client.mine, fresh=True)
                if values is None:
                    return rows
                text = values[parameters_of(holder.path)[-1]]
                row[name] = _Thing(holder, values, self._as_sent(found, name, text))
            if any(row[name].values == other[name].values for other in rows for name in row):
                return rows
            rows.append(row)
        return rows

    def _element(self, found: _List, row: _Things, change: Mapping[str, Any]) -> Any:
        if _ITSELF in row:
            return row[_ITSELF].name
        plain = body_template(self._document, found.items)
        named = {name: each.name for name, each in row.items()}
        return {**(plain if isinstance(plain, Mapping) else {}), **change, **named}

    def _changes(self, operation: Operation, found: _List) -> Iterator[Mapping[str, Any]]:
        """Yield what elements change: with a creation nothing but what is required."""
        yield {}
        if _ITSELF in found.names or operation.method == "POST":
            return
        changes = single_changes(self._document, found.items)
        apart = (each for each in changes if not each.keys() & found.names.keys())
        yield from islice(apart, _MOST_CHANGES)

    def _failures(self, found: _List) -> Iterator[Mapping[str, Any]]:
        """Yield the members by which an element fails: an unknown resource, too large a number."""
        for name, holder in found.names.items():
            text = unknown(self.maker.client, holder)[parameters_of(holder.path)[-1]]
            yield {name: self._as_sent(found, name, text)}
        for name, member in self._members(found.items):
            if kind_of_value(member) == "integer" and name not in found.names:
                most = member.get("maximum", _TOO_MUCH)
                yield from ({name: most},) if "enum" not in member else ()

    def _as_sent(self, found: _List, name: str, text: str) -> str | int:
        members = dict(self._members(found.items))
        kind = kind_of_value(members.get(name, found.items))
        return int(text) if kind == "integer" and text.isdecimal() else text

    def _members(self, schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
        properties = flat(self._document, schema).get("properties")
        for name, each in properties.items() if isinstance(properties, Mapping) else ():
            yield name, flat(self._document, each)

    def _list(self, operation: Operation) -> _List | None:
        """Return the first list in a body whose elements name resources."""
        media = next(iter(self.maker.client.media(operation)), None)
        if media is None or media.kind != "json":
            return None
        about = self._document.families.about(operation.path)
        lists = [("", flat(self._document, media.schema)), *self._members(media.schema)]
        for member, schema in lists:
            if kind_of_value(schema) != "array" or schema.get("readOnly"):
                continue
            items = flat(self._document, schema.get("items", {}))
            inside = self._document.families.inside(member, about) if member else about
            names = dict(self._names(operation, member, items, (noun(member), inside, about)))
            if names:
                return _List(member, items, names)
        return None

    def _names(
        self, operation: Operation, member: str, items: Mapping[str, Any], own: tuple[str, ...]
    ) -> Iterator[tuple[str, Operation]]:
        """Yield the members of an element that name a resource, with an operation on it.

        `own` are the families that an element itself may be of.
        """
        parts = [noun(part) for part in reversed(operation.path.split("/")) if "{" not in part]
        families = [*filter(None, own), *filter(None, parts)]
        if kind_of_value(items) in ("string", "integer"):
            *before, last = words(member) or ("",)
            one = "_".join((*before, singular(last)))
            if is_id(one) and not items.keys() & {"enum", "const"}:
                about = split(one)[0]
                holder = self._holder([about] if about else families)
                yield from ((_ITSELF, holder),) if holder is not None else ()
            return
        for name, schema in self._members(items):
            chosen = schema.keys() & {"enum", "const", "readOnly"}
            if chosen or kind_of_value(schema) not in ("string", "integer"):
                continue
            about = split(name)[0]
            if is_id(name) and about in ("", *own):
                holder = self._holder([about, *families] if about else families)
            else:
                referred = meant(self._document, name, own[-1], by_noun=True)
                holder = self._holder([family for family, _ in referred])
            if holder is not None:
                yield name, holder

    def _holder(self, families: list[str]) -> Operation | None:
        """Return an operation on a resource of the first family that has one."""
        found = (operation_on(self._document, self._document.families.of(one)) for one in families)
        return next(filter(None, found), None)
