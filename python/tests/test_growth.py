"""A page reads only its own rows, whatever the amount of data.

The rows are those of contract-tests/growth.sql.
"""

from datetime import UTC, datetime, timedelta

import pytest

from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.services.task_service import TaskFilter, list_tasks
from task_timer.services.time_entry_service import TimeEntryFilter, list_time_entries
from task_timer.services.user_service import list_users
from task_timer.utils.cursor import Cursor, encode_cursor
from task_timer.utils.instants import format_instant

from .conftest import ENTRIES, TASKS
from .reads import reads

USER_ID = "00000000-0000-7000-8000-000000000001"
JANUARY, FEBRUARY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
LIMIT = 20
# Tolerance for differences of the query plan.
ALLOWANCE = 20
TASK_SORTS = ["created_at", "updated_at", "due_at", "title"]
LISTS = [f"{sign}{sort}" for sort in TASK_SORTS for sign in ("", "-")]


def list_page(sort: str, cursor: str | None) -> None:
    if sort == "users":
        list_users(LIMIT, cursor)
    elif sort.endswith("start_time"):
        list_time_entries(USER_ID, TimeEntryFilter(sort, LIMIT, cursor=cursor))
    else:
        list_tasks(USER_ID, TaskFilter(sort, LIMIT, cursor=cursor))


def cursor_of(sort: str, table: int, number: int, value: str | None) -> str:
    name = "created_at" if sort == "users" else sort
    return encode_cursor(Cursor(name, value, f"00000000-0000-7000-{8000 + table}-{number:012x}"))


def deep_cursor(sort: str) -> str:
    """Returns a cursor at nine tenths of the list."""
    descending = sort.startswith("-")
    if sort == "users":
        return cursor_of(sort, 0, 4500, format_instant(JANUARY + timedelta(minutes=4500)))
    if sort.endswith("start_time"):
        number = ENTRIES * 9 // 10 if descending else ENTRIES // 10
        return cursor_of(sort, 2, number, format_instant(FEBRUARY - timedelta(hours=number)))
    number = TASKS // 10 if descending else TASKS * 9 // 10
    instant = format_instant(JANUARY + timedelta(minutes=number))
    return cursor_of(sort, 1, number, f"Task {number}" if "title" in sort else instant)


def blocks(settings: Settings, contract: Contract, sort: str, cursor: str | None) -> int:
    """Returns the number of blocks that a page reads, all through indexes."""
    read = reads(settings, contract, lambda: list_page(sort, cursor))
    assert {table: each.sequential_scans for table, each in read.items()} == dict.fromkeys(read, 0)
    return sum(each.blocks for each in read.values())


@pytest.mark.parametrize("sort", [*LISTS, "start_time", "-start_time", "users"])
def test_deep_page_reads_as_much_as_the_first_page(
    grown: Settings, contract: Contract, sort: str
) -> None:
    first = blocks(grown, contract, sort, None)
    assert blocks(grown, contract, sort, deep_cursor(sort)) <= first + ALLOWANCE
    # An index entry and a row, and those of the time tracked on it.
    assert first <= 2 * 5 * (LIMIT + 1) + ALLOWANCE


@pytest.mark.parametrize("sort", ["due_at", "-due_at"])
def test_deep_page_of_tasks_without_a_due_date_reads_as_much(
    grown: Settings, contract: Contract, sort: str
) -> None:
    first = blocks(grown, contract, sort, None)
    number = TASKS // 10 + 1 if sort.startswith("-") else TASKS * 9 // 10 + 1
    cursor = cursor_of(sort, 1, number, None)
    assert blocks(grown, contract, sort, cursor) <= first + ALLOWANCE
