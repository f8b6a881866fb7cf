"""Prune deletes expired rows in batches, without waiting for locks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.current import using
from task_timer.resources import Resources, make_resources
from task_timer.services.prune_service import delete_expired

from .reads import reads

HOURS = 24
# According to contract-tests/growth.sql.
EXPIRED = {
    "refresh_tokens": 7000,
    "sessions": 5000,
    "idempotency_records": 2500,
    "rate_limits": 2500,
}
NOTHING = dict.fromkeys(EXPIRED, 0)
LEFT = """
    SELECT (SELECT count(*) FROM refresh_tokens WHERE expires_at < now() - interval '1 day'),
        (SELECT count(*) FROM refresh_tokens),
        (SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL),
        (SELECT count(*) FROM sessions JOIN refresh_tokens ON session_id = sessions.id),
        (SELECT count(*) FROM idempotency_records WHERE created_at > now() - interval '1 day'),
        (SELECT count(*) FROM rate_limits WHERE window_ends_at > now())
"""

FAILING = """
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'by a test'; END $$;
    CREATE TRIGGER fails BEFORE DELETE ON sessions
        FOR EACH ROW WHEN ((OLD.revoked_at IS NOT NULL) = {revoked}) EXECUTE FUNCTION fail()
"""
WITHOUT_TOKENS = """
    SELECT FROM sessions
    WHERE NOT EXISTS (SELECT FROM refresh_tokens WHERE session_id = sessions.id)
"""


@pytest.fixture
def own(grown: Settings, contract: Contract) -> Iterator[Resources]:
    resources = make_resources(grown, contract)
    yield resources
    resources.database.disconnect()


def prune(resources: Resources) -> dict[str, int]:
    with using(resources):
        return delete_expired(HOURS)


def test_only_expired_rows_are_deleted(own: Resources) -> None:
    assert prune(own) == EXPIRED
    assert prune(own) == NOTHING
    with psycopg.connect(own.settings.database_url) as connection:
        assert connection.execute(LEFT).fetchone() == (0, 5000, 0, 5000, 2500, 2500)


def test_locked_rows_are_skipped(own: Resources) -> None:
    with psycopg.connect(own.settings.database_url) as connection:
        connection.execute("SELECT FROM rate_limits WHERE key = 'logIn 2' FOR UPDATE")
        assert prune(own) == EXPIRED | {"rate_limits": 2499}
    assert prune(own) == NOTHING | {"rate_limits": 1}


def test_concurrent_runs_delete_each_row_once(own: Resources) -> None:
    with ThreadPoolExecutor() as pool:
        one, other = pool.map(prune, [own, own])
    assert {table: one[table] + other[table] for table in one} == EXPIRED
    assert prune(own) == NOTHING


@pytest.mark.parametrize("revoked", ["true", "false"])
def test_tokens_stay_if_their_session_cannot_be_deleted(own: Resources, revoked: str) -> None:
    with psycopg.connect(own.settings.database_url) as connection:
        connection.execute(FAILING.format(revoked=revoked).encode())
    with pytest.raises(DBAPIError):
        prune(own)
    with psycopg.connect(own.settings.database_url) as connection:
        assert connection.execute(WITHOUT_TOKENS).rowcount == 0


def test_prune_uses_no_sequential_scan(grown: Settings, contract: Contract) -> None:
    read = reads(grown, contract, lambda: delete_expired(HOURS))
    assert {table: read[table].sequential_scans for table in EXPIRED} == NOTHING
