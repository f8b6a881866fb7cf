"""Checks the final rows of the database against what was acknowledged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

_TASKS: LiteralString = """
SELECT tasks.id::text, title, description, status, tags, due_at, tracked_seconds,
  tasks.created_at, tasks.updated_at
FROM tracked_tasks AS tasks JOIN users ON users.id = tasks.user_id WHERE email = %s
"""
_ENTRIES: LiteralString = """
SELECT entries.id::text, task_id::text, start_time, end_time,
  floor(extract(epoch FROM end_time - start_time))::bigint AS duration, note,
  entries.created_at, entries.updated_at
FROM time_entries AS entries JOIN users ON users.id = entries.user_id WHERE email = %s
"""


@dataclass
class Ledger:
    """rows: how many were checked. lost: acknowledged, but missing or different. extra: others."""

    rows: int = 0
    lost: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)


def settle(database_url: str, users: Sequence[Mapping[str, Any]]) -> Ledger:
    """Check the rows of all users against what was acknowledged to them.

    If the outcome of a request is unknown, there may be more rows than acknowledged.
    """
    ledger = Ledger()
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        for user in users:
            for kind, query in (("tasks", _TASKS), ("entries", _ENTRIES)):
                rows = connection.execute(query, [user["email"]]).fetchall()
                stored = {row["id"]: _as_json(row) for row in rows}
                hold(ledger, kind, user, stored)
    return ledger


def hold(
    ledger: Ledger, kind: str, user: Mapping[str, Any], stored: Mapping[str, Mapping[str, Any]]
) -> None:
    """Check the rows of one kind, by id, against what was acknowledged to a user."""
    acknowledged = {each["id"]: each for each in user[kind]}
    ledger.rows += len(stored)
    if user["is_unsure"]:
        ledger.lost += [
            f"{kind} {each}: not stored" for each in acknowledged.keys() - stored.keys()
        ]
        return
    for each, wanted in acknowledged.items():
        if stored.get(each) != wanted:
            ledger.lost.append(f"{kind} {each}: {stored.get(each, 'not stored')}, not {wanted}")
    ledger.extra += [
        f"{kind} {each}: {stored[each]}, never acknowledged"
        for each in stored.keys() - acknowledged.keys()
    ]


def _as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as_text(value) for name, value in row.items()}


def _as_text(value: Any) -> Any:
    """Format an instant like responses do; return other values unchanged."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
