"""What each operation reads of an account with very many tasks and time entries.

The rows are those of contract-tests/growth.sql: 100,000 tasks and a million time entries with
GROWTH=full, which also takes longer.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.current import using
from task_timer.models import UserRow
from task_timer.resources import make_resources
from task_timer.services import (
    auth_service,
    report_service,
    task_service,
    time_entry_service,
    timer_service,
    token_service,
    user_service,
)
from task_timer.services.task_service import TaskFields, TaskFilter
from task_timer.services.time_entry_service import TimeEntryFields, TimeEntryFilter
from task_timer.services.user_service import UserChanges

from .clients import PASSWORD, fresh_email
from .conftest import ENTRIES, TASKS, copied
from .reads import Reads, reads

USER_ID = "00000000-0000-7000-8000-000000000001"
# A user with one task and a session.
OTHER_ID = "00000000-0000-7000-8000-000000000004"
ENDLESS_ID = "00000000-0000-7000-8006-000000000001"
SESSION_ID = "00000000-0000-7000-8003-000000000003"
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
LIMIT = 20
# Blocks of all tables and indexes per operation; a written row is looked up in each index.
FEW = 200
ALLOWANCE = 40
# The hash of PASSWORD with low costs.
CHEAP = (
    "$argon2id$v=19$m=8,t=1,p=1$GCGDB653LKZvotk6s5dsqA$ECxqD3oQ/4Xl8U1kboc986tbkOjmNeRExKXyk5R4iHk"
)

# Counts the statements that delete tasks.
COUNTED = """
    CREATE SEQUENCE deletions;
    CREATE FUNCTION count_deletion() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM nextval('deletions');
        RETURN NULL;
    END $$;
    CREATE TRIGGER counts AFTER DELETE ON tasks
        FOR EACH STATEMENT EXECUTE FUNCTION count_deletion()
