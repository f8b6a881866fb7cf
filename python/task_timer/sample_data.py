"""Sample data: the same rows in both twins, with the same ids and times each time."""

from typing import Any

import yaml
from sqlalchemy.dialects.postgresql import insert

from .config import REPOSITORY
from .db import connection, transactional
from .models import Task, TimeEntry, User
from .models.base import Base
from .services.password_service import hash_password
from .utils.instants import parse_instant

FILE = REPOSITORY / "tooling" / "sample-data.yaml"
INSTANTS = ("created_at", "due_at", "start_time", "end_time")


@transactional
def insert_sample_data() -> dict[str, int]:
    """Inserts the missing rows; returns the number of new rows by table."""
    sample = yaml.load(FILE.read_bytes(), Loader=yaml.CSafeLoader)
    password = sample["password"]
    users = [{**row, "password_hash": hash_password(password)} for row in sample["users"]]
    return {
        "users": _insert(User, users),
        "tasks": _insert(Task, sample["tasks"]),
        "time_entries": _insert(TimeEntry, sample["time_entries"]),
    }


def _insert(model: type[Base], rows: list[dict[str, Any]]) -> int:
    statement = insert(model).on_conflict_do_nothing().returning(*model.__table__.primary_key)
    return len(connection().execute(statement, [_values(row) for row in rows]).all())


def _values(row: dict[str, Any]) -> dict[str, Any]:
    instants = {
        name: parse_instant(text)
        for name, text in row.items()
        if name in INSTANTS and text is not None
    }
    return row | instants | {"updated_at": instants["created_at"]}
