"""A ramp that did not end as expected is reported."""

from pathlib import Path
from typing import Any

import pytest

from lockstep.cutover.plan import read_plan
from tooling.cutover.judges import Judge
from tooling.cutover.profiles import PROFILES
from tooling.cutover.run import Ramped, plan_text
from tooling.cutover.verdict import figures, problems
from tooling.swap.clients import Observations, Sample
from tooling.swap.ledger import Ledger

FAILURE = {"operation": "getTask", "request_id": "u0.1", "email": "u0@x", "message": "500, not 200"}


def ramped(
    status: int, percents: list[float], failures: int = 0, wrong: int = 0, lost: int = 0
) -> Ramped:
    """A ramp with shares, of which so many requests failed for users."""
    report: dict[str, Any] = {
        "answers": {"wrong": wrong},
        "cause": None,
        "went_back_seconds": None,
        "events": [
            {"at": "", "percent": percent, "what": f"{percent:g} % to node"} for percent in percents
        ],
    }
    observed = Observations([Sample(0, 1, "getTask", "ok", "u0.1")], [FAILURE] * failures, [])
    return Ramped(status, report, observed, Ledger(3, ["tasks 1: not stored"] * lost))


def test_a_sound_ramp_has_no_problems() -> None:
    assert list(problems(ramped(0, [0, 10, 100]), None)) == []


@pytest.mark.parametrize(
    ("found", "fault", "message"),
    [
        (ramped(1, [0, 10, 0]), None, "lockstep cutover exited with 1 instead of 0"),
        (ramped(0, [0, 100], failures=1), None, "a request failed: 500, not 200"),
        (ramped(0, [0, 100], lost=1), None, "stored differently than acknowledged"),
        (ramped(1, [0, 10, 0]), "reads", "the shadow did not catch it: node got 10 %"),
        (ramped(1, [0]), "later", "the ramp never started"),
        (ramped(1, [0, 10], failures=10, wrong=10), "later", "10 wrong responses reached users"),
        (ramped(1, [0, 10], failures=2, wrong=1), "later", "the report counts 1 wrong responses"),
    ],
)
def test_unexpected_result_is_reported(found: Ramped, fault: str | None, message: str) -> None:
    (problem,) = problems(found, fault)
    assert problem.startswith(message)


def test_users_who_met_it_are_counted_once() -> None:
    assert figures(ramped(1, [0, 10], failures=3, wrong=3), "later")["users_met"] == 1


@pytest.mark.parametrize("name", PROFILES)
def test_the_plan_of_each_profile_is_one(name: str, tmp_path: Path) -> None:
    judges = [
        Judge("python", 8081, 9091, tmp_path),
        Judge("node", 8082, 9092, tmp_path),
    ]
    path = tmp_path / "cutover.toml"
    text = plan_text(PROFILES[name], judges, "http://127.0.0.1:2019")
    path.write_text(text, encoding="utf-8")
    plan = read_plan(path)
    assert [step.percent for step in plan.steps] == [step.percent for step in PROFILES[name].steps]
    assert plan.router.upstreams == {"python": ("127.0.0.1:8081",), "node": ("127.0.0.1:8082",)}
