"""Rows are compared, also if all responses are equal; differences are a single sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from fixtures.loans_server import DOCUMENT, FAULTS, Store, loans

from lockstep.cli import main
from lockstep.confirm import ShrinkSettings
from lockstep.report.data import as_data
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.targets import Target
from testbed.databases import Databases, open_databases

Addresses = Callable[[], tuple[str, str]]

# The place where each fault shows, and a part of its sentence.
SIGNS = {
    "cost": ("addMember", "rows members.password_hash", "is hashed with"),
    "count": ("giveBack", "rows members.loan_count", "is changed in old, but not in new"),
    "double": ("lend", "rows loans", "2 rows inserted into `loans` in new, but 1 row in old"),
    "empty_shelf": ("lend", "rows loans.shelf", "column `loans.shelf` is null in new"),
    "extra_log": ("addMember", "rows events", "inserted into `events` in new"),
    "late_due": ("lend", "rows loans.due_at", "column `loans.due_at` is"),
    "orphan": ("removeMember", "rows loans", "leaves rows behind in `loans` in new"),
    "other_member": ("lend", "rows loans.member_id", "column `loans.member_id` is"),
    "shelf": ("lend", "rows loans.shelf", "column `loans.shelf` is"),
    "untouched": ("renameMember", "rows members.updated_at", "changed in old, but not in new"),
    "wrong_event": ("addMember", "rows events.what", '"left" in new, but "joined" in old'),
}


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """PostgreSQL databases."""
    with open_databases() as (databases, _):
        yield databases


@pytest.fixture
def postgresql(databases: Databases) -> Iterator[Addresses]:
    """A function that creates two empty PostgreSQL databases, and returns their URLs."""
    names = "loans_left", "loans_right"
    yield lambda: (databases.create(names[0]), databases.create(names[1]))
    for name in names:
        if databases.exists(name):
            databases.drop(name)


@pytest.fixture
def sqlite(tmp_path: Path) -> Addresses:
    """Two SQLite files that do not exist yet."""
    return lambda: (f"sqlite:///{tmp_path}/left.db", f"sqlite:///{tmp_path}/right.db")


@pytest.fixture(params=["postgresql", "sqlite"])
def addresses(request: pytest.FixtureRequest) -> Addresses:
    """Two databases of either kind."""
    found: Addresses = request.getfixturevalue(request.param)
    return found


def walk(targets: list[Target]) -> dict[str, Any]:
    """Return the report of a walk and of the probes."""
    confirm = ShrinkSettings(seconds=300)
    run = Run(Settings(document=DOCUMENT, require_coverage=False, confirm=confirm))
    run.confirms_at_the_end = True
    run.walk(targets)
    run.probe(targets)
    run.confirm_all(targets)
    return as_data(run.finish())


def compare(targets: list[Target], folder: Path, *more: str) -> dict[str, Any]:
    """Return the report of `lockstep run` with a configuration of the databases."""
    toml = "".join(
        f'[[targets]]\nname = "{each.name}"\nurl = "{each.base_url}"\n'
        + (f'[targets.effects]\ndatabase = "{each.database}"\n' if each.database else "")
        for each in targets
    )
    configuration = folder / "lockstep.toml"
    configuration.write_text("".join((*more, toml)))
    options = ("--phase=examples", "--profile=quick", "--json=-")
    arguments = ["run", str(DOCUMENT), f"--config={configuration}", *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def effects(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the findings on rows."""
    return [one for one in report["findings"] if one["category"] == "effects"]


