"""Judges the values of rows by the column's declared type, else by its name and format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.compare.alignment import Alignment, Name, likeliest
from lockstep.compare.inferred_policy import InferredPolicy
from lockstep.compare.judge import SAME, Judge
from lockstep.compare.walker import Found, Place
from lockstep.effects.secret_hashes import hash_form
from lockstep.effects.tables import BYTES, TIME, Table
from lockstep.inference.digests import is_coded, is_digest_of
from lockstep.inference.forms import same_form
from lockstep.matching.timestamps import both, read_instant
from lockstep.openapi.naming import is_digest, noun
from lockstep.openapi.resource_types import Role
from lockstep.transport.literals import Number, Object

# Depths of the path to a column: table, kind of change, row, column.
_COLUMN = 4
_ROW = 3
_MADE = frozenset({"time", "token", "digest", "elapsed"})
_AGAIN_SECONDS = 120.0
_ELAPSED = re.compile(r"duration|elapsed|seconds|uptime|latency|took|age$|_ms$", re.IGNORECASE)


class RowPolicy(InferredPolicy):
    """Judges `{TABLE: {inserted: [ROW], …}}` of two databases.

    `contents` are the request contents, per side, that digests may be computed over. `alone` has
    the unmatched rows: sets of indices into the list of either side, by table and kind of change.
    """

    most = 40

    def __init__(
        self,
        judge: Judge,
        tables: Mapping[str, Table],
        contents: tuple[list[bytes], list[bytes]] = ([], []),
    ) -> None:
        super().__init__(judge)
        self._families = judge.families
        self.tables = tables
        self._contents = contents
        self.alone: dict[tuple[str, str], tuple[set[int], set[int]]] = {}

    def leaf(self, left: Any, right: Any, place: Place) -> Iterator[Found]:
        """Judge two scalars; password hashes are compared by their parameters only."""
        if left != right and isinstance(left, str) and isinstance(right, str):
            forms = hash_form(left), hash_form(right)
            if None not in forms:
                if forms[0] != forms[1]:
                    yield Found("cost", str(forms[0]), str(forms[1]))
                return
        yield from super().leaf(left, right, place)

    def member(self, name: str, value: Any, place: Place, /) -> Place:
        """Return the place of a table, kind of change, column, or part of a column's value."""
        owner = place.owner if place.path else name
        if len(place.path) == _COLUMN - 1 and isinstance(value, Object):
            owner = self._families.inside(name, self._family(owner))
        elif len(place.path) >= _COLUMN and isinstance(value, Object | list):
            owner = self._families.inside(name, owner)
        return Place((*place.path, name), None, owner, place.thing, place.around)

    def align(
        self, left: list[Any], right: list[Any], place: Place, unordered: bool
    ) -> tuple[Alignment, Place]:
        """Match rows by their keys, else by similarity."""
        table = self.tables.get(place.owner)
        if table is None or len(place.path) != _ROW - 1:
            return super().align(left, right, place, unordered)
        pairs = self._by_key(left, right, table)
        rest = [at for at in range(len(left)) if at not in {one for one, _ in pairs}]
        free = [at for at in range(len(right)) if at not in {other for _, other in pairs}]
        ours = [self._telling(left[at], table, translated=True) for at in rest]
        theirs = [self._telling(right[at], table) for at in free]
        if len(ours) > len(theirs):
            # The shorter list goes first, so that each of its rows gets its most similar partner.
            likely = [(one, other) for other, one in likeliest(theirs, ours, str)]
        else:
            likely = likeliest(ours, theirs, str)
        pairs += [(rest[one], free[other]) for one, other in likely]
        alone = (
            set(range(len(left))) - {one for one, _ in pairs},
            set(range(len(right))) - {other for _, other in pairs},
        )
        self.alone[str(place.path[0]), str(place.path[1])] = alone
        counts = f"{len(left)} rows", f"{len(right)} rows"
        kind = "length" if len(left) != len(right) else ""
        return Alignment(sorted(pairs), kind, *counts), place

    def _by_key(self, left: list[Any], right: list[Any], table: Table) -> list[tuple[int, int]]:
        """Return index pairs of rows whose keys are known to correspond or are equal."""
        places = {
            name: at
            for at, row in enumerate(right)
            for name in self._names(row, table.name).values()
        }
        pairs = []
        for at, row in enumerate(left):
            for kind, text in self._names(row, table.name).values():
                wanted = self._partner((kind, text), {name for _, name in places})
                if wanted is not None and (kind, wanted) in places:
                    pairs.append((at, places.pop((kind, wanted))))
        return pairs

    def _telling(self, row: Object, table: Table, *, translated: bool = False) -> Object:
        """Return the identifying columns of a row, without generated keys, times and digests."""
        kept = []
        for column, value in row.items():
            role = self._role_of(table, column)
            own = column in table.key and column not in table.references
            if table.columns.get(column) or own or (role is not None and role.kind in _MADE):
                continue
            if translated and isinstance(value, str | Number):
                value = self._translated(role, value)
            kept.append((column, value))
        return Object(kept)

    def _translated(self, role: Role | None, value: str | Number) -> str | Number:
        text = value.text if isinstance(value, Number) else value
        if role is not None and role.family:
            partner = self._judge.learnt.partner_of(self._judge.kind(role, text), text)
            text = text if partner is None else partner
        elif isinstance(value, str):
            text = self._judge.learnt.translate(text)
        return Number(text) if isinstance(value, Number) else text

    def _judged(self, left: Any, a: str, b: str, place: Place) -> str:
        role, name = self._role(place)
        judge = self._judge
        if a == b:
            return judge.equal(role, a)
        kind = self._kind(place)
        if kind == TIME and isinstance(left, str):
            return self._instants(a, b)
        if isinstance(left, str) and (kind == BYTES or (is_digest(name) and is_coded(a))):
            return self._digests(a, b)
        if isinstance(left, Number) and _ELAPSED.search(name) and judge.clock.close(a, b):
            return SAME
        return super()._judged(left, a, b, place)

    def _instants(self, a: str, b: str) -> str:
        """Compare instants: server-generated ones with a tolerance, a client's exactly."""
        instants = both(read_instant, a, b)
        if instants is None:
            return "time"
        # The second execution on the same target was later.
        lag = _AGAIN_SECONDS if self._judge.same_target else self._judge.clock.tolerance
        if abs(instants[0].seconds - instants[1].seconds) > lag:
            return "time"
        if instants[0].seconds == instants[1].seconds:
            return SAME
        sent = {
            instant.seconds
            for text in self._judge.request.echo
            if (instant := read_instant(text)) is not None
        }
        return "time" if sent & {instants[0].seconds, instants[1].seconds} else SAME

    def _digests(self, a: str, b: str) -> str:
        """Compare digests, which may differ if server-generated ids were part of the input."""
        texts = _text(a), _text(b)
        if None not in texts:
            return self._judge.strings(None, "", str(texts[0]), str(texts[1]))
        ours, theirs = (
            any(is_digest_of(value, content) for content in contents)
            for value, contents in zip((a, b), self._contents, strict=True)
        )
        if ours != theirs or len(a) != len(b) or not same_form(a, b, named=True):
            return "form" if len(a) != len(b) else "value"
        self._judge.learnt.learn("digest", a, b, replace=True)
        return SAME

    def _kind(self, place: Place) -> str:
        """Return the value kind of a column; empty for places inside a column's value."""
        table = self.tables.get(str(place.path[0])) if len(place.path) == _COLUMN else None
        return table.columns.get(str(place.path[3]), "") if table is not None else ""

    def _role(self, place: Place) -> tuple[Role | None, str]:
        table = self.tables.get(str(place.path[0])) if place.path else None
        if table is None or len(place.path) != _COLUMN:
            return super()._role(place)
        name = str(place.path[3])
        return self._role_of(table, name), name

    def _role_of(self, table: Table, column: str) -> Role | None:
        """Return the role of a column; a foreign key has the role of the column it references."""
        target, target_column = table.references.get(column, ("", ""))
        if target in self.tables and target != table.name:
            return self._role_of(self.tables[target], target_column)
        if target == table.name and target_column != column:
            return self._role_of(table, target_column)
        family = self._family(table.name)
        role = self._families.role(column, family)
        if table.key == (column,) and role is not None and role.kind == "id":
            return Role("id", f"{family}.id")
        return role

    def _read_names(self, element: Any, owner: str) -> dict[str, Name]:
        table = self.tables.get(owner)
        if table is None or not isinstance(element, Object):
            return super()._read_names(element, owner)
        if len(table.key) != 1 or not isinstance(element.get(table.key[0]), str | Number):
            return {}
        value, role = element[table.key[0]], self._role_of(table, table.key[0])
        text = value.text if isinstance(value, Number) else value
        if role is None or not role.family:
            # A natural key is the same on both sides.
            return {table.name: (f"key of {table.name}", text)}
        return {role.family: (self._judge.kind(role, text), text)}

    def _family(self, table: str) -> str:
        return self._families.of(noun(table.rpartition(".")[2]))


def _text(hexadecimal: str) -> str | None:
    """Decode hexadecimal as printable UTF-8 text, or return `None`."""
    try:
        text = bytes.fromhex(hexadecimal).decode()
    except ValueError:
        return None
    return text if text.isprintable() else None
