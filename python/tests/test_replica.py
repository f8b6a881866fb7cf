"""A replica is used while it keeps up, and a failure is no reason to ask it all the time."""

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from sqlalchemy import text

from task_timer import db
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.current import using
from task_timer.outages import Outage
from task_timer.replica import AVAILABLE, BEHIND, UNAVAILABLE, Replica, make_replica
from task_timer.resources import Resources
from task_timer.services.replica_service import look

LOST = Outage("lost", None, "OperationalError")
SILENT = Outage("silent", None, "NoAnswerError")
LAGS = Outage("behind", None, None)
PROMOTED = Outage("no_replica", None, None)


class Clock:
    """The seconds of `time.monotonic`."""

    now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    held = Clock()
    monkeypatch.setattr("task_timer.replica.time.monotonic", lambda: held.now)
    return held


@pytest.fixture
def replica(settings: Settings, contract: Contract, clock: Clock) -> Iterator[Replica]:
    assert clock.now > 0
    named = replace(settings, database_read_url=settings.database_url)
    made = make_replica(named, contract["x-read-replica"])
    assert made is not None
    yield made
    made.database.disconnect()


def events(printed: BytesIO) -> list[tuple[str, str | None]]:
    """What was logged since the last time."""
    lines = [json.loads(line) for line in printed.getvalue().splitlines()]
    printed.seek(0)
    printed.truncate()
    return [(line["event"], line.get("cause")) for line in lines]


def test_without_a_url_there_is_none(settings: Settings, contract: Contract) -> None:
    assert make_replica(settings, contract["x-read-replica"]) is None


def test_one_that_works_is_always_used(replica: Replica) -> None:
    assert replica.state == AVAILABLE
    assert [replica.is_worth_a_try() for _ in range(3)] == [True, True, True]


def test_one_that_failed_is_tried_once_after_a_pause(replica: Replica, clock: Clock) -> None:
    pause = replica.rules["pause_seconds"]
    replica.fails(UNAVAILABLE, LOST)
    clock.now += pause - 0.1
    assert not replica.is_worth_a_try()
    clock.now += 0.1
    assert [replica.is_worth_a_try() for _ in range(3)] == [True, False, False]
    clock.now += pause - 0.1
    assert not replica.is_worth_a_try()
    clock.now += 0.1
    assert replica.is_worth_a_try()
    replica.keeps_up()
    assert [replica.is_worth_a_try() for _ in range(3)] == [True, True, True]


def test_each_change_is_logged_once(printed: BytesIO, replica: Replica) -> None:
    events(printed)
    replica.keeps_up()
    assert events(printed) == []
    for _ in range(2):
        replica.fails(UNAVAILABLE, LOST)
    assert events(printed) == [("replica_unavailable", "lost")]
    replica.fails(UNAVAILABLE, PROMOTED)
    assert events(printed) == [("replica_unavailable", "no_replica")]
    replica.fails(BEHIND, LAGS)
    assert events(printed) == [("replica_unavailable", "behind")]
    for _ in range(2):
        replica.keeps_up()
    assert events(printed) == [("replica_available", None)]


def session() -> int:
    return int(db.connection().scalar(text("SELECT pg_backend_pid()")) or 0)


def test_connections_are_given_up_if_one_is_silent(resources: Resources, replica: Replica) -> None:
    with using(resources):
        first = replica.run(session)
        replica.fails(UNAVAILABLE, LOST)
        assert replica.run(session) == first
        replica.fails(UNAVAILABLE, SILENT)
        assert replica.run(session) != first


def test_one_that_failed_is_not_asked_for_its_state(
    printed: BytesIO, replica: Replica, resources: Resources
) -> None:
    replica.fails(UNAVAILABLE, LOST)
    events(printed)
    with using(replace(resources, replica=replica)):
        assert look() == UNAVAILABLE
    # A try would have found that it is no replica.
    assert events(printed) == []


def test_transaction_cannot_begin_while_only_reading(resources: Resources) -> None:
    begin = db.immediate(db.transactional(lambda: None))
    with using(resources), pytest.raises(RuntimeError, match="cannot begin a transaction"):
        begin()
