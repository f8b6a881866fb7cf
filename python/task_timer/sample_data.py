"""Sample data, with the same ids and times each time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from .db import connection, transactional
from .models import Task, TimeEntry, User
from .models.base import Base
from .services.password_service import hash_password

PASSWORD = "correct horse battery"  # noqa: S105
ACCOUNTS = {
    "ada@example.com": "user",
    "grace@example.com": "user",
    "admin@example.com": "admin",
}
BEGIN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
TASKS: list[tuple[str, str | None, str, list[str], int | None]] = [
    ("Write the report", "For the board.", "in_progress", ["writing", "board"], 60),
    ("Review the contract", None, "pending", ["reading"], None),
    ("Naïve café: 100 % coverage", "Counts_every%letter\\here", "pending", ["écriture"], 90),
    ("Plan the move 🚚", None, "completed", [], 20),
    ("Answer mail", "Every morning.", "in_progress", ["mail", "writing"], None),
    ("zebra crossing", None, "pending", ["board"], 60),
    ("Äpfel kaufen", "Und Birnen.", "completed", [], 5),
    ("Fix the clock", "Before the hour is changed.", "pending", ["urgent", "DST"], 84),
]
# Nights on which Berlin changes its clock: an entry over each midnight and over each change.
CLOCK_CHANGES = [datetime(2026, 3, 28, 22, 30, tzinfo=UTC), datetime(2025, 10, 25, 21, tzinfo=UTC)]


@transactional
def insert_sample_data() -> dict[str, int]:
    """Inserts the missing rows; returns the number of new rows by table."""
    users = [_user(number, email, role) for number, (email, role) in enumerate(ACCOUNTS.items())]
    ada, grace = users[0]["id"], users[1]["id"]
    tasks = [_task(number, ada) for number in range(len(TASKS))]
    tasks.append(_task(0, grace) | {"id": _id(0x200)})
    entries = list(_entries(ada, [task["id"] for task in tasks[:-1]]))
    return {
        "users": _insert(User, users),
        "tasks": _insert(Task, tasks),
        "time_entries": _insert(TimeEntry, entries),
    }


def _insert(model: type[Base], rows: list[dict[str, Any]]) -> int:
    statement = insert(model).on_conflict_do_nothing().returning(*model.__table__.primary_key)
    return len(connection().execute(statement, rows).all())


def _id(number: int) -> str:
    return f"01936d5e-8a00-7000-8000-{number:012x}"


def _made(day: int) -> dict[str, Any]:
    return {"created_at": BEGIN + timedelta(days=day), "updated_at": BEGIN + timedelta(days=day)}


def _user(number: int, email: str, role: str) -> dict[str, Any]:
    password_hash = hash_password(PASSWORD)
    return {
        "id": _id(0x10 + number),
        "email": email,
        "password_hash": password_hash,
        "role": role,
        **_made(0),
    }


def _task(number: int, user_id: str) -> dict[str, Any]:
    title, description, status, tags, due_days = TASKS[number]
    return {
        "id": _id(0x100 + number),
        "user_id": user_id,
        "title": title,
        "description": description,
        "status": status,
        "tags": tags,
        "due_at": None if due_days is None else BEGIN + timedelta(days=due_days),
        **_made(number),
    }


def _entries(user_id: str, task_ids: list[str]) -> Iterator[dict[str, Any]]:
    number = 0x1000
    for start, minutes, note in _intervals():
        yield {
            "id": _id(number),
            "user_id": user_id,
            "task_id": task_ids[number % len(task_ids)],
            "start_time": start,
            "end_time": None if minutes is None else start + timedelta(minutes=minutes),
            "note": note,
            **_made(100),
        }
        number += 1


def _intervals() -> Iterator[tuple[datetime, float | None, str | None]]:
    for day in range(36):
        start = BEGIN + timedelta(days=2 * day, minutes=37 * day)
        yield start, 25 + 7 * (day % 9) + 0.0125, None if day % 3 else f"Day {day}"
    for change in CLOCK_CHANGES:
        yield change, 5 * 60, "Over the change of the clock"
    yield datetime(2026, 4, 20, 9, tzinfo=UTC), None, "Running"
