"""The commands of both twins have the same output, exit status and effect on the database."""

import fcntl
import json
import os
import pty
import subprocess
import termios
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from testbed.commands import manage, manage_command
from testbed.migrations import ADMIN
from testbed.paths import CONTRACT_TESTS, WITHOUT_ENV_FILE
from testbed.servers import KINDS, TEST_SETTINGS, Kind, TwinServer, environment
from testbed.stage import Stage

GROWTH = CONTRACT_TESTS / "growth.sql"
ROWS: tuple[LiteralString, ...] = (
    "SELECT id, email, role, created_at, updated_at FROM users ORDER BY id",
    "SELECT * FROM tasks ORDER BY id",
    "SELECT * FROM time_entries ORDER BY id",
    "SELECT id, session_id FROM refresh_tokens ORDER BY id",
    "SELECT id, user_id, revoked_at IS NULL FROM sessions ORDER BY id",
    "SELECT user_id, key FROM idempotency_records ORDER BY key",
    "SELECT key, hits FROM rate_limits ORDER BY key",
)
RAISE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'raised by a test' USING ERRCODE = TG_ARGV[0];
END $$;
"""
FULL_DISK = f"""{RAISE}
CREATE TRIGGER full_disk BEFORE INSERT ON time_entries EXECUTE FUNCTION refuse('53100')
"""
UNEXPECTED = f"""{RAISE}
CREATE TRIGGER unexpected BEFORE INSERT ON users EXECUTE FUNCTION refuse('P0001')
"""
SEEN = """
CREATE TABLE seen (statement_timeout text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen SELECT current_setting('statement_timeout');
    RETURN NULL;
END $$;
CREATE TRIGGER seeing AFTER INSERT ON users EXECUTE FUNCTION see()
"""
PRODUCTION = {"APP_ENV": "production"}
NOWHERE = {"DATABASE_URL": "postgresql://postgres@127.0.0.1:1/nowhere"}
CREATE_ADMIN = ("create-admin", "--email", ADMIN.email, "--password", ADMIN.password)
REFUSED: list[tuple[int, tuple[str, ...], dict[str, str]]] = [
    (2, ("create-admin", "--email", "root", "--password", "x"), {}),
    (2, ("create-admin", "--email", "root@example.com", "--password", "1234567"), {}),
    (2, ("create-admin", "--email", "ä@example.com", "--password", "correct horse"), {}),
    (1, ("seed",), PRODUCTION),
    (2, ("seed",), {"APP_ENV": "staging", "PORT": "0"}),
    (2, ("prune",), {"CONTRACT_PATH": "nowhere.yaml"}),
    (1, ("prune",), NOWHERE),
    (1, CREATE_ADMIN, NOWHERE),
    (1, ("seed",), NOWHERE),
]
# Python shows the text before it reads, and the space once it does.
PROMPTS: dict[Kind, bytes] = {"python": b"Password: ", "node": b"Password:"}
SECONDS = 60

Urls = dict[Kind, str]


@pytest.fixture
def urls(stage: Stage) -> Iterator[Urls]:
    """A migrated database for each twin."""
    names: dict[Kind, str] = {kind: f"commands_{kind}" for kind in KINDS}
    yield {kind: stage.databases.create(name, template="migrated") for kind, name in names.items()}
    for name in names.values():
        stage.databases.drop(name)


def run(urls: Urls, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Run a command of both twins; return their common exit status, stdout and stderr."""
    python, node = (manage(kind, arguments, urls[kind], settings) for kind in KINDS)
    result = (python.returncode, python.stdout, python.stderr)
    assert (node.returncode, node.stdout, node.stderr) == result
    return result


def rows(urls: Urls) -> list[list[tuple[object, ...]]]:
    """Return the rows of all tables, which must be equal in both databases."""
    python, node = ([_selected(urls[kind], query) for query in ROWS] for kind in KINDS)
    assert node == python
    return python


def _selected(url: str, query: LiteralString) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def test_sample_data_are_equal(urls: Urls) -> None:
    assert run(urls, "seed") == (0, "users: 3\ntasks: 9\ntime_entries: 39\n", "")
    before = rows(urls)
    assert run(urls, "seed") == (0, "users: 0\ntasks: 0\ntime_entries: 0\n", "")
    assert rows(urls) == before


def test_sample_data_are_inserted_as_a_whole(urls: Urls) -> None:
    for url in urls.values():
        with psycopg.connect(url) as connection:
            connection.execute(FULL_DISK)
    before = rows(urls)
    assert run(urls, "seed") == (1, "", "the database is unavailable\n")
    assert rows(urls) == before


def test_unexpected_error_is_no_outage(urls: Urls) -> None:
    for kind in KINDS:
        with psycopg.connect(urls[kind]) as connection:
            connection.execute(UNEXPECTED)
        ended = manage(kind, CREATE_ADMIN, urls[kind], {})
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "raised by a test" in ended.stderr
        assert _selected(urls[kind], "SELECT FROM users") == []


def test_statements_of_commands_may_take_a_minute(urls: Urls) -> None:
    """Whatever the limit of requests is."""
    for url in urls.values():
        with psycopg.connect(url) as connection:
            connection.execute(SEEN)
    assert run(urls, *CREATE_ADMIN, DATABASE_TIMEOUT_MS="500") == (0, "", "")
    seen = "SELECT statement_timeout FROM seen"
    assert [_selected(url, seen) for url in urls.values()] == [[("1min",)]] * 2


def test_prune_leaves_the_same_rows(urls: Urls) -> None:
    for url in urls.values():
        with psycopg.connect(url) as connection:
            connection.execute("SET growth.tasks = 10000; SET growth.entries = 20000")
            connection.execute(GROWTH.read_bytes())
    status, printed, _ = run(urls, "prune")
    assert status == 0
    assert "refresh_tokens: 7000\n" in printed
    # Beside the user with many tasks there is one with a single task and a tenth of the entries.
    counts = [5000, 10_001, 22_000, 5000, 5000, 2500, 2500]
    assert [len(table) for table in rows(urls)] == counts


def test_admin_created_by_one_twin_logs_in_at_the_other(urls: Urls, tmp_path: Path) -> None:
    assert run(urls, *CREATE_ADMIN) == (0, "", "")
    assert run(urls, *CREATE_ADMIN)[0] == 1
    others: dict[Kind, Kind] = {"python": "node", "node": "python"}
    for kind, other in others.items():
        with TwinServer(kind, urls[other], tmp_path / kind) as server:
            body = json.dumps({"email": ADMIN.email, "password": ADMIN.password}).encode()
            request = urllib.request.Request(server.base_url + "/api/v1/auth/login", body)
            request.add_header("Content-Type", "application/json")
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.status == 200


def typed(kind: Kind, url: str, keys: str) -> tuple[int, str]:
    """Create an admin at a terminal, pressing keys at the prompt; return exit status and output."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    process = subprocess.Popen(
        [*manage_command(kind), "create-admin", "--email", ADMIN.email],
        cwd=WITHOUT_ENV_FILE,
        env=environment(url, TEST_SETTINGS),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    shown = b""
    while PROMPTS[kind] not in shown:
        shown += os.read(ours, 1024)
    os.write(ours, keys.encode())
    # On Linux its end is an error.
    with suppress(OSError):
        while part := os.read(ours, 1024):
            shown += part
    os.close(ours)
    return process.wait(SECONDS), shown.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_password_is_asked_for_at_a_terminal(urls: Urls, kind: Kind) -> None:
    status, shown = typed(kind, urls[kind], f"{ADMIN.password}\r")
    assert status == 0, shown
    assert ADMIN.password not in shown
    admins = "SELECT email, role FROM users"
    assert _selected(urls[kind], admins) == [(ADMIN.email, "admin")]


@pytest.mark.parametrize("kind", KINDS)
def test_command_is_aborted_at_the_prompt(urls: Urls, kind: Kind) -> None:
    status, shown = typed(kind, urls[kind], "\x03")
    assert (status, "Aborted!" in shown) == (1, True)
    assert _selected(urls[kind], "SELECT FROM users") == []


@pytest.mark.parametrize(("status", "arguments", "settings"), REFUSED)
def test_rejections_are_equal(
    urls: Urls, status: int, arguments: tuple[str, ...], settings: dict[str, str]
) -> None:
    before = rows(urls)
    refused, printed, complaint = run(urls, *arguments, **settings)
    assert (refused, printed) == (status, "")
    assert complaint.endswith("\n")
    assert rows(urls) == before


@pytest.mark.parametrize(
    "arguments", [("vacuum",), ("help",), ("prune", "--all"), ("create-admin",)]
)
def test_usage_errors_have_the_same_exit_status(urls: Urls, arguments: tuple[str, ...]) -> None:
    """The output comes from the command-line library and may differ."""
    assert [manage(kind, arguments, urls[kind], {}).returncode for kind in KINDS] == [2, 2]


@pytest.mark.parametrize("command", ["", "create-admin", "prune", "seed"])
def test_help_texts_are_equal(urls: Urls, command: str) -> None:
    """Every sentence and option of Python's help is in Node's; the layout may differ."""
    arguments = (command, "--help") if command else ("--help",)
    python, node = (manage(kind, arguments, urls[kind], {}) for kind in KINDS)
    assert (python.returncode, node.returncode) == (0, 0)
    _, *said = python.stdout.split("\n\n")
    words = {word for part in said for word in part.split()}
    assert words - set(node.stdout.split()) <= {"TEXT", "[required]"}