"""
BATCH_ROWS = 10_000

Work = Callable[[], object]


@pytest.fixture(scope="module")
def large(settings: Settings, grown_template: str) -> Iterator[Settings]:
    """Returns the settings of a grown database in which each test has its own rows."""
    with copied(grown_template) as url:
        yield replace(settings, database_url=url)


def numbered(table: int, number: int) -> str:
    return f"00000000-0000-7000-{8000 + table}-{number:012x}"


def nothing(_row: Any) -> None:
    """Checks no precondition."""


def enter() -> UserRow:
    email = fresh_email()
    user = auth_service.register_user(email, PASSWORD)
    auth_service.log_in(email, PASSWORD)
    return user


def change_user() -> None:
    changes = UserChanges(PASSWORD, fresh_email())
    user_service.update_user(enter(), SESSION_ID, changes, nothing)


def authenticate() -> None:
    auth_service.authenticate(token_service.make_access_token(OTHER_ID, SESSION_ID, 60))


def list_tasks(**filters: Any) -> Work:
    given = {"sort": "-created_at", "limit": LIMIT, **filters}
    return lambda: task_service.list_tasks(USER_ID, TaskFilter(**given))


def list_entries(**filters: Any) -> Work:
    given = {"sort": "-start_time", "limit": LIMIT, **filters}
    return lambda: time_entry_service.list_time_entries(USER_ID, TimeEntryFilter(**given))


def list_entries_of_task() -> None:
    filters = TimeEntryFilter("-start_time", LIMIT)
    time_entry_service.list_task_time_entries(OTHER_ID, ENDLESS_ID, filters)


def create_entry() -> None:
    fields = TimeEntryFields(FEBRUARY, FEBRUARY + HOUR, None)
    time_entry_service.create_time_entry(OTHER_ID, ENDLESS_ID, fields)


def change_entry() -> None:
    entry_id = numbered(7, ENTRIES // 20)
    time_entry_service.update_time_entry(OTHER_ID, entry_id, {"note": "b"}, nothing)


def use_timer() -> None:
    timer_service.start_timer(OTHER_ID, ENDLESS_ID, None, stop_previous=True)
    timer_service.get_timer(OTHER_ID)
    timer_service.stop_timer(OTHER_ID)


OPERATIONS: dict[str, Work] = {
    "register and log in": enter,
    "authenticate": authenticate,
    "refresh": lambda: auth_service.refresh_tokens("3"),
    "log out": lambda: auth_service.log_out(numbered(0, 8), "7"),
    "change a user": change_user,
    "delete a user": lambda: user_service.delete_user(enter(), PASSWORD),
    "list users": lambda: user_service.list_users(LIMIT, None),
    "list tasks": list_tasks(),
    "list tasks that were updated": list_tasks(
        sort="updated_at", updated_since=FEBRUARY - timedelta(days=30)
    ),
    "list tasks that are due": list_tasks(sort="due_at", due_before=FEBRUARY),
    "create a task": lambda: task_service.create_task(
        USER_ID, TaskFields("a", None, "pending", [], None)
    ),
    "read a task": lambda: task_service.get_task(USER_ID, numbered(1, 77)),
    "change a task": lambda: task_service.update_task(
        USER_ID, numbered(1, 78), {"title": "b"}, nothing
    ),
    "delete a task": lambda: task_service.delete_task(USER_ID, numbered(1, 79), nothing),
    "list entries": list_entries(),
    "list running entries": list_entries(running=True),
    "list completed entries": list_entries(running=False),
    "list entries of long ago": list_entries(started_before=FEBRUARY - HOUR * (ENTRIES // 2)),
    "list entries of a few tasks": list_entries(task_id=numbered(1, 77)),
    "list entries of a large task": list_entries_of_task,
    "create an entry": create_entry,
    "read an entry": lambda: time_entry_service.get_time_entry(USER_ID, numbered(2, 77)),
    "change an entry": change_entry,
    "delete an entry": lambda: time_entry_service.delete_time_entry(
        OTHER_ID, numbered(7, ENTRIES // 20 + 1), nothing
    ),
    "use the timer": use_timer,
}


def total(read: dict[str, Reads]) -> int:
    """Returns the number of blocks read."""
    return sum(each.blocks for each in read.values())


def scanned(read: dict[str, Reads]) -> list[str]:
    """Lists the tables that were scanned sequentially."""
    return [table for table, each in read.items() if each.sequential_scans > 0]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_reads_only_its_rows(large: Settings, contract: Contract, operation: str) -> None:
    read = reads(large, contract, OPERATIONS[operation])
    assert scanned(read) == []
    assert total(read) <= FEW


@pytest.mark.parametrize("filters", [{"q": "nowhere"}, {"tag": "none"}, {"status": "completed"}])
@pytest.mark.parametrize("sort", ["-created_at", "title"])
def test_search_reads_each_task_of_the_user_once(
    large: Settings, contract: Contract, filters: dict[str, str], sort: str
) -> None:
    read = reads(large, contract, list_tasks(**filters, sort=sort))
    assert total(read) <= 1.1 * TASKS + ALLOWANCE
    # Read by the planner.
    assert read["time_entries"].blocks <= ALLOWANCE


def test_tracked_time_of_a_task_is_summed_from_an_index(
    large: Settings, contract: Contract
) -> None:
    read = reads(large, contract, lambda: task_service.get_task(OTHER_ID, ENDLESS_ID))
    assert scanned(read) == []
    assert total(read) <= ENTRIES / 10 / 100 + ALLOWANCE


@pytest.mark.parametrize("group_by", ["day", "task", "tag"])
@pytest.mark.parametrize("weeks_ago", [1, ENTRIES // 24 // 14])
def test_report_of_a_week_reads_only_the_entries_of_that_week(
    large: Settings, contract: Contract, group_by: str, weeks_ago: int
) -> None:
    start = FEBRUARY - WEEK * weeks_ago
    read = reads(
        large,
        contract,
        lambda: report_service.get_time_report(USER_ID, start, start + WEEK, group_by, "UTC"),
    )
    assert scanned(read) == []
    # Including those of the day before, which may extend into it.
    assert read["time_entries"].blocks <= 8 * 24 + ALLOWANCE


def test_large_account_is_deleted_within_the_statement_timeout(
    grown: Settings, contract: Contract
) -> None:
    limited = replace(grown, database_timeout_ms=2000)
    with psycopg.connect(grown.database_url) as connection:
        stored = "UPDATE users SET password_hash = %s WHERE id = %s"
        connection.execute(stored, (CHEAP, USER_ID))
        connection.execute(COUNTED)
    user = UserRow(USER_ID, "user-1@example.com", CHEAP, "user", FEBRUARY, FEBRUARY)
    resources = make_resources(limited, contract)
    with using(resources):
        user_service.delete_user(user, PASSWORD)
    resources.database.disconnect()
    with psycopg.connect(grown.database_url) as connection:
        # Full batches, one that is not full, and what goes with the user.
        deletions = connection.execute("SELECT last_value FROM deletions").fetchone()
        assert deletions == (TASKS // BATCH_ROWS + 2,)
        for table in ("tasks", "time_entries"):
            left = connection.execute(
                f"SELECT FROM {table} WHERE user_id = %s LIMIT 1".encode(),
                (USER_ID,),
            )
            assert left.fetchone() is None
