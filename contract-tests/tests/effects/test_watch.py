"""The rows of two databases are compared after each request."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fixtures.loans_server import DOCUMENT

from lockstep.effects import tables, watch
from lockstep.effects.watch import Mirrors, Watch
from lockstep.matching import Clock
from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.document import Document
from lockstep.transport.messages import Request
from lockstep.transport.targets import Target

Write = Callable[[sqlite3.Connection], object]
_BODY = b'{"name": "Zed", "email": "Zed@Example.com"}'
_REQUEST = Request("POST", "/members", (("Content-Type", "application/json"),), _BODY)
_TABLES = """
CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT, email TEXT, hits INTEGER,
                      made_at DATETIME);
CREATE TABLE loans (id INTEGER PRIMARY KEY, member_id INTEGER REFERENCES members (id),
                    token BLOB, notes TEXT, due_at DATETIME);
CREATE TABLE tags (loan_id INTEGER, tag TEXT, PRIMARY KEY (loan_id, tag));
CREATE TABLE lines (what TEXT, at DATETIME)
"""


def at(seconds: float = 0) -> str:
    """Return the time at an offset in seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(" ")


def member(number: int, email: str = "zed@example.com", hits: int = 0) -> Write:
    """Return a function that inserts a member."""
    row = number, "Zed", email, hits, at()
    return lambda session: session.execute("INSERT INTO members VALUES (?, ?, ?, ?, ?)", row)


def loan(number: int, member: int, days: float = 14, notes: str = "") -> Write:
    """Return a function that inserts a loan."""
    row = number, member, secrets.token_bytes(16), notes, at(days * 86_400)
    return lambda session: session.execute("INSERT INTO loans VALUES (?, ?, ?, ?, ?)", row)


def sent(*statements: str) -> Write:
    """Return a function that executes statements."""
    return lambda session: [session.execute(statement) for statement in statements]


