"""Schema revisions that would block or break running servers are rejected."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import indent

import psycopg
import pytest
from alembic.script import ScriptDirectory

from lockstep.openapi.document import Document
from suite.faults.files import Answer
from suite.faults.requests import Client
from suite.revisions import refusals
from testbed.paths import CONTRACT, PYTHON, ROOT
from testbed.servers import KINDS, TwinServer, environment, start_all
from testbed.stage import CLEAN, Stage

# The lock of `python/migrations/env.py`, which runs when it is imported.
TURN = 0x7461736B5F74696D
HEAD = str(ScriptDirectory(str(PYTHON / "migrations")).get_current_head())
REVISION = '''"""Planted."""

import sqlalchemy as sa
from alembic import op

revision = "planted"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Does what it is to be judged for."""
{statements}
'''
INI = """[alembic]
script_location = {migrations}
version_locations = {versions}:{planted}
path_separator = os
"""
CONCURRENTLY = 'op.create_index("planted", "tasks", ["status"], postgresql_concurrently=True)'
IN_BLOCK = "with op.get_context().autocommit_block():\n    "

REFUSED: Mapping[str, str] = {
    'op.add_column("tasks", sa.Column("a", sa.Text(), nullable=False))': "adding-required-field",
    'op.drop_column("tasks", "title")': "ban-drop-column",
    'op.alter_column("tasks", "title", new_column_name="a")': "renaming-column",
    'op.alter_column("tasks", "title", type_=sa.LargeBinary())': "changing-column-type",
    'op.alter_column("tasks", "due_at", nullable=False)': "adding-not-nullable-field",
    'op.create_index("a", "tasks", ["status"])': "require-concurrent-index-creation",
    'op.drop_index("sessions_revoked")': "require-concurrent-index-deletion",
    'op.create_check_constraint("a", "tasks", "length(title) > 1")': "constraint-missing-not-valid",
    'op.create_unique_constraint("a", "tasks", ["title"])': "disallowed-unique-constraint",
    'op.execute("DROP VIEW tracked_tasks")': "ban-drop-view",
    'op.drop_table("rate_limits")': "ban-drop-table",
    'op.rename_table("rate_limits", "a")': "renaming-table",
    CONCURRENTLY: "ban-concurrent-index-creation-in-transaction",
    IN_BLOCK + 'op.add_column("tasks", sa.Column("a", sa.Text()))': "unlimited-wait",
    'op.execute("SET lock_timeout = 0")\n'
    'op.add_column("tasks", sa.Column("a", sa.Text()))': "require-lock-timeout",
}
TAKEN = (
    'op.add_column("tasks", sa.Column("a", sa.Text()))',
    'op.add_column("tasks", sa.Column("a", sa.Text(), server_default="", nullable=False))',
    'op.create_table("a", sa.Column("id", sa.Uuid(), primary_key=True))',
    IN_BLOCK + CONCURRENTLY,
    'op.execute("-- squawk-ignore ban-drop-column\\nALTER TABLE tasks DROP COLUMN due_at")',
)
BOTH = f"{TAKEN[0]}\n{IN_BLOCK}{CONCURRENTLY}"


def plant(directory: Path, statements: str) -> Path:
    """Write a revision that follows the head revision."""
    text = REVISION.format(head=HEAD, statements=indent(statements, "    "))
    (directory / "planted.py").write_text(text, encoding="utf-8")
    return directory


def alembic(directory: Path, url: str, *arguments: str) -> "subprocess.Popen[str]":
    """Run Alembic with the planted revision as in production, without SECRET_KEY."""
    ini = directory / "alembic.ini"
    versions = PYTHON / "migrations/versions"
    text = INI.format(migrations=PYTHON / "migrations", versions=versions, planted=directory)
    ini.write_text(text, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", "-c", str(ini), *arguments],
        cwd=ROOT,
        env=environment(url, {"APP_ENV": "production"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def url(stage: Stage, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"revisions_{os.getpid()}_{abs(hash(request.node.name))}"
    yield stage.databases.create(name, template=CLEAN)
    stage.databases.drop(name)


def test_existing_revisions_are_accepted() -> None:
    assert list(map(str, refusals())) == []


@pytest.mark.parametrize(("statements", "rule"), REFUSED.items())
def test_blocking_or_breaking_revision_is_rejected(
    tmp_path: Path, statements: str, rule: str
) -> None:
    found = list(refusals(plant(tmp_path, statements), after=HEAD))
    assert rule in {each.rule for each in found}
    assert {each.revision for each in found} == {"planted"}


@pytest.mark.parametrize("statements", TAKEN)
def test_harmless_revision_is_accepted(tmp_path: Path, statements: str) -> None:
    assert list(map(str, refusals(plant(tmp_path, statements), after=HEAD))) == []


def test_concurrent_migrations_are_serialised(stage: Stage, tmp_path: Path) -> None:
    plant(tmp_path, BOTH)
    url = stage.databases.create("revisions_two")
    with psycopg.connect(url) as first:
        # As another process that migrates.
        first.execute(f"SELECT pg_advisory_xact_lock({TURN})")
        both = [alembic(tmp_path, url, "upgrade", "head") for _ in range(2)]
        for each in both:
            assert any("Waiting for another process" in line for line in each.stdout or ())
        assert first.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,)
    printed = [each.communicate(timeout=60)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0], printed
    with psycopg.connect(url) as connection:
        assert connection.execute("TABLE alembic_version").fetchall() == [("planted",)]
    stage.databases.drop("revisions_two")


def test_revision_waiting_for_a_lock_does_not_block_queries(url: str, tmp_path: Path) -> None:
    plant(tmp_path, TAKEN[0])
    with psycopg.connect(url) as reader, psycopg.connect(url, autocommit=True) as observer:
        reader.execute("SELECT 1 FROM tasks")
        process = alembic(tmp_path, url, "-x", "lock_timeout=300ms", "upgrade", "head")
        deadline = time.monotonic() + 30
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'ALTER'"
        while not observer.execute(waits).fetchone():
            assert time.monotonic() < deadline
        observer.execute("SET statement_timeout = '10s'")
        # Granted once the revision has timed out.
        observer.execute("SELECT 1 FROM tasks")
        assert process.poll() is None
        reader.rollback()
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0, printed


def test_invalid_database_url_is_reported(tmp_path: Path) -> None:
    plant(tmp_path, TAKEN[0])
    process = alembic(tmp_path, "mysql://x", "upgrade", "head")
    printed, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "DATABASE_URL: must look like postgresql://" in printed
    assert "Traceback" not in printed


def test_running_servers_work_with_the_newest_schema(url: str, tmp_path: Path) -> None:
    """Both twins respond as before during and after the migration."""
    plant(tmp_path, BOTH)
    document = Document.load(CONTRACT)
    servers = [TwinServer(kind, url, tmp_path / f"{kind}.log") for kind in KINDS]
    with start_all(servers), ThreadPoolExecutor() as threads:
        clients = [Client(server.port or 0, document, secrets=[]) for server in servers]
        for client in clients:
            client.prepare()
        migrating = alembic(tmp_path, url, "upgrade", "head")
        migrated = threads.submit(migrating.communicate, timeout=60)
        asked = [
            Answer("createTask", (201,), 5, json={"title": "a"}),
            Answer("listTasks", (200,), 5),
            Answer("getReadiness", (200,), 5, user=False),
        ]
        is_done = False
        while not is_done:
            is_done = migrated.done()
            for client in clients:
                for wanted, reply in client.send_all(asked):
                    assert reply.status in wanted.statuses, f"{wanted.operation}: {reply}"
        assert migrating.returncode == 0, migrated.result()[0]
        assert urllib.request.urlopen(f"{servers[0].base_url}/ready").status == 200
