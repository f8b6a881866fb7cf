"""Whole runs: findings, coverage and exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from fixtures.notes_server import DOCUMENT

from lockstep.cli import main
from lockstep.drivers.fuzz.settings import FuzzSettings
from lockstep.run import Run, RunError
from lockstep.settings import Settings
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]


def test_fuzzing_correct_servers_finds_no_difference(settings: Settings, servers: Servers) -> None:
    amounts = FuzzSettings(max_examples=3, stateful_rounds=2, stateful_examples=3, stateful_steps=4)
    run = Run(replace(settings, fuzz=amounts))
    stage = run.fuzz(servers())
    verdict = run.finish()
    assert [found for found in verdict.findings if found.category == "parity"] == []
    assert verdict.problems == []
    assert stage.exchanges > 200
    assert stage.requests == 2 * stage.exchanges
    seen = verdict.coverage.operations
    assert {200, 401, 404} <= seen["getNote"].statuses["right"].keys()


def test_fuzzing_finds_a_difference_and_its_sequence(settings: Settings, servers: Servers) -> None:
    amounts = FuzzSettings(phases=("coverage",))
    run = Run(replace(settings, fuzz=amounts))
    run.fuzz(servers("limit"))
    verdict = run.finish()
    (found,) = [found for found in verdict.findings if found.where == "body /data"]
    assert (verdict.exit_code, found.operation, found.kind) == (1, "listNotes", "length")
    assert found.sequence[0].label == "registerUser"


def test_missing_coverage_fails_the_run_unless_exempt(settings: Settings, servers: Servers) -> None:
    run = Run(replace(settings, require_coverage=True, exempt=frozenset({("*", 412)})))
    left, right = servers()
    run.ledger.coverage.saw("getNote", "left", 404)
    run.ledger.coverage.saw("getNote", "right", 200)
    verdict = run.finish()
    missing = {(missing.operation, missing.status): missing.targets for missing in verdict.missing}
    assert missing["getNote", 200] == (left.name,)
    assert missing["getNote", 404] == (right.name,)
    assert ("updateNote", 412) not in missing
    assert verdict.exit_code == 1
    assert verdict.covered[0] + len(missing) == verdict.covered[1]


def test_unreachable_target_raises_a_run_error(run: Run) -> None:
    with pytest.raises(RunError, match=r"gone at http://127\.0\.0\.1:1: refused"):
        run.reach([Target("gone", "http://127.0.0.1:1")], "/metrics")


def test_command_compares_two_servers(tmp_path: Path, servers: Servers) -> None:
    targets = [f"--target={target.name}={target.base_url}" for target in servers("leak")]
    report = tmp_path / "build" / "report.json"
    arguments = [
        "run",
        str(DOCUMENT),
        *targets,
        "--phase=fuzzing",
        "--profile=quick",
        f"--json={report}",
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code in (0, 1), result.output
    assert json.loads(report.read_text())["exit_code"] == result.exit_code


@pytest.mark.parametrize(
    "targets",
    [["--target=a=http://127.0.0.1:1"], ["--target=a=nonsense"], []],
)
def test_command_exits_with_2_if_it_cannot_run(targets: list[str]) -> None:
    result = CliRunner().invoke(main, ["run", str(DOCUMENT), *targets])
    assert result.exit_code == 2


def test_target_that_stops_responding_ends_the_stage_but_not_the_report(
    settings: Settings, servers: Servers
) -> None:
    left, _ = servers()
    run = Run(replace(settings, actors=()))
    run.fuzz([left, Target("gone", "http://127.0.0.1:1")])
    verdict = run.finish()
    assert verdict.exit_code == 2
    assert "gone at http://127.0.0.1:1 has stopped responding" in verdict.problems[-1]
    assert {(found.kind, found.verdict) for found in verdict.findings} >= {
        ("outcome", "gone wrong"),
    }
    broken = {rule.kind for found in verdict.findings for rule in found.breaks}
    assert broken == {"no_response"}
