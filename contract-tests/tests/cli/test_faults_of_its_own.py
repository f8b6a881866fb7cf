"""Internal errors: a run names what failed, continues with the rest, and still reports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fixtures.notes_server import DOCUMENT

from lockstep.cli import main
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]

# Where exceptions are planted, and the text expected in the report.
PLACES = [
    ("lockstep.openapi.conformance.Conformance.check", "cannot be validated against the document"),
    ("lockstep.compare.answers.Comparer.compare", "cannot be compared"),
    ("lockstep.exchange.triage.Triage.sort", "cannot be compared"),
    ("lockstep.results.condition_reader.ConditionReader.read", "cannot be determined"),
    ("lockstep.drivers.walk.driver._Walk._make", "walk, createNote: left out"),
    ("lockstep.drivers.walk.reader.Reader.read", "left out"),
    ("lockstep.drivers.walk.driver._Walk.run", "walk: ended early"),
    ("lockstep.drivers.probes.driver.resource_probes", "left out"),
    ("lockstep.drivers.probes.trial.Trial.send", "not sent or not judged"),
    ("lockstep.drivers.fuzz.transport.ExchangeTransport._actor", "planted"),
    ("lockstep.drivers.races.repeats._Repeats.run", "not judged"),
    ("lockstep.confirm.reproducer.Reproducer.first_shown", "cannot be reproduced"),
    ("lockstep.session.cluster", "the findings cannot be reproduced"),
    ("lockstep.explain.cluster", "findings with one cause cannot be grouped"),
    ("lockstep.explain.Explainer._fill", "cannot be explained"),
    ("lockstep.report.data.step_data", "no steps are shown"),
    ("lockstep.self_check.self_differences", "not compared with itself"),
]
# These leave no verdict, but still a report.
LAST = [
    (
        "lockstep.results.coverage.Coverage.not_tested",
        "no verdict, because of an internal error of lockstep",
    ),
    ("lockstep.session.untested", "no verdict, because of an internal error of lockstep"),
    ("lockstep.run.Run.walk", "an internal error of lockstep: KeyError: 'planted'"),
]


def broken(*_args: object, **_more: object) -> Any:
    """Raise the planted exception."""
    raise KeyError("planted")


def lockstep(servers: list[Target], report: Path, *options: str) -> Result:
    """The result of the command, with a JSON report."""
    targets = [f"--target={server.name}={server.base_url}" for server in servers]
    given = ["run", str(DOCUMENT), *targets, f"--json={report}", "--phase=coverage", *options]
    done = CliRunner().invoke(main, given)
    assert "Traceback" not in done.output
    return done


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable slow stages."""
    monkeypatch.setattr("lockstep.run.Run.general_traps", lambda *_: None)


@pytest.mark.parametrize(("place", "said"), PLACES)
def test_internal_error_is_isolated_and_reported(
    tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch, place: str, said: str
) -> None:
    monkeypatch.setattr(place, broken)
    report = tmp_path / "report.json"
    done = lockstep(servers("leak"), report)
    data = json.loads(report.read_text())
    assert done.exit_code == data["exit_code"]
    assert done.exit_code in (1, 2), done.output
    notes = [text for text in data["not_judged"] if "planted" in text or "broken" in text]
    assert any(said in text for text in notes), data["not_judged"]
    stages = [stage["title"] for stage in data["stages"]]
    assert "confirming" in stages


@pytest.mark.parametrize(("place", "said"), LAST)
def test_findings_are_reported_after_a_fatal_internal_error(
    tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch, place: str, said: str
) -> None:
    monkeypatch.setattr(place, broken)
    report = tmp_path / "report.json"
    done = lockstep(servers("leak"), report)
    data = json.loads(report.read_text())
    assert (done.exit_code, data["verdict"]) == (2, "could not run")
    assert said in " ".join(data["problems"])


def test_unwritable_report_does_not_prevent_the_others(
    tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules["lockstep.report.forms"].FORMS, "html", broken)
    report = tmp_path / "report.json"
    folder = tmp_path / "folder"
    folder.mkdir()
    done = lockstep(
        servers(), report, f"--html={tmp_path / 'page.html'}", f"--junit={folder}", "--no-fuzz"
    )
    assert done.exit_code == 2
    assert "page.html cannot be written: KeyError: 'planted'" in done.stderr
    assert f"{folder} cannot be written: is a directory" in done.stderr
    assert json.loads(report.read_text())["title"]


def test_run_without_comparisons_is_not_tested(
    tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockstep.compare.answers.Comparer.compare", broken)
    report = tmp_path / "report.json"
    done = lockstep(servers(), report)
    assert (done.exit_code, json.loads(report.read_text())["verdict"]) == (2, "not tested")
    assert "exchanges, which could not be compared" in done.output


def test_single_internal_error_does_not_change_the_verdict(
    tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockstep.drivers.walk.driver._Walk._confuse", broken)
    report = tmp_path / "report.json"
    done = lockstep(servers(), report)
    assert (done.exit_code, json.loads(report.read_text())["verdict"]) == (0, "alike")


def test_debug_option_prints_the_traceback(
    tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockstep.drivers.walk.driver._Walk._confuse", broken)
    targets = [f"--target={server.name}={server.base_url}" for server in servers()]
    options = [f"--json={tmp_path / 'r.json'}", "--phase=examples", "--debug"]
    done = CliRunner().invoke(main, ["run", str(DOCUMENT), *targets, *options])
    assert "in broken" in done.stderr


@pytest.mark.parametrize(
    ("place", "arguments"),
    [
        ("lockstep.cli.diff.compare", ["diff", str(DOCUMENT), str(DOCUMENT)]),
        ("lockstep.cli.traps.load_catalogue", ["traps", "--list"]),
        ("lockstep.cli.report.load_schema", ["report", "--schema"]),
    ],
)
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("planted"), "lockstep: an internal error of lockstep: KeyError: 'planted'"),
        (KeyboardInterrupt(), "lockstep: interrupted"),
    ],
)
def test_internal_error_of_every_command_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    arguments: list[str],
    error: BaseException,
    said: str,
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(place, fail)
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, done.stderr.strip()) == (2, said)


def test_ctrl_c_that_a_library_takes_for_itself_is_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, servers: Servers
) -> None:
    def swallow(*_args: object, **_more: object) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("lockstep.run.Run.fuzz", swallow)
    targets = [f"--target={server.name}={server.base_url}" for server in servers()]
    report = tmp_path / "r.json"
    done = CliRunner().invoke(main, ["run", str(DOCUMENT), *targets, f"--json={report}"])
    assert done.exit_code == 2
    problems = json.loads(report.read_text())["problems"]
    assert "interrupted: reporting the results so far" in problems


def test_ctrl_c_reports_the_findings(tmp_path: Path, servers: Servers) -> None:
    report = tmp_path / "report.json"
    targets = [f"--target={server.name}={server.base_url}" for server in servers("leak")]
    command = [sys.executable, "-m", "lockstep", "run", str(DOCUMENT), *targets]
    process = subprocess.Popen(
        [*command, f"--json={report}", "--profile=deep"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr is not None
    while b"generated" not in process.stderr.readline():
        pass
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(120) == 2
    assert b"Traceback" not in said
    data = json.loads(report.read_text())
    assert data["verdict"] == "could not run"
    assert "interrupted: reporting the results so far" in data["problems"]
    assert data["findings"] or data["seen_once"]
