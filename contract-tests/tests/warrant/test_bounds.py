"""The bound is exact: as in tables, and by its definition."""

from __future__ import annotations

import math

import pytest

from lockstep.warrant import comparisons_for, upper_bound
from lockstep.warrant.bounds import percent


@pytest.mark.parametrize(
    ("events", "trials", "bound"),
    [
        (0, 3120, 0.00095973),
        (0, 1, 0.95),
        (1, 100, 0.0465581),
        (2, 10, 0.5069013),
        (5, 20, 0.4555824),
        (10, 1000, 0.0169032),
        (9, 10, 0.9948838),
        (100, 100, 1.0),
        (0, 0, 1.0),
    ],
)
def test_the_bound_equals_published_tables(events: int, trials: int, bound: float) -> None:
    assert upper_bound(events, trials) == pytest.approx(bound, rel=1e-4)


@pytest.mark.parametrize(("events", "trials"), [(1, 7), (3, 300), (40, 90), (250, 1000)])
def test_the_bound_satisfies_its_definition(events: int, trials: int) -> None:
    share = upper_bound(events, trials)
    terms = (
        math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(events + 1)
    )
    assert math.fsum(terms) == pytest.approx(0.05, rel=1e-9)


def test_the_bound_without_events_follows_the_rule_of_three() -> None:
    assert upper_bound(0, 100_000) == pytest.approx(3 / 100_000, rel=0.002)


def test_millions_of_trials_with_many_events_have_a_bound() -> None:
    assert upper_bound(12_000, 4_000_000) == pytest.approx(0.003045, rel=1e-3)


def test_more_trials_lower_the_bound_and_more_events_raise_it() -> None:
    assert upper_bound(1, 200) < upper_bound(1, 100) < upper_bound(2, 100)
    assert upper_bound(1, 100, 0.99) > upper_bound(1, 100, 0.95)


@pytest.mark.parametrize(("events", "trials"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(events: int, trials: int) -> None:
    with pytest.raises(ValueError, match="cannot have been counted"):
        upper_bound(events, trials)


@pytest.mark.parametrize(("bound", "events"), [(0.001, 0), (0.01, 0), (0.01, 3), (0.5, 1)])
def test_the_number_of_comparisons_for_a_bound_is_minimal(bound: float, events: int) -> None:
    needed = comparisons_for(bound, events)
    assert upper_bound(events, needed) <= bound < upper_bound(events, needed - 1)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.00095973, "0.1 %"),
        (0.0465, "5 %"),
        (0.000031, "0.004 %"),
        (0.123, "13 %"),
        (0.95, "95 %"),
        (0.02, "2 %"),
        (1.0, "100 %"),
    ],
)
def test_a_bound_is_rounded_up(share: float, text: str) -> None:
    assert percent(share) == text
