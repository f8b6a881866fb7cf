"""What the proxy adds is the difference within a round, and rounds are those of the real proxy."""

import os

from rich.console import Console

from tooling.shadow.__main__ import differences, rounds_of, show
from tooling.shadow.measuring import Measured, measure


def measured(way: str, p50: float, p99: float = 9.0) -> Measured:
    return Measured(way, p50, p99, 500.0, 0, 0.0 if way == "direct" else 1.0)


def test_what_is_added_is_the_median_over_pairs_of_one_round() -> None:
    # The machine was slow in the second round, for both alike.
    found = [
        *(measured("direct", 1.0, 2.0), measured("comparing all", 2.0, 5.0)),
        *(measured("direct", 9.0, 20.0), measured("comparing all", 10.1, 23.0)),
        *(measured("direct", 1.0, 2.0), measured("comparing all", 2.2, 6.0)),
    ]
    console = Console(record=True, width=120)
    added = show(found, console)
    assert round(added, 2) == 1.1
    assert "+1.10" in console.export_text()
    pairs = rounds_of(found, "direct"), rounds_of(found, "comparing all")
    assert [round(each, 2) for each in differences(*pairs)] == [1.1, 3.0]


def test_a_short_round_of_each_way_answers_and_compares() -> None:
    cores = sorted(os.sched_getaffinity(0))
    found = measure(rate=20, seconds=1, rounds=1, cores=cores)
    assert [each.way for each in found] == ["direct", "proxy alone", "comparing all", "two proxies"]
    assert [each.failed for each in found] == [0, 0, 0, 0]
    assert [each.compared > 0 for each in found] == [False, False, True, True]
