"""How much of each table is read, according to the statistics of the database."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.current import using
from task_timer.resources import make_resources

COUNTED: LiteralString = """
    SELECT relname, seq_scan, heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit
    FROM pg_stat_user_tables JOIN pg_statio_user_tables USING (relid, relname)
"""
OTHERS: LiteralString = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type <> 'walsender'
"""


@dataclass(frozen=True)
class Reads:
    """The number of sequential scans of a table, and of blocks read of it and its indexes."""

    sequential_scans: int
    blocks: int


def reads(settings: Settings, contract: Contract, work: Callable[[], object]) -> dict[str, Reads]:
    """Runs a service function in a separate database, and returns what it reads by table."""
    before = _counted(settings.database_url)
    resources = make_resources(settings, contract)
    with using(resources):
        work()
    resources.database.disconnect()
    after = _counted(settings.database_url)
    return {
        table: Reads(scans - before[table][0], blocks - before[table][1])
        for table, (scans, blocks) in after.items()
    }


def _counted(database_url: str) -> dict[str, tuple[int, int]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        # A connection reports its statistics when it ends.
        deadline = time.monotonic() + 30
        while _first(connection, OTHERS) > 0:
            assert time.monotonic() < deadline
        rows = connection.execute(COUNTED).fetchall()
    return {table: (scans, blocks) for table, scans, blocks in rows}


def _first(connection: psycopg.Connection[Any], query: LiteralString) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
