"""Parity is required for figures, interrupted runs are resumed, and the order is fair."""

import json
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from tooling.benchmark import __main__
from tooling.benchmark.contestants import CONTESTANTS
from tooling.benchmark.parity import ContractTests, ParityError
from tooling.benchmark.profiles import PROFILES
from tooling.benchmark.rounds import Record, ResumeError, turns
from tooling.benchmark.run import Comparison, chosen

FINDING = {"operation": "listTasks", "about": "body"}


def contract_tests(folder: Path, findings: list[dict[str, str]], status: int) -> ContractTests:
    """Fake contract tests with these findings and this exit status."""
    report = {"findings": findings, "seed": 1, "requests": 9, "exchanges": 4, "seconds": 1.5}
    program = f"""
import os, pathlib, sys
name = os.environ["SERVERS"].replace(",", "-")
name = "-".join(["contract" if name == "python-node" else name, *sys.argv[1:]])
pathlib.Path({str(folder)!r}, name + "-report.json").write_text({json.dumps(report)!r})
raise SystemExit({status})
"""
    return ContractTests([sys.executable, "-c", program], folder)


@pytest.fixture
def comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "partial[Comparison]":
    """A comparison that must not reach the measurements."""

    def measure(*_: object) -> None:
        pytest.fail("There is something to be measured, although parity fails.")

    monkeypatch.setattr(Comparison, "_measure", measure)
    return partial(Comparison, build=tmp_path, docs=tmp_path)


@pytest.mark.parametrize(("findings", "status"), [([FINDING], 1), ([FINDING], 0), ([], 1)])
def test_finding_prevents_publication(
    comparison: "partial[Comparison]",
    tmp_path: Path,
    findings: list[dict[str, str]],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page, results = tmp_path / "compare.html", tmp_path / "compare.json"
    page.write_text("the page of an earlier run")
    results.write_text("its figures")
    tests = contract_tests(tmp_path, findings, status)
    monkeypatch.setattr(__main__, "Comparison", partial(comparison, tests=tests))
    assert __main__.main(["--contestants", "python,node"]) == 1
    assert "No figures are published: the contract tests of python, node" in capsys.readouterr().err
    assert page.read_text() == "the page of an earlier run"
    assert results.read_text() == "its figures"


def test_failing_contract_tests_prevent_publication(
    comparison: "partial[Comparison]", tmp_path: Path
) -> None:
    tests = ContractTests([sys.executable, "-c", "raise SystemExit(2)"], tmp_path)
    with pytest.raises(ParityError, match="could not run"):
        comparison(chosen(""), Console(quiet=True), tests).run()


def test_parity_is_checked_for_all_full_contestants(tmp_path: Path) -> None:
    servers = [each.name for each in CONTESTANTS if each.knows is None]
    held = contract_tests(tmp_path, [], 0).hold(servers, "quick", 1)
    assert held["servers"] == ["python", "node", "fastapi", "fastify"]
    assert held["findings"] == 0


def test_first_contestant_alternates() -> None:
    profile = PROFILES["default"]
    order = list(turns(profile, CONTESTANTS))
    firsts = [
        next(turn.contestant.name for turn in order if turn.number == number)
        for number in range(1, profile.rounds + 1)
    ]
    assert len(set(firsts)) == min(profile.rounds, len(CONTESTANTS))


def test_every_contestant_has_the_same_number_of_rounds() -> None:
    profile = PROFILES["default"]
    order = list(turns(profile, CONTESTANTS))
    assert len({turn.key for turn in order}) == len(order)
    counted = Counter((turn.contestant.name, turn.workers) for turn in order)
    assert set(counted.values()) == {profile.rounds}
    assert {name for name, workers in counted if workers == 2} == {
        each.name for each in CONTESTANTS if not each.is_baseline
    }


def test_every_profile_has_enough_rounds() -> None:
    assert PROFILES["quick"].rounds >= 3
    assert PROFILES["default"].rounds >= 5


def test_interrupted_run_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "partial.json"
    first, second, *_ = turns(PROFILES["quick"], CONTESTANTS)
    cut = Record(path, {"code": "a"})
    cut.parity = {"findings": 0}
    cut.add({"workers": first.workers, "round": first.number, "contestant": first.contestant.name})
    resumed = Record(path, {"code": "a"})
    resumed.resume()
    assert resumed.parity == {"findings": 0}
    assert resumed.has(first)
    assert not resumed.has(second)
    assert resumed.seconds >= cut.seconds - 1


def test_run_of_other_code_is_not_resumed(tmp_path: Path) -> None:
    path = tmp_path / "partial.json"
    Record(path, {"code": "a", "seed": 1}).save()
    with pytest.raises(ResumeError, match=r"different one: code changed"):
        Record(path, {"code": "b", "seed": 1}).resume()


def test_nothing_to_resume_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ResumeError, match="no run to resume"):
        Record(tmp_path / "partial.json", {}).resume()


def test_unknown_contestant_is_rejected() -> None:
    with pytest.raises(ValueError, match="There is no rails; there are python"):
        chosen("python,rails")
