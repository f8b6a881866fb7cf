"""Watches the databases of targets while requests are sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lockstep.effects.comparer import RowComparer, SharedTables, shared_tables
from lockstep.effects.lateness import Lateness
from lockstep.effects.mirror import Changes, Mirror, open_mirror
from lockstep.effects.tables import DatabaseError, Table
from lockstep.matching.bijection import Bijection, SymbolTable
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference
from lockstep.openapi.document import Document
from lockstep.transport.messages import Request
from lockstep.transport.targets import Target

# How long to wait for writes that follow the response.
SETTLE_SECONDS = 0.4
_PAUSE = 0.02


@dataclass(slots=True)
class Mirrors:
    """The databases of a run's targets, each read once; each failure is reported once.

    Databases are keyed by URL, as a stage may have servers of its own.
    """

    notes: dict[str, None] = field(default_factory=dict)
    lateness: Lateness = field(default_factory=Lateness)
    _open: dict[str, Mirror | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, target: Target) -> Mirror | None:
        """Return the snapshot of a target's database, or `None` if it has none or is unreadable."""
        if target.database is None:
            return None
        with self._lock:
            if target.database not in self._open:
                self._open[target.database] = self._opened(target)
            return self._open[target.database]

    def lose(self, target: Target, error: DatabaseError) -> None:
        """Stop reading a database."""
        with self._lock:
            self.notes[f"{target.name}: its rows are no longer compared: {error}"] = None
            if target.database is not None:
                self._open[target.database] = None

    def close(self, targets: Sequence[Target]) -> None:
        """Close the connections to the databases of stopped targets."""
        with self._lock:
            for target in targets:
                mirror = self._open.pop(target.database or "", None)
                if mirror is not None:
                    mirror.close()

    def note(self, text: str) -> None:
        """Report what is not compared."""
        self.notes[text] = None

    def _opened(self, target: Target) -> Mirror | None:
        try:
            mirror = open_mirror(target.database or "")
        except DatabaseError as error:
            self.note(f"{target.name}: its rows are not compared: {error}")
            return None
        return mirror


class Watch:
    """The changes that the requests of one exchanger make to the databases of all targets."""

    def __init__(
        self,
        mirrors: Mirrors,
        targets: Sequence[Target],
        document: Document,
        clock: Clock,
        is_steady: Callable[[], bool],
        beside: Mapping[str, Bijection] | None = None,
    ) -> None:
        """Watch the databases of targets, the leader first.

        While `is_steady` returns true, late writes are awaited after each request. `beside` has the
        values matched by rows and calls, by partner.
        """
        self._mirrors = mirrors
        self._is_steady = is_steady
        self._targets = targets
        self._document = document
        self._clock = clock
        self._beside = beside or {each.name: Bijection() for each in targets[1:]}
        self._comparers: dict[str, RowComparer] = {}
        self._seen: dict[str, tuple[tuple[str, ...], ...]] = {}
        # Whether others may have written since the last request.
        self.is_stale = True

    def begin(self) -> bool:
        """Set the baseline before a request. Returns false if a database is unreadable.

        Writes that are later than the comparison of a response count for the next request.
        """
        if self.is_stale:
            time.sleep(self._mirrors.lateness.seconds)
        for target in self._targets:
            mirror = self._mirrors.of(target)
            if mirror is None:
                return False
            if self.is_stale or mirror.seen_by is not self:
                if self._looked(target, mirror) is None:
                    return False
                mirror.settle()
                mirror.seen_by = self
        self.is_stale = False
        return True

    def changes(self) -> dict[str, Changes]:
        """Return the changes of each target since `begin`, by name; empty if one is unreadable."""
        if self._is_steady():
            time.sleep(self._mirrors.lateness.seconds)
        return self._changes()

    def end(self) -> None:
        """Make the snapshot after a request the new baseline."""
        for mirror in filter(None, map(self._mirrors.of, self._targets)):
            mirror.settle()

    def compare(
        self,
        name: str,
        requests: tuple[Request, Request],
        written: dict[str, Changes],
        answers: SymbolTable,
    ) -> list[Difference]:
        """Return the differences between a partner's written rows and the leader's.

        If there are any, late writes are awaited and added to `written`.
        """
        leader = self._targets[0].name
        since, lateness = time.monotonic(), self._mirrors.lateness
        comparer = self._comparer(name, answers)
        compared = comparer.compare(requests, written[leader], written[name])
        while compared.differences and lateness.is_worth_waiting(compared.differences):
            if time.monotonic() > since + SETTLE_SECONDS:
                lateness.waited_in_vain(compared.differences)
                break
            time.sleep(_PAUSE)
            fresh = self._changes()
            if not fresh:
                break
            if fresh != written:
                written.update(fresh)
                compared = comparer.compare(requests, written[leader], written[name])
                lateness.note_late(time.monotonic() - since, compared.differences)
        compared.keep()
        return compared.differences

    def differ_from_self(
        self,
        name: str,
        requests: tuple[Request, Request],
        written: tuple[Changes, Changes],
        renamed: Mapping[str, str],
    ) -> list[Difference]:
        """Return the differences between the rows of one target when a request is repeated."""
        tables = self._tables(name)
        shared = shared_tables((name, name), tables, tables)
        comparer = RowComparer(
            self._document, self._clock, shared, Bijection(), same_target=True, renamed=renamed
        )
        return comparer.compare(requests, *written).differences

    def _changes(self) -> dict[str, Changes]:
        found: dict[str, Changes] = {}
        for target in self._targets:
            mirror = self._mirrors.of(target)
            changes = self._looked(target, mirror) if mirror is not None else None
            if changes is None:
                return {}
            found[target.name] = changes
        return found

    def _comparer(self, name: str, answers: SymbolTable) -> RowComparer:
        """Return the comparer for a partner; its tables are updated when those seen change."""
        seen = tuple(map(tuple, map(self._tables, self._pair(name))))
        comparer = self._comparers.get(name)
        if comparer is None:
            shared = self._shared(name)
            matched = answers.to(name), self._beside[name]
            comparer = RowComparer(self._document, self._clock, shared, *matched)
            self._comparers[name] = comparer
        elif seen != self._seen[name]:
            comparer.shared = self._shared(name)
        self._seen[name] = seen
        return comparer

    def _shared(self, name: str) -> SharedTables:
        """Return the tables that both have; reports unexplained ones that only one side has."""
        names = self._pair(name)
        shared = shared_tables(names, *map(self._tables, names))
        out = {table.casefold() for each in names for table in self._left_out(each)}
        for table, missing in shared.missing:
            if table.casefold() not in out:
                self._mirrors.note(f"rows: {missing}: not compared")
        if not shared.tables:
            self._mirrors.note(f"rows: {names[0]} and {names[1]} have no table in common")
        return shared

    def _pair(self, name: str) -> tuple[str, str]:
        return self._targets[0].name, name

    def _mirror(self, name: str) -> Mirror | None:
        return self._mirrors.of(next(each for each in self._targets if each.name == name))

    def _tables(self, name: str) -> Mapping[str, Table]:
        mirror = self._mirror(name)
        return mirror.tables if mirror is not None else {}

    def _left_out(self, name: str) -> Mapping[str, str]:
        mirror = self._mirror(name)
        return mirror.left_out if mirror is not None else {}

    def _looked(self, target: Target, mirror: Mirror) -> Changes | None:
        try:
            found = mirror.changes()
        except DatabaseError as error:
            self._mirrors.lose(target, error)
            return None
        for table, why in mirror.left_out.items():
            self._mirrors.note(f"{target.name}: the rows of {table} are not compared: {why}")
        return found
