"""Detects N+1 queries: one target's SQL statements grow with the rows of its responses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from lockstep.effects.tables import DatabaseError
from lockstep.matching.difference import Difference
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target

# A list must have at least so many rows more than the shortest one.
_MOST_APART = 3
# Statements per additional row: at least this many are growth, at most this many are none.
_GROWS, _STAYS = 0.8, 0.2

Key = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Point:
    """The number of rows in a response, and of its statements by target."""

    rows: int
    statements: Mapping[str, int]


@dataclass(slots=True)
class StatementBook:
    """Counts statements, and keeps the counts for the shortest list of each operation.

    Targets whose statements cannot be counted are reported in `notes`, once.
    """

    notes: dict[str, None] = field(default_factory=dict)
    _counters: dict[str, Any] = field(default_factory=dict)
    _shortest: dict[Key, _Point] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def counts(self, targets: Sequence[Target]) -> bool:
        """Whether the statements of all targets can be counted."""
        # No short circuit: each target that cannot be counted is reported.
        counters = [self._counter(target) for target in targets]
        return None not in counters

    def now(self, targets: Sequence[Target]) -> dict[str, int]:
        """Return the number of statements so far by target; empty if a counter has failed."""
        found: dict[str, int] = {}
        for target in targets:
            counter = self._counter(target)
            try:
                found[target.name] = counter.count() if counter is not None else 0
            except DatabaseError as error:
                self._lose(target, error)
            if self._counter(target) is None:
                return {}
        return found

    def compare(
        self, label: str, request: Request, answer: object, statements: Mapping[str, int], name: str
    ) -> list[Difference]:
        """Return a difference if only one side's statements grow with the number of rows."""
        rows = _rows(answer)
        if rows is None or not statements:
            return []
        point = _Point(rows, statements)
        parameters = parse_qsl(request.path.partition("?")[2], keep_blank_values=True)
        key = label, frozenset(each for each, _ in parameters)
        with self._lock:
            known = self._shortest.setdefault(key, point)
            if rows <= known.rows:
                self._shortest[key] = _least(point, known) if rows == known.rows else point
                return []
        leader = next(iter(statements))
        if rows - known.rows < _MOST_APART:
            return []
        growths = [
            (statements[each] - known.statements.get(each, 0)) / (rows - known.rows)
            for each in (leader, name)
        ]
        if max(growths) < _GROWS or min(growths) > _STAYS:
            return []
        counted = [
            f"{known.statements.get(each, 0)} for {_of(known.rows)},"
            f" {statements[each]} for {_of(rows)}"
            for each in (leader, name)
        ]
        return [Difference("statements", "statements", *counted)]

    def close(self, targets: Sequence[Target]) -> None:
        """Close the connections to the databases of stopped targets."""
        with self._lock:
            for target in targets:
                counter = self._counters.pop(target.database or "", None)
                if counter is not None:
                    counter.close()

    def _counter(self, target: Target) -> Any:
        url = target.database
        if url is None or not target.counts_statements:
            return None
        with self._lock:
            if url not in self._counters:
                self._counters[url] = self._opened(target, url)
            return self._counters[url]

    def _opened(self, target: Target, url: str) -> Any:
        try:
            return _opener(url)(url)
        except DatabaseError as error:
            self.notes[f"{target.name}: its SQL statements are not counted: {error}"] = None
            return None

    def _lose(self, target: Target, error: DatabaseError) -> None:
        with self._lock:
            counter = self._counters.get(target.database or "")
            if counter is not None:
                counter.close()
            self._counters[target.database or ""] = None
            self.notes[f"{target.name}: its SQL statements are no longer counted: {error}"] = None


def _opener(url: str) -> Callable[[str], Any]:
    if not url.startswith("postgres"):
        raise DatabaseError("only PostgreSQL reports them")
    try:
        from lockstep.effects.statements import open_counter
    except ImportError as error:
        raise DatabaseError("PostgreSQL needs pip install 'lockstep-http[effects]'") from error
    return open_counter


def _least(one: _Point, other: _Point) -> _Point:
    """Return the minimum of two counts: the first requests after a start may cost more."""
    fewest = {
        name: min(count, other.statements.get(name, count))
        for name, count in one.statements.items()
    }
    return _Point(one.rows, fewest)


def _rows(answer: object) -> int | None:
    """Return the length of the list in a response, which is the body or a member of it."""
    if not isinstance(answer, Response) or not 200 <= answer.status < 300:
        return None
    body = json_of(answer.body)
    lists = [body] if isinstance(body, list) else []
    if isinstance(body, dict):
        lists = [member for member in body.values() if isinstance(member, list)]
    return max(map(len, lists), default=None)


def _of(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"
