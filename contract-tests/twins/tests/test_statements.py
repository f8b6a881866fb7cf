"""The statements of a twin are read from PostgreSQL's own log."""

from collections.abc import Iterator

import psycopg
import pytest

from twins.databases import Databases
from twins.postgres import PostgresServer
from twins.statements import LOGGING, Statement, log_statements, parse_parameters, record_statements


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer.start(settings=LOGGING) as running:
        yield running


def test_parameters_are_read() -> None:
    detail = "Parameters: $1 = 'it''s', $2 = NULL, $3 = '{a,b}'"
    assert parse_parameters(detail) == ("it's", None, "{a,b}")


def test_statements_of_one_database_are_recorded(server: PostgresServer) -> None:
    databases = Databases(server.url)
    databases.create("recorded")
    log_statements(databases, "recorded")
    with (
        record_statements(server) as statements,
        psycopg.connect(databases.url("recorded"), autocommit=True) as connection,
        psycopg.connect(server.url, autocommit=True) as other,
    ):
        connection.execute("SELECT %s::int", ["1"])
        other.execute("SELECT 2")
    assert statements == [Statement("SELECT $1::int", ("1",))]


def test_fresh_parameter_is_marked() -> None:
    statement = Statement("INSERT INTO t VALUES ($1, $2)", ("the-id", None))
    assert statement.replayable("the-id")["parameters"] == [{"fresh": "uuid"}, None]
