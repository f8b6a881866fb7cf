"""Statements follow the measurements, and claim no more than the spread allows."""

from typing import Any

import pytest

from lockstep.openapi.document import Document
from testbed.paths import CONTRACT
from tooling.benchmark.figures import Figures, highest
from tooling.benchmark.load import Sent, Times
from tooling.benchmark.search import highest_rate
from tooling.benchmark.spread import Spread, in_words, ratio, ratio_in_words, spread
from tooling.benchmark.tests.comparison import comparison
from tooling.benchmark.verdict import RUNTIMES, claims, common_rate, mixed_claim, verdict
from tooling.benchmark.workload import load_workload


@pytest.fixture
def data() -> dict[str, Any]:
    return comparison(load_workload(Document.load(CONTRACT)))


def set_rates(data: dict[str, Any], name: str, rates: list[float]) -> None:
    rounds = [each for each in data["rounds"] if each["contestant"] == name]
    for each in rounds:
        each["loads"]["mixed"]["highest"]["rate"] = rates[each["round"] - 1]


def test_spread_has_median_minimum_and_maximum() -> None:
    assert spread([3, None, 1, 2, 9]) == Spread(2.5, 1, 9)
    assert spread([None]) is None


def test_ratio_is_computed_per_round() -> None:
    ours, theirs = {1: 10.0, 2: 40.0, 3: 5.0, 4: 6.0}, {1: 5.0, 2: 20.0, 3: 2.5, 5: 1.0}
    assert ratio(ours, theirs) == Spread(2, 2, 2)


def test_ratio_needs_three_rounds() -> None:
    ours, theirs = {1: 10.0, 2: 40.0, 3: 5.0}, {1: 5.0, 2: 20.0, 3: 0.0}
    assert ratio(ours, theirs) is None
    assert ratio(theirs, ours) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (0.01234, "0.0123"), (1.5, "1.5"), (99.96, "100"), (1234.5, "1,230")],
)
def test_numbers_have_three_significant_digits(value: float, words: str) -> None:
    assert in_words(value) == words


def test_digits_of_a_ratio_depend_on_its_spread() -> None:
    assert ratio_in_words(Spread(1.083, 1.04, 1.2)) == "1.08 (1.04 to 1.20)"
    assert ratio_in_words(Spread(1.93, 1.85, 2.0)) == "1.9 (1.9 to 2.0)"


def test_faster_contestant_is_named_with_ratio_and_spread(data: dict[str, Any]) -> None:
    set_rates(data, "node", [190, 200, 210, 200, 200])
    set_rates(data, "python", [100, 100, 100, 100, 100])
    assert mixed_claim(Figures(data)).said(Figures(data), RUNTIMES) == (
        "With one worker, Node holds 2.0 (1.9 to 2.1) times the mixed requests a second of Python:"
        " 200 against 100."
    )
    set_rates(data, "python", [400, 400, 400, 400, 400])
    said = mixed_claim(Figures(data)).said(Figures(data), RUNTIMES)
    assert said is not None
    assert said.startswith("With one worker, Python holds 2.0 (1.9 to 2.1) times")


def test_difference_within_the_spread_is_not_claimed(data: dict[str, Any]) -> None:
    set_rates(data, "node", [200, 200, 200, 200, 99])
    set_rates(data, "python", [100, 100, 100, 100, 100])
    said = mixed_claim(Figures(data)).said(Figures(data), RUNTIMES)
    assert said is not None
    assert said.startswith("No difference that this machine can show between Node and Python")


def test_difference_below_the_resolution_is_not_claimed(data: dict[str, Any]) -> None:
    claim = claims(Figures(data))["recovery"]
    for each in data["rounds"]:
        each["recover_seconds"] = {"node": 0.01, "python": 0.04}.get(each["contestant"])
    assert "No difference that this machine can show" in str(claim.said(Figures(data), RUNTIMES))
    for each in data["rounds"]:
        each["recover_seconds"] = {"node": 0.1, "python": 0.4}.get(each["contestant"])
    assert str(claim.said(Figures(data), RUNTIMES)).startswith("Python takes 4.0 (4.0 to 4.0)")


def test_verdict_covers_all_measurements(data: dict[str, Any]) -> None:
    said = "\n".join(verdict(Figures(data)))
    for words in (
        "2 workers",
        "processor time",
        "memory",
        "start",
        "FastAPI",
        "Fastify",
        "bare",
        "tutorials",
    ):
        assert words in said


def test_verdict_omits_absent_contestants(data: dict[str, Any]) -> None:
    for part in ("contestants", "rounds"):
        key = "name" if part == "contestants" else "contestant"
        data[part] = [each for each in data[part] if each[key] in RUNTIMES]
    said = "\n".join(verdict(Figures(data)))
    assert "With one worker, Node holds" in said
    assert "Fast" not in said
    assert "bare" not in said


def test_common_rate_was_held_by_both_in_every_round(data: dict[str, Any]) -> None:
    figures = Figures(data)
    rate = common_rate(figures, tuple(RUNTIMES))
    assert rate is not None
    for name in RUNTIMES:
        assert dict(figures.curve(name, "p99"))[rate].high <= 100
    assert rate < max(rate for rate, _ in figures.curve("node", "p99"))


def test_bare_servers_have_figures_of_supported_operations_only(data: dict[str, Any]) -> None:
    figures = Figures(data)
    assert figures.spread("bare-node", highest("list tasks")) is not None
    assert figures.spread("bare-node", highest("report")) is None


def served(rate: float, capacity: float, failed: int = 0) -> Sent:
    p99 = 20.0 if rate <= capacity else 5000.0
    times = Times(1000, 5, 9, p99, p99, p99)
    return Sent(1.0, failed, 0, times, times, {})


def test_search_finds_the_sustainable_rate() -> None:
    found = highest_rate(1000, 6, lambda rate: served(rate, 700))
    assert 680 < found.rate <= 700
    assert found.sent is not None


def test_rate_with_a_failure_is_not_sustainable() -> None:
    assert highest_rate(1000, 6, lambda rate: served(rate, 700, failed=1)).rate == 0
