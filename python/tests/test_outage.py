"""The server reports an outage of its database, and recovers without a restart."""

from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import exc

from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.db import NoAnswerError
from task_timer.outages import Outage, outage_of

from .clients import PASSWORD, fresh_email
from .servers import Proxy, Server, running

REFUSED = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: FATAL:  '


def operational(error: Exception) -> exc.OperationalError:
    return exc.OperationalError(None, None, error)


def refused(words: str) -> exc.OperationalError:
    return operational(psycopg.OperationalError(REFUSED + words))


OUTAGES: list[tuple[Exception, tuple[str, str | None, str]]] = [
    (exc.TimeoutError(), ("busy", None, "TimeoutError")),
    (operational(NoAnswerError()), ("silent", None, "NoAnswerError")),
    (operational(errors.ConnectionTimeout()), ("silent", None, "ConnectionTimeout")),
    (operational(psycopg.OperationalError("lost")), ("lost", None, "OperationalError")),
    (exc.InterfaceError(None, None, psycopg.InterfaceError()), ("lost", None, "InterfaceError")),
    (
        exc.DBAPIError(None, None, psycopg.Error(), connection_invalidated=True),
        ("lost", None, "Error"),
    ),
    (operational(errors.DeadlockDetected()), ("refused", "40P01", "DeadlockDetected")),
    (
        exc.ProgrammingError(None, None, errors.UndefinedTable()),
        ("refused", "42P01", "UndefinedTable"),
    ),
    *(
        (refused(words), ("refused", state, "OperationalError"))
        for words, state in (
            ('password authentication failed for user "a"', "28P01"),
            ('role "a" is not permitted to log in', "28000"),
            ('no pg_hba.conf entry for host "::1", user "a", database "b"', "28000"),
            ('role "a" does not exist', "28000"),
            ('database "a" does not exist', "3D000"),
            ('permission denied for database "a"', "42501"),
            ('too many connections for role "a"', "53300"),
            ("sorry, too many clients already", "53300"),
            ("remaining connection slots are reserved for roles", "53300"),
            ("the database system is starting up", "57P03"),
        )
    ),
]
OTHERS: list[Exception] = [
    ValueError("no error of the database"),
    exc.DBAPIError(None, None, ValueError("no error of the driver")),
    exc.DBAPIError(None, None, psycopg.Error("of no kind")),
    exc.ProgrammingError(None, None, psycopg.ProgrammingError("without a state")),
    exc.IntegrityError(None, None, errors.UniqueViolation()),
]


@pytest.fixture
def proxy(settings: Settings) -> Proxy:
    return Proxy(settings.database_url)


def log_in(server: Server) -> str:
    credentials = {"email": fresh_email(), "password": PASSWORD}
    server.send("POST", "/api/v1/auth/register", credentials)
    _, tokens = server.send("POST", "/api/v1/auth/login", credentials)
    return str(tokens["access_token"])


def test_server_reports_and_survives_a_database_outage(proxy: Proxy, tmp_path: Path) -> None:
    proxy.open()
    with running(tmp_path / "log", DATABASE_URL=proxy.url) as server:
        token = log_in(server)
        assert server.send("GET", "/ready")[0] == 200
        proxy.cut()
        for _ in range(3):
            assert server.send("GET", "/health")[0] == 200
            assert server.send("GET", "/ready")[1]["code"] == "unavailable"
            status, problem = server.send("GET", "/api/v1/tasks", token=token)
            assert (status, problem["code"]) == (503, "unavailable")
        proxy.open()
        assert server.send("GET", "/ready")[0] == 200
        assert server.send("GET", "/api/v1/tasks", token=token)[0] == 200
        proxy.cut()


def test_server_starts_without_a_database(proxy: Proxy, tmp_path: Path) -> None:
    with running(tmp_path / "log", DATABASE_URL=proxy.url) as server:
        assert server.send("GET", "/ready")[0] == 503
        proxy.open()
        assert server.send("GET", "/ready")[0] == 200
        proxy.cut()


@pytest.mark.parametrize(("error", "expected"), OUTAGES)
def test_error_of_the_database_is_an_outage(
    contract: Contract, error: Exception, expected: tuple[str, str | None, str]
) -> None:
    assert outage_of(error, contract["x-unavailable"]["states"]) == Outage(*expected)


@pytest.mark.parametrize("error", OTHERS)
def test_other_error_is_no_outage(contract: Contract, error: Exception) -> None:
    assert outage_of(error, contract["x-unavailable"]["states"]) is None