@dataclass
class Pair:
    """Two SQLite databases with a watch."""

    sessions: tuple[sqlite3.Connection, sqlite3.Connection]
    targets: list[Target]
    mirrors: Mirrors = field(default_factory=Mirrors)

    def __post_init__(self) -> None:
        self.watch = Watch(
            *(self.mirrors, self.targets, Document.load(DOCUMENT), Clock()),
            is_steady=lambda: False,
        )
        self.answers = SymbolTable(["new"])

    def after(self, left: Write, right: Write, request: Request = _REQUEST) -> list[str]:
        """Return the places where the rows differ after each database was written to."""
        assert self.watch.begin()
        left(self.sessions[0])
        right(self.sessions[1])
        written = self.watch.changes()
        found = self.watch.compare("new", (request, request), written, self.answers)
        self.watch.end()
        return [f"{one.kind} {one.where}" for one in found]


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Two empty databases."""
    monkeypatch.setattr(watch, "SETTLE_SECONDS", 0.1)
    with ExitStack() as stack:
        sessions, targets = [], []
        for name in ("old", "new"):
            path = tmp_path / f"{name}.db"
            session = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            sessions.append(stack.enter_context(closing(session)))
            session.executescript(_TABLES)
            url = f"sqlite:///{path}"
            targets.append(Target(name, "http://127.0.0.1:1", database=url))
        made = Pair((sessions[0], sessions[1]), targets)
        yield made
        made.mirrors.close(targets)


def test_generated_ids_times_and_tokens_are_matched(pair: Pair) -> None:
    assert pair.after(member(1), member(400)) == []
    assert pair.after(loan(1, 1), loan(900, 400)) == []
    assert pair.after(sent("DELETE FROM loans"), sent("DELETE FROM loans")) == []


def test_a_reference_to_another_row_is_found(pair: Pair) -> None:
    assert pair.after(member(1), member(400)) == []
    assert pair.after(member(2, "yves@example.com"), member(401, "yves@example.com")) == []
    assert pair.after(loan(1, 1), loan(900, 401)) == ["symbol rows loans.member_id"]


def test_a_value_in_another_case_is_found(pair: Pair) -> None:
    found = pair.after(member(1), member(400, "Zed@Example.com"))
    assert found == ["value rows members.email"]


def test_a_time_that_was_sent_is_stored_as_it_was(pair: Pair) -> None:
    body = b'{"due_at": "2027-01-02T03:04:05Z"}'
    request = Request("POST", "/members", (("Content-Type", "application/json"),), body)
    rows = [
        sent(f"INSERT INTO loans VALUES ({number}, NULL, NULL, NULL, '2027-01-02 03:04:{seconds}')")
        for number, seconds in ((1, "05"), (900, "06"))
    ]
    assert pair.after(rows[0], rows[1], request) == ["time rows loans.due_at"]


def test_a_different_term_is_found(pair: Pair) -> None:
    assert pair.after(member(1), member(400)) == []
    assert pair.after(loan(1, 1, days=14), loan(900, 400, days=28)) == ["time rows loans.due_at"]


def test_a_json_text_is_compared_exactly(pair: Pair) -> None:
    assert pair.after(member(1), member(400)) == []
    notes = [f'{{"id": "{secrets.token_hex(16)}", "n": 1}}' for _ in range(2)]
    assert pair.after(loan(1, 1, notes=notes[0]), loan(900, 400, notes=notes[1])) == []
    other = notes[1].replace("1}", "2}")
    found = pair.after(loan(2, 1, notes=notes[0]), loan(901, 400, notes=other))
    assert found == ["value rows loans.notes"]


def test_rows_without_a_key_are_compared(pair: Pair) -> None:
    line = "INSERT INTO lines VALUES ('joined', '2026-01-01 00:00:00')"
    assert pair.after(sent(line, line), sent(line, line)) == []
    assert pair.after(sent(line, line), sent(line)) == ["inserted rows lines"]


def test_rows_with_a_compound_key_are_compared(pair: Pair) -> None:
    assert pair.after(member(1), member(400)) == []
    assert pair.after(loan(1, 1), loan(900, 400)) == []
    both = ("INSERT INTO tags VALUES ({}, 'a')", "INSERT INTO tags VALUES ({}, 'b')")
    left, right = (sent(*(text.format(loan) for text in both)) for loan in (1, 900))
    assert pair.after(left, right) == []
    deleted = sent("DELETE FROM tags WHERE tag = 'a'"), sent("DELETE FROM tags WHERE tag = 'b'")
    assert pair.after(*deleted) == ["other deleted rows tags"]


def test_a_change_of_another_row_is_found(pair: Pair) -> None:
    assert pair.after(member(1), member(400)) == []
    assert pair.after(member(2, "yves@example.com"), member(401, "yves@example.com")) == []
    change = "UPDATE members SET hits = 1 WHERE id = {}"
    found = pair.after(sent(change.format(1)), sent(change.format(401)))
    assert found == ["other changed rows members"]


def test_a_column_that_one_side_does_not_change_is_found(pair: Pair) -> None:
    assert pair.after(member(1), member(400)) == []
    left = sent(f"UPDATE members SET hits = 1, made_at = '{at(60)}'")
    found = pair.after(left, sent("UPDATE members SET hits = 1"))
    assert found == ["untouched rows members.made_at"]


def test_changes_to_a_row_of_one_side_are_ignored(pair: Pair) -> None:
    assert pair.after(member(1), member(400)) == []
    extra = sent("INSERT INTO members VALUES (401, 'Extra', NULL, 0, NULL)")
    assert pair.after(sent(), extra) == ["inserted rows members"]
    assert pair.after(sent(), sent("UPDATE members SET hits = 9 WHERE id = 401")) == []
    assert pair.after(sent(), loan(900, 401)) == []
    assert pair.after(sent(), sent("DELETE FROM members WHERE id = 401")) == []


def test_late_writes_are_awaited(pair: Pair) -> None:
    def late(session: sqlite3.Connection) -> None:
        def write() -> None:
            time.sleep(0.03)
            member(400)(session)

        threading.Thread(target=write).start()

    assert pair.after(member(1), late) == []


def test_writes_of_others_are_ignored(pair: Pair) -> None:
    assert pair.after(member(1), member(400)) == []
    pair.watch.is_stale = True
    member(2)(pair.sessions[0])
    assert pair.after(loan(1, 1), loan(900, 400)) == []


def test_a_large_table_is_left_out(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockstep.effects.sqlite.MOST_ROWS", 2)
    assert tables.MOST_ROWS > 2
    for number in range(3):
        member(number)(pair.sessions[0])
    assert pair.after(member(9), member(400)) == []
    assert pair.after(loan(1, 1), sent()) == ["inserted rows loans"]
    (said,) = pair.mirrors.notes
    assert said == "old: the rows of members are not compared: it has more than 2 rows"
