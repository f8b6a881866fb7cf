"""Rows of MySQL and MariaDB are compared like those of other databases, on a real server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing

import pymysql
import pytest
from fixtures.loans_server import DOCUMENT, loans
from fixtures.walks import walk

from lockstep.effects import mysql
from lockstep.effects.mirror import Mirror
from lockstep.effects.mysql import MySql
from lockstep.effects.tables import DatabaseError
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.literals import Number
from testbed.mariadb import connect, mariadb, mariadb_program
from testbed.ports import free_port

PROGRAM = mariadb_program()
installed = pytest.mark.skipif(
    PROGRAM is None, reason="mariadbd is not installed: apt-get install mariadb-server"
)
_TABLES = """
CREATE TABLE members (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40), price DECIMAL(8,2),
                      at DATETIME(6), raw VARBINARY(20), born YEAR, share DOUBLE,
                      size ENUM('s', 'l'));
CREATE TABLE loans (id INT PRIMARY KEY, member_id INT,
                    FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE);
CREATE TABLE `or``der` (a INT, b INT, PRIMARY KEY (b, a));
CREATE TABLE lines_of (what VARCHAR(9));
CREATE VIEW everybody AS SELECT * FROM members
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a MariaDB server."""
    with mariadb(PROGRAM or "") as url:
        yield url


@pytest.fixture
def addresses(server: str) -> tuple[str, str]:
    """Two empty databases."""
    return created(server), created(server)


def created(server: str) -> str:
    """Create an empty database, which is removed with its server, and return its URL."""
    name = f"lockstep_{secrets.token_hex(4)}"
    send(server, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    return f"{server}{name}"


def send(url: str, *statements: str) -> None:
    """Send statements, each in its own transaction."""
    with closing(connect(url)) as session, session.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@installed
def test_two_sound_servers_write_equal_rows(addresses: tuple[str, str]) -> None:
    with loans(*addresses) as targets:
        report = walk(DOCUMENT, targets)
    assert report["verdict"] == "alike", report["findings"]
    assert not [one for one in report["not_judged"] if "rows" in one]


@installed
def test_a_wrong_row_is_found(addresses: tuple[str, str]) -> None:
    run = Run(Settings(document=DOCUMENT, require_coverage=False))
    run.confirms_at_the_end = True
    with loans(*addresses, "late_due") as targets:
        run.walk(targets)
    assert {one.where for one in run.ledger.findings.all()} == {"rows loans.due_at"}


@installed
def test_rows_of_all_types_are_read(server: str) -> None:
    url = created(server)
    send(url, *filter(str.strip, _TABLES.split(";\n")))
    with closing(Mirror(MySql(url))) as mirror:
        assert sorted(mirror.tables) == ["lines_of", "loans", "members", "or`der"]
        assert mirror.tables["or`der"].key == ("b", "a")
        assert mirror.tables["loans"].references == {"member_id": ("members", "id")}
        send(
            url,
            "INSERT INTO members VALUES (NULL, 'Zoë', 12.50, '2026-01-02 03:04:05.5', x'00ff',"
            " 2026, 1e300, 'l')",
            "INSERT INTO loans VALUES (5, 1)",
            "INSERT INTO lines_of VALUES ('a'), ('a'), (NULL)",
        )
        changes = mirror.changes()
        assert [dict(row) for row in changes["members"].inserted] == [
            {
                **{"id": Number("1"), "name": "Zoë", "price": Number("12.50"), "raw": "00ff"},
                **{"at": "2026-01-02 03:04:05.500000", "born": Number("2026")},
                **{"share": Number("1e300"), "size": "l"},
            }
        ]
        assert len(changes["lines_of"].inserted) == 3
        mirror.settle()
        send(url, "UPDATE members SET size = 's'", "DELETE FROM lines_of WHERE what = 'a' LIMIT 1")
        send(url, "DELETE FROM loans")
        changes = mirror.changes()
        assert [dict(row) for row in changes["members"].changed] == [
            {"id": Number("1"), "size": "s"}
        ]
        assert [len(changes[name].deleted) for name in ("lines_of", "loans")] == [1, 1]


@installed
def test_a_large_table_is_left_out(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = created(server)
    send(url, "CREATE TABLE many (id INT PRIMARY KEY)", "INSERT INTO many VALUES (1), (2), (3)")
    monkeypatch.setattr(mysql, "MOST_ROWS", 2)
    with closing(Mirror(MySql(url))) as mirror:
        assert mirror.left_out == {"many": "it has more than 2 rows"}


@installed
def test_the_database_is_only_read(server: str) -> None:
    url = created(server)
    send(url, "CREATE TABLE few (id INT PRIMARY KEY)")
    with closing(MySql(url)) as database, pytest.raises(pymysql.Error, match="READ ONLY"):
        database._all("INSERT INTO few VALUES (1)")


def test_an_unreachable_server_is_reported_in_one_sentence() -> None:
    with pytest.raises(DatabaseError, match="Can't connect") as caught:
        MySql(f"mysql://nobody:Secret-9@127.0.0.1:{free_port()}/none")
    assert "Secret-9" not in str(caught.value)
