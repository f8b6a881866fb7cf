"""The command `lockstep cutover`: its output, files and exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result
from fixtures.cutover import READ, Stand, standing

from lockstep.cli.cutover import cutover
from lockstep.cutover.state import StateFile
from lockstep.schemas import load_schema


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Two judges, a Caddy, and a folder for the plan."""
    with standing(tmp_path) as made:
        yield made


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cutover, [str(each) for each in arguments])


REPORT = jsonschema_rs.validator_for(load_schema("cutover_report"))


def test_a_ramp_that_arrives_exits_with_0(stand: Stand) -> None:
    page, summary = stand.folder / "cutover.html", stand.folder / "cutover.md"
    run_ = run(stand.plan(), "--json", "-", "--html", page, "--markdown", summary)
    assert run_.exit_code == 0, run_.output
    data = json.loads(run_.stdout)
    REPORT.validate(data)
    assert (data["ending"], data["percent"]) == ("arrived", 100)
    assert (data["from"], data["to"], data["cause"]) == ("old", "new", None)
    assert "Arrived: new has all traffic." in page.read_text(encoding="utf-8")
    assert f"| {READ} |" in summary.read_text(encoding="utf-8")
    again = run(stand.plan())
    assert (again.exit_code, again.stdout.splitlines()[0]) == (0, "Arrived: new has all traffic.")


def test_a_ramp_that_went_back_exits_with_1_and_says_why(stand: Stand) -> None:
    def diverging() -> None:
        stand.serves()
        if stand.caddy.share and not stand.new.routes[READ].diverged:
            stand.new.count(READ, compared=1, diverged=1)

    stand.old.grows = diverging
    report = stand.folder / "cutover.json"
    went = run(stand.plan(), "--json", report)
    assert went.exit_code == 1, went.output
    lines = went.stdout.splitlines()
    assert lines[0] == f"Rolled back: {READ}: {READ}: title differs"
    assert lines[1] == "The request was req-1."
    assert lines[3].endswith("1 of them wrong: at most 1 user got one.")
    data = json.loads(report.read_text(encoding="utf-8"))
    REPORT.validate(data)
    assert data["answers"]["wrong"] == 1
    assert data["cause"]["sentence"] == f"{READ}: title differs"
    assert data["went_back_seconds"] < 1


def test_texts_of_a_server_are_escaped_in_the_page(stand: Stand) -> None:
    def evil() -> None:
        stand.serves()
        if not stand.old.routes[READ].diverged:
            stand.old.count("GET /<script>alert(1)</script>", compared=1, diverged=1)

    stand.old.grows = evil
    page, summary = stand.folder / "cutover.html", stand.folder / "cutover.md"
    assert run(stand.plan(), "--html", page, "--markdown", summary).exit_code == 1
    for path in (page, summary):
        assert "<script>" not in path.read_text(encoding="utf-8")


def test_an_invalid_plan_exits_with_2_and_names_the_lines(stand: Stand) -> None:
    path = stand.plan(extra='from_ = "x"')
    refused = run(path)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"lockstep: {path}:4: from_: unknown; did you mean from?")


def test_an_unreachable_judge_exits_with_2(stand: Stand) -> None:
    stand.new.silent = True
    refused = run(stand.plan())
    assert refused.exit_code == 2
    assert refused.stderr == f"lockstep: {stand.new.admin}/warrant: returned 503\n"
    assert stand.caddy.shares == []


def test_a_dry_run_prints_each_step_and_moves_nothing(stand: Stand) -> None:
    stand.old.count(READ, compared=5)
    stand.old.grows = None
    said = run(stand.plan(), "--dry-run")
    assert said.exit_code == 0, said.output
    for wanted in (
        "Router caddy: 0 % to new now",
        f"Judge {stand.old.admin}, before old: 5 requests, 5 compared, 0 diverged",
        "Step 2: 10 % to new, at least 0.02 s",
        "diverged below 10 % with 95 % (29 compared, if none diverges)",
        f"now it would wait for {READ}: 5 compared, 0 diverged; 29 are needed for below 10 %",
        "Back to 0 at once: 1 failed or 1 diverged response in the ramp",
    ):
        assert wanted in said.stdout
    assert stand.caddy.shares == []
    assert not (stand.folder / "cutover.state.json").exists()


def test_the_status_has_the_events(stand: Stand) -> None:
    path = stand.plan()
    assert "No ramp has begun." in run(path, "--status").stdout
    run(path, "--quiet")
    said = run(path, "--status").stdout
    assert "The ramp is at its end: 100 % to new" in said
    assert " 10 % to new" in said


def test_back_gives_all_traffic_to_the_old_target(stand: Stand) -> None:
    path = stand.plan()
    assert run(path).exit_code == 0
    back = run(path, "--back")
    assert (back.exit_code, back.stdout) == (0, "old has all traffic.\n")
    assert stand.caddy.share == 0
    assert "The ramp is back: 0 % to new" in run(path, "--status").stdout
    assert run(path).exit_code == 0


def test_back_is_possible_while_a_ramp_is_under_way(stand: Stand) -> None:
    path = stand.plan()
    with StateFile(stand.folder / "cutover.state.json").locked():
        back = run(path, "--back")
    assert (back.exit_code, back.stdout) == (0, "old has all traffic.\n")
    assert back.stderr == "This ends the current ramp.\n"


def test_the_configuration_for_a_share_is_printed(stand: Stand) -> None:
    said = run(stand.plan(), "--config-for", "25")
    assert json.loads(said.stdout) == {"policy": "weighted_round_robin", "weights": [3, 1]}


def test_modes_are_mutually_exclusive(stand: Stand) -> None:
    assert run(stand.plan(), "--back", "--status").exit_code == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_traffic_and_the_next_run_continues(
    stand: Stand, number: signal.Signals
) -> None:
    steps = '[[steps]]\npercent = 10\nat_least = "{}"\n'
    path = stand.plan(steps=steps.format("1h"))
    command = [sys.executable, "-m", "lockstep", "cutover", str(path)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    while stand.caddy.share != 10:
        assert process.poll() is None
    asked = stand.new.asked
    while stand.new.asked < asked + 2:
        assert process.poll() is None
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert said.startswith("Stopped: new has 10 % of the traffic.")
    assert stand.caddy.share == 10
    assert run(stand.plan(steps=steps.format("10ms"))).exit_code == 0
