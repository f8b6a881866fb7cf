"""The command `lockstep replay`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from lockstep.warrant import load_warrant

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


def test_a_finding_is_reproduced_on_servers_with_the_fault(report: Path, servers: Servers) -> None:
    assert replay(report, servers("elapsed")).exit_code == 1


def test_a_finding_is_fixed_on_servers_without_the_fault(
    report: Path, servers: Servers, tmp_path: Path
) -> None:
    written = tmp_path / "again.json"
    result = replay(report, servers(), f"--json={written}")
    assert result.exit_code == 0, result.output
    operations = json.loads(written.read_text())["operations"]
    assert operations["closeNote"]["statuses"]["right"] == {"200": 1}


def test_a_replay_can_be_repeated_on_the_same_targets(report: Path, servers: Servers) -> None:
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
def test_an_invalid_recording_exits_with_2(
    tmp_path: Path, servers: Servers, text: str, options: list[str], message: str
) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    result = replay(path, servers(), *options)
    assert result.exit_code == 2
    assert message in result.output


def test_an_unreachable_target_exits_with_2(report: Path) -> None:
    result = replay(report, [Target("gone", "http://127.0.0.1:1")])
    assert result.exit_code == 2
    assert "gone at http://127.0.0.1:1: refused" in result.output


def test_a_replay_reports_its_evidence_for_each_route(
    report: Path, servers: Servers, tmp_path: Path
) -> None:
    files = [tmp_path / f"warrant.{ending}" for ending in ("json", "html", "md")]
    options = [f"--warrant={file}" for file in files]
    assert replay(report, servers("elapsed"), *options).exit_code == 1
    warrant = load_warrant(str(files[0]))
    created, closed = warrant.route("createNote"), warrant.route("closeNote")
    assert created is not None
    assert closed is not None
    # Repetitions to confirm a finding do not count as traffic.
    assert (created.requests, created.alike, created.diverged) == (1, 1, 0)
    assert (closed.requests, closed.alike, closed.diverged) == (1, 0, 1)
    assert "seconds" in closed.findings[0].sentence
    assert set(closed.latency) == {"left", "right"}
    assert warrant.targets == ("left", "right")
    for file in files[1:]:
        assert "1 compared, 1 diverged: below 100 % with 95 %" in file.read_text(), file


def test_a_single_target_is_compared_with_the_recording(servers: Servers, tmp_path: Path) -> None:
    har = tmp_path / "session.har"
    har.write_text(json.dumps(recorded("/metrics", "x_total 2\n")))
    written = tmp_path / "warrant.json"
    replay(har, servers()[:1], f"--warrant={written}")
    warrant = load_warrant(str(written))
    route = warrant.route("getMetrics")
    assert warrant.targets == ("recorded", "left")
    assert route is not None
    assert route.compared == 1


def recorded(path: str, text: str) -> dict[str, Any]:
    """Return a recording with one read."""
    entry = {
        "startedDateTime": "2026-01-01T00:00:00Z",
        "request": {
            "method": "GET",
            "url": f"http://recorded.example{path}",
            "httpVersion": "HTTP/1.1",
            "headers": [],
        },
        "response": {
            "status": 200,
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Content-Type", "value": "text/plain"}],
            "content": {"text": text, "mimeType": "text/plain"},
        },
    }
    return {"log": {"version": "1.2", "entries": [entry]}}
