"""N+1 queries are found though the responses are equal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from fixtures.orders_server import DOCUMENT, orders
from fixtures.orders_services import Services, services
from fixtures.walks import walk

from lockstep.effects.growth import StatementBook
from lockstep.effects.statements import open_counter
from lockstep.effects.tables import DatabaseError
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target
from testbed.databases import Databases
from testbed.postgres import PostgresServer

_LOGGED = {"logging_collector": "on", "log_destination": "jsonlog", "log_statement": "all"}


@pytest.fixture(scope="module")
def logged() -> Iterator[Databases]:
    """Databases on a server that logs each statement as JSON."""
    with PostgresServer.start(settings=_LOGGED) as server, closing(Databases(server.url)) as found:
        yield found


@pytest.fixture
def others() -> Iterator[Services]:
    """The payment and the mail service."""
    with services() as running:
        yield running


@pytest.fixture
def addresses(logged: Databases) -> Iterator[tuple[str, str]]:
    """Two empty databases."""
    names = "statements_left", "statements_right"
    yield logged.create(names[0]), logged.create(names[1])
    for name in names:
        logged.drop(name)


def test_a_statement_for_each_row_is_found(addresses: tuple[str, str], others: Services) -> None:
    with orders(*addresses, others.url, "statement_each") as targets:
        report = walk(DOCUMENT, targets)
    assert not report["not_judged"]
    (found,) = report["findings"]
    assert (found["category"], found["operation"]) == ("effects", "listOrders")
    assert "SQL statements grows with the number of rows in new: 1 for " in found["sentence"]
    assert found["reproduced"]
    *made, listed = (step["operation"] for step in found["steps"])
    assert (set(made), listed) == ({"placeOrder"}, "listOrders")


def test_statements_of_one_database_are_counted_without_their_transactions(
    addresses: tuple[str, str],
) -> None:
    with (
        closing(open_counter(addresses[0])) as counter,
        psycopg.connect(addresses[0]) as ours,
        psycopg.connect(addresses[1]) as others,
    ):
        before = counter.count()
        for at in range(3):
            ours.execute("SELECT %s::int", [at])
        ours.commit()
        others.execute("SELECT 1")
        assert counter.count() - before == 3


def test_a_server_that_does_not_log_statements_is_named(logged: Databases) -> None:
    silent = logged.create("statements_silent")
    with psycopg.connect(silent, autocommit=True) as session:
        session.execute("ALTER DATABASE statements_silent SET log_statement = 'none'")
    try:
        with pytest.raises(DatabaseError, match="pg_stat_statements"):
            open_counter(silent)
    finally:
        logged.drop("statements_silent")


def asked(book: StatementBook, rows: int, old: int, new: int, path: str = "/orders") -> list[str]:
    """Return the result for a list with so many rows, and the numbers of statements for it."""
    body = json.dumps([{"id": at} for at in range(rows)]).encode()
    found = book.compare(
        "list", Request("GET", path), Response(200, body=body), {"old": old, "new": new}, "new"
    )
    return [f"{one.left}; {one.right}" for one in found]


def test_growth_on_one_side_only_is_reported() -> None:
    book = StatementBook()
    assert asked(book, 1, old=3, new=3) == []
    assert asked(book, 10, old=3, new=21) == [
        "3 for 1 row, 3 for 10 rows; 3 for 1 row, 21 for 10 rows"
    ]


@pytest.mark.parametrize(
    ("rows", "old", "new"), [(10, 12, 21), (10, 3, 7), (10, 30, 30), (3, 3, 6), (10, 3, 3)]
)
def test_growth_on_both_sides_or_none_is_not_reported(rows: int, old: int, new: int) -> None:
    book = StatementBook()
    assert asked(book, 1, old=3, new=3) == []
    assert asked(book, rows, old, new) == []


def test_lists_with_different_parameters_are_counted_separately() -> None:
    book = StatementBook()
    assert asked(book, 1, old=3, new=3) == []
    assert asked(book, 10, old=3, new=21, path="/orders?expand=all") == []


def test_a_database_without_statements_is_reported_once() -> None:
    book = StatementBook()
    target = Target("old", "http://127.0.0.1:1", database="sqlite:///nothing.db")
    assert not book.counts([target])
    assert not book.counts([target])
    assert list(book.notes) == [
        "old: its SQL statements are not counted: only PostgreSQL reports them"
    ]
