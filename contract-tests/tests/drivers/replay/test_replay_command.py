"""`lockstep replay` as a command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fixtures.notes_server import DOCUMENT

from lockstep.cli import main
from lockstep.drivers.stories.files import read_story
from lockstep.openapi.document import Document
from lockstep.report.data import as_data
from lockstep.report.forms import write
from lockstep.run import Run
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]

STORY = """
name: a note is closed
about: What the report shows is played again.
actors: [alice]
steps:
  - { operation: createNote, json: { text: ONE }, expect: { status: 201 }, save: { one: body } }
  - { operation: closeNote, path: { note_id: '${one.id}' }, expect: { status: 200 } }
"""


def replay(path: Path, targets: list[Target], *options: str) -> Result:
    names = [f"--target={target.name}={target.base_url}" for target in targets]
    return CliRunner().invoke(main, ["replay", str(path), str(DOCUMENT), *names, *options])


@pytest.fixture
def report(tmp_path: Path, run: Run, document: Document, servers: Servers) -> Path:
    """The report of a run that has found one difference."""
    run.play_stories([read_story(STORY, document)], servers("elapsed"), "lockstep")
    path = tmp_path / "report.json"
    write(as_data(run.finish()), "json", path)
    assert len(json.loads(path.read_text())["findings"]) == 1
    return path


def test_a_finding_shows_again_on_servers_like_those(report: Path, servers: Servers) -> None:
    assert replay(report, servers("elapsed")).exit_code == 1


def test_a_finding_is_gone_where_the_fault_is(
    report: Path, servers: Servers, tmp_path: Path
) -> None:
    written = tmp_path / "again.json"
    result = replay(report, servers(), f"--json={written}")
    assert result.exit_code == 0, result.output
    operations = json.loads(written.read_text())["operations"]
    assert operations["closeNote"]["statuses"]["right"] == {"200": 1}


def test_the_same_targets_can_be_asked_twice(report: Path, servers: Servers) -> None:
    targets = servers()
    assert [replay(report, targets).exit_code for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("nonsense", [], "not one of HAR file"),
        ("{}", ["--finding=2"], "not a finding with steps"),
        ("{}", ["--header=nonsense"], "is not 'NAME: VALUE'"),
    ],
)
def test_what_cannot_be_played_ends_with_two(
    tmp_path: Path, servers: Servers, text: str, options: list[str], message: str
) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    result = replay(path, servers(), *options)
    assert result.exit_code == 2
    assert message in result.output


def test_a_target_that_is_not_there_ends_with_two(report: Path) -> None:
    result = replay(report, [Target("gone", "http://127.0.0.1:1")])
    assert result.exit_code == 2
    assert "gone at http://127.0.0.1:1: refused" in result.output
