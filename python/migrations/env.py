"""Runs the migrations on the database that DATABASE_URL names, beside servers that run.

Of several processes that migrate at once, one does, and the others wait for it. A revision that
waits for a lock holds up whoever comes after it, readers too; so it gives up soon, and tries again.
"""

import sys
import time

from alembic import context
from alembic.util import CommandError
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, create_engine, event, exc

from task_timer.config import ConfigError, load_database_url
from task_timer.db import driver_url
from task_timer.models import Base
from task_timer.models.base import is_stored

# `alembic -x lock_timeout=500ms upgrade head` changes it.
LOCK_TIMEOUT: str = context.get_x_argument(as_dictionary=True).get("lock_timeout", "2s")
ATTEMPTS = 30
PAUSE_SECONDS = 1
# Whoever holds it migrates: the bytes of "task_tim".
TURN = 0x7461736B5F74696D
OPTIONS = {
    "target_metadata": Base.metadata,
    "include_object": is_stored,
    # Indexes are made concurrently, which no transaction may enclose.
    "transaction_per_migration": True,
}


def print_statements() -> None:
    """Prints the statements instead: `alembic upgrade head --sql`."""
    context.configure(dialect_name="postgresql", literal_binds=True, **OPTIONS)
    context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    with context.begin_transaction():
        context.run_migrations()


def migrate() -> None:
    """Migrates, once it is this process's turn."""
    try:
        url = driver_url(load_database_url())
        # Behind a pooler nothing is prepared.
        engine = create_engine(url, connect_args={"prepare_threshold": None})
    except ConfigError as error:
        raise CommandError("; ".join(error.faults)) from error
    event.listen(engine, "begin", _limit_waiting)
    with engine.begin() as turn:
        _wait_for_turn(turn)
        _try_to_migrate(engine)
    engine.dispose()


def _wait_for_turn(turn: Connection) -> None:
    """Takes the lock of this database's migrations, until the transaction ends.

    Held by a session it would be of no use behind a pooler. It is asked for again and again: a
    statement that waits has a snapshot, for the end of which `CREATE INDEX CONCURRENTLY` waits; so
    has one that had parameters, until its transaction ends.
    """
    turn.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    has_reported = False
    while not turn.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({TURN})").scalar():
        if not has_reported:
            sys.stderr.write("Waiting for another process that migrates.\n")
            has_reported = True
        time.sleep(PAUSE_SECONDS)


def _try_to_migrate(engine: Engine) -> None:
    for _ in range(ATTEMPTS):
        try:
            with engine.connect() as connection:
                context.configure(connection=connection, **OPTIONS)
                with context.begin_transaction():
                    context.run_migrations()
        except exc.OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return
    raise CommandError(f"a lock was not free within {LOCK_TIMEOUT}, {ATTEMPTS} times")


def _limit_waiting(connection: Connection) -> None:
    # Statements with CONCURRENTLY block no others while they wait.
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")


if context.is_offline_mode():
    print_statements()
else:
    migrate()
