"""Compares the changes that two targets made to their databases in one exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lockstep.compare.allowed import Allowed
from lockstep.compare.walker import Place, Walker
from lockstep.effects.judges import Judges
from lockstep.effects.mirror import Changes, TableChanges
from lockstep.effects.policy import RowPolicy
from lockstep.effects.tables import Table
from lockstep.inference.digests import contents
from lockstep.matching.bijection import Bijection
from lockstep.matching.bounded_dict import BoundedDict
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference
from lockstep.openapi.document import Document
from lockstep.transport.literals import Object, show
from lockstep.transport.messages import Request

DONE = ("inserted", "changed", "deleted")
_KEPT = 20_000
_ROW, _COLUMN = 3, 4
# Shorter texts match by chance.
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class SharedTables:
    """The tables and columns that two databases have in common, by the leader's table names.

    `partners` maps them to the partner's names; `missing` has, for each table or column that only
    one side has, the table and a sentence.
    """

    tables: Mapping[str, Table]
    partners: Mapping[str, str]
    missing: list[tuple[str, str]]


def shared_tables(
    names: tuple[str, str], left: Mapping[str, Table], right: Mapping[str, Table]
) -> SharedTables:
    """Match tables and columns by name; table names are case-insensitive."""
    theirs = {name.casefold(): table for name, table in right.items()}
    tables: dict[str, Table] = {}
    partners: dict[str, str] = {}
    missing: list[tuple[str, str]] = []
    for name, table in left.items():
        other = theirs.pop(name.casefold(), None)
        if other is None:
            missing.append((name, f"the table {name} exists in {names[0]} only"))
            continue
        partners[name] = other.name
        lacking = [column for column in table.columns if column not in other.columns]
        extra = [column for column in other.columns if column not in table.columns]
        sides = ((names[0], lacking), (names[1], extra))
        missing += [
            (name, f"the column {name}.{column} exists in {who} only")
            for who, some in sides
            for column in some
        ]
        kept = {column: kind for column, kind in table.columns.items() if column in other.columns}
        tables[name] = replace(table, columns=kept)
    missing += [
        (table.name, f"the table {table.name} exists in {names[1]} only")
        for table in theirs.values()
    ]
    return SharedTables(tables, partners, missing)


@dataclass(frozen=True, slots=True)
class Compared:
    """The differences between rows; `keep` commits what was learnt when the comparison is final."""

    differences: list[Difference]
    keep: Callable[[], None] = lambda: None


@dataclass(slots=True)
class RowComparer:
    """Compares the rows of a leader with those of one partner, exchange by exchange.

    `answers` has the values matched by responses, `beside` those matched by rows and calls.
    `same_target` is true if the two sides are one target, called twice; `renamed` then maps texts
    of the second time to those of the first.
    """

    document: Document
    clock: Clock
    shared: SharedTables
    answers: Bijection
    beside: Bijection = field(default_factory=Bijection)
    same_target: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)
    _judges: Judges = field(init=False)
    # Rows that only one side has, by side, table and key: later changes to them are ignored.
    _alone: BoundedDict[tuple[int, str, str], None] = field(
        default_factory=lambda: BoundedDict(_KEPT)
    )

    def __post_init__(self) -> None:
        known = self.answers, self.beside, self.same_target
        self._judges = Judges(self.document, self.clock, *known)

    def compare(self, requests: tuple[Request, Request], left: Changes, right: Changes) -> Compared:
        """Return the differences between rows, other than server-generated values.

        What the comparison learns is committed by the result's `keep`.
        """
        ours, theirs = self._shown(0, left), self._shown(1, right)
        tables = [name for name in self.shared.tables if ours.get(name) or theirs.get(name)]
        if not tables:
            return Compared([])
        values = [
            Object([(name, _lists(side.get(name))) for name in tables]) for side in (ours, theirs)
        ]
        judge, learnt = self._judges.judge(requests)
        policy = RowPolicy(
            judge,
            self.shared.tables,
            (contents(requests[0]), contents(requests[1])),
        )
        walker = Walker(policy, _Unordered())
        walker.compare(values[0], values[1], Place())

        def keep() -> None:
            learnt.confirm()
            self._part(policy, values)

        differences = _deduplicated(walker.differences, (ours, theirs), self.shared.tables)
        return Compared([_of_only_column(one, policy, values) for one in differences], keep)

    def _shown(self, side: int, changes: Changes) -> dict[str, TableChanges]:
        """Return the changes to shared columns on one side, by the leader's table names."""
        found: dict[str, TableChanges] = {}
        for name, table in self.shared.tables.items():
            done = changes.get(self.shared.partners[name] if side else name)
            if done is None:
                continue
            lists = {what: list(self._news(side, getattr(done, what), table)) for what in DONE}
            lists["changed"] = [row for row in lists["changed"] if row.keys() - set(table.key)]
            if any(lists.values()):
                found[name] = TableChanges(**lists)
        return found

    def _news(self, side: int, rows: Iterable[Object], table: Table) -> Iterator[Object]:
        return (self._plain(row, table) for row in rows if self._is_news(side, row, table))

    def _plain(self, row: Object, table: Table) -> Object:
        kept = [(name, row[name]) for name in table.columns if name in row]
        if self.renamed:
            kept = [(name, self._renamed(value)) for name, value in kept]
        return Object(kept)

    def _renamed(self, value: object) -> object:
        if isinstance(value, str):
            for text, other in self.renamed.items():
                if len(text) >= _SHORTEST:
                    value = value.replace(text, other)
        return value

    def _is_news(self, side: int, row: Object, table: Table) -> bool:
        """Whether neither a row nor a row that it references exists on one side only."""
        own = (side, table.name, _key(row, table)) in self._alone
        return not own and not any(
            (side, target, show([row[column]])) in self._alone
            for column, (target, _) in table.references.items()
            if column in row
        )

    def _part(self, policy: RowPolicy, values: list[Object]) -> None:
        for (name, done), places in policy.alone.items():
            if done == "changed":
                continue
            table = self.shared.tables[name]
            for side, (value, alone) in enumerate(zip(values, places, strict=True)):
                for at in alone:
                    self._alone[side, name, _key(value[name][done][at], table)] = None


