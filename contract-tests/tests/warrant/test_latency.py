"""Histograms of latencies are exact to 1 %, and can be merged over processes."""

from __future__ import annotations

import random
import statistics

import pytest

from lockstep.warrant import Latency


def timed(seconds: list[float]) -> Latency:
    latency = Latency()
    for each in seconds:
        latency.add(each)
    return latency


def drawn(count: int, scale: float, seed: int) -> list[float]:
    source = random.Random(seed)
    return [source.lognormvariate(0, 0.5) * scale for _ in range(count)]


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_quantiles_are_within_one_percent(share: float) -> None:
    times = drawn(5_000, 0.003, 1)
    exact = statistics.quantiles(times, n=1000)[int(share * 1000) - 1]
    assert timed(times).quantile(share) == pytest.approx(exact, rel=0.02)


def test_histograms_can_be_added_and_subtracted() -> None:
    one, other = drawn(300, 0.01, 2), drawn(700, 0.02, 3)
    both = timed(one).plus(timed(other))
    assert both.buckets == timed([*one, *other]).buckets
    assert both.minus(timed(one)).buckets == timed(other).buckets


def test_the_interval_of_a_ratio_of_medians_covers_the_true_one() -> None:
    held = 0
    for seed in range(100):
        slow, fast = timed(drawn(200, 0.015, seed)), timed(drawn(200, 0.01, seed + 1_000))
        ratio = slow.ratio_to(fast)
        assert ratio is not None
        held += ratio.low <= 1.5 <= ratio.high
    # About 95, with the constant true ratio of 1.5.
    assert 88 <= held <= 100


def test_more_times_make_the_interval_narrower() -> None:
    few, many = (timed(drawn(count, 0.01, 5)) for count in (20, 2_000))
    narrow, wide = many.ratio_to(many), few.ratio_to(few)
    assert narrow is not None
    assert wide is not None
    assert narrow.high - narrow.low < wide.high - wide.low


def test_without_times_there_is_no_quantile_and_no_ratio() -> None:
    assert Latency().quantile(0.5) is None
    assert Latency().ratio_to(timed([0.1])) is None


def test_times_below_a_limit_are_counted() -> None:
    assert timed([0.001, 0.002, 0.5, 2.0]).below(0.6) == 3


def test_the_json_form_survives_a_round_trip() -> None:
    latency = timed(drawn(50, 0.1, 6))
    assert Latency.of(latency.as_data()) == latency


def test_histograms_of_another_accuracy_are_refused() -> None:
    with pytest.raises(ValueError, match=r"accuracy 0\.5"):
        Latency.of({**Latency().as_data(), "accuracy": 0.5})