def test_two_sound_servers_write_equal_rows(addresses: Addresses) -> None:
    with loans(*addresses()) as targets:
        report = walk(targets)
    assert report["verdict"] == "alike", report["findings"]
    assert not [one for one in report["not_judged"] if "row" in one]
    assert [one["where"] for one in report["noise"]] == ["rows members.color"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_row_is_found(fault: str, postgresql: Addresses) -> None:
    operation, where, said = SIGNS[fault]
    with loans(*postgresql(), fault) as targets:
        findings = walk(targets)["findings"]
    (found,) = findings
    assert (found["operation"], found["where"]) == (operation, where)
    assert (found["category"], found["class"]) == ("effects", "effects")
    assert said in found["sentence"]
    assert found["reproduced"], found
    assert found["steps"][-1]["effects"]["new"]


@pytest.mark.parametrize("fault", ["cost", "double"])
def test_a_wrong_row_in_sqlite_is_found_too(fault: str, sqlite: Addresses) -> None:
    with loans(*sqlite(), fault) as targets:
        (found,) = walk(targets)["findings"]
    assert found["where"] == SIGNS[fault][1]


def test_responses_alone_do_not_show_the_faults(sqlite: Addresses) -> None:
    with loans(*sqlite(), *(set(FAULTS) - {"orphan", "other_member"})) as targets:
        for target in targets:
            target.database = None
        report = walk(targets)
    assert report["verdict"] == "alike", report["findings"]


def test_a_stored_secret_is_not_shown(sqlite: Addresses, tmp_path: Path) -> None:
    with loans(*sqlite(), "cost") as targets:
        text = json.dumps(compare(targets, tmp_path))
    assert "pbkdf2_sha256$1024$(16 characters)$(64 characters)" in text
    assert "pbkdf2_sha256$1024$0" not in text


def test_an_unreachable_database_is_reported_in_one_sentence(
    tmp_path: Path, sqlite: Addresses
) -> None:
    with loans(*sqlite()) as targets:
        targets[1].database = "postgresql://nobody:Secret-9@127.0.0.1:1/none"
        report = compare(targets, tmp_path)
    assert report["verdict"] == "alike"
    (said,) = [one for one in report["not_judged"] if "rows" in one]
    assert said.startswith("new: its rows are not compared: ")
    assert "Secret-9" not in json.dumps(report)


def test_a_target_without_a_database_is_reported(tmp_path: Path, sqlite: Addresses) -> None:
    with loans(*sqlite()) as targets:
        targets[1].database = None
        report = compare(targets, tmp_path)
    assert (
        "rows are not compared: not every target has a database configured" in report["not_judged"]
    )


def test_tables_and_columns_of_one_side_are_reported(tmp_path: Path, sqlite: Addresses) -> None:
    with loans(*sqlite(), "shelf") as targets:
        old, new = (Store(str(target.database)) for target in targets)
        old.run("ALTER TABLE events ADD COLUMN place TEXT DEFAULT 'here'")
        old.run("CREATE TABLE stamps (id INTEGER PRIMARY KEY)")
        new.run("CREATE TABLE visits (id INTEGER PRIMARY KEY)")
        report = compare(targets, tmp_path)
    assert [one for one in report["not_judged"] if one.startswith("rows: ")] == [
        "rows: the column events.place exists in old only: not compared",
        "rows: the table stamps exists in old only: not compared",
        "rows: the table visits exists in new only: not compared",
    ]
    assert [one["where"] for one in effects(report)] == ["rows loans.shelf"]


def test_a_table_without_read_permission_is_reported(postgresql: Addresses, tmp_path: Path) -> None:
    left, right = postgresql()
    with loans(left, right) as targets:
        with closing(psycopg.connect(left, autocommit=True)) as session:
            session.execute("DROP ROLE IF EXISTS reader")
            session.execute("CREATE ROLE reader LOGIN PASSWORD 'Secret-9'")
            session.execute("GRANT SELECT ON loans, events TO reader")
        targets[0].database = _as_reader(left)
        report = compare(targets, tmp_path)
    reason = "the database user is not allowed to read it"
    assert f"old: the rows of members are not compared: {reason}" in report["not_judged"]
    assert report["verdict"] == "alike"


def test_rules_can_ignore_a_column(sqlite: Addresses, tmp_path: Path) -> None:
    rule = '[[rules]]\nwhere = "rows loans.shelf"\nignore = true\nreason = "sorted anew"\n'
    with loans(*sqlite(), "shelf") as targets:
        report = compare(targets, tmp_path, rule)
    assert report["verdict"] == "alike"


def _as_reader(url: str) -> str:
    host = url.rpartition("@")[2]
    return f"postgresql://reader:Secret-9@{host}"