class _Unordered(Allowed):
    """Rows are unordered; lists inside their values are ordered."""

    def is_unordered(self, where: str) -> bool:
        """Whether the list at a path is a list of rows."""
        return where.count("/") == _ROW - 1


def _lists(done: TableChanges | None) -> Object:
    changes = done or TableChanges()
    return Object([(what, getattr(changes, what)) for what in DONE])


def _key(row: Object, table: Table) -> str:
    return show([row.get(column) for column in table.key])


def _deduplicated(
    differences: Iterable[Difference],
    sides: Sequence[Mapping[str, TableChanges]],
    tables: Mapping[str, Table],
) -> Iterator[Difference]:
    """Yield each difference once, by table or column: `rows tasks`, `rows tasks.title`."""
    found = [(_parts(one), one) for one in differences]
    uneven = {(parts[0], parts[1]) for parts, one in found if len(parts) < _COLUMN}
    seen = set[tuple[str, str]]()
    for parts, one in found:
        table, done = parts[0], parts[1]
        if done == "changed" and uneven & {(table, "inserted"), (table, "deleted")}:
            # A row changed on one side is not deleted or recreated there.
            continue
        if len(parts) >= _COLUMN and (table, done) in uneven:
            # These rows could not be matched.
            continue
        if len(parts) >= _COLUMN and done != "deleted":
            difference = _of_column(one, parts)
        elif len(parts) < _COLUMN or parts[_COLUMN - 1] in _naming(tables[table]):
            counts = [len(getattr(side.get(table, TableChanges()), done)) for side in sides]
            difference = _of_rows(one, table, done, counts)
        else:
            # The content of a deleted row was compared when it was written.
            continue
        if (difference.kind, difference.where) not in seen:
            seen.add((difference.kind, difference.where))
            yield difference


def _of_only_column(one: Difference, policy: RowPolicy, values: Sequence[Object]) -> Difference:
    """Narrow a row changed on one side only to its column, if just one column changed."""
    table = one.where.removeprefix("rows ")
    alone = policy.alone.get((table, one.kind), (set(), set()))
    sides = zip(values, alone, strict=True)
    rows = [value[table][one.kind][at] for value, places in sides for at in places]
    if one.kind != "changed" or len(rows) != 1:
        return one
    columns = rows[0].keys() - set(policy.tables[table].key)
    if len(columns) != 1:
        return one
    (column,) = columns
    shown = [show(rows[0][column]) if places else "absent" for places in alone]
    return Difference("untouched", f"rows {table}.{column}", shown[0], shown[1])


def _naming(table: Table) -> Iterable[str]:
    """Return the columns that identify a row."""
    return table.key or table.columns


def _parts(difference: Difference) -> list[str]:
    return difference.where.partition(" ")[2].partition(" ")[0].split("/")[1:]


def _of_rows(one: Difference, table: str, done: str, counts: list[int]) -> Difference:
    left, right = map(_rows, counts)
    kind = done if counts[0] != counts[1] else f"other {done}"
    return replace(one, kind=kind, where=f"rows {table}", left=left, right=right)


def _of_column(one: Difference, parts: list[str]) -> Difference:
    table, column, inside = parts[0], parts[_COLUMN - 1], parts[_COLUMN:]
    untouched = not inside and one.kind in ("missing", "extra")
    place = "/".join((f"rows {table}.{column}", *inside))
    return replace(one, kind="untouched" if untouched else one.kind, where=place)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
