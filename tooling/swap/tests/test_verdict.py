"""The summary of a swap includes every problem."""

from dataclasses import replace

import pytest

from tooling.swap.profiles import PROFILES
from tooling.swap.run import Swapped
from tooling.swap.verdict import figures, percentile

PROFILE = PROFILES["quick"]


def test_swap_without_faults_has_no_problems(swapped: Swapped) -> None:
    data = figures(swapped, PROFILE)
    assert not any(data["faults"].values())
    assert data["messages"] == []
    assert (data["requests"], data["rows"]) == (4, 7)
    assert data["milliseconds"] == {"p50": 6.0, "p99": 40.0, "max": 40.0}
    assert data["moves"] == [{"what": "50 % to Node", "begin": 1.0, "end": pytest.approx(1.1)}]


def test_requests_per_second_are_counted_by_server(swapped: Swapped) -> None:
    first, second = figures(swapped, PROFILE)["series"]
    assert (first["python"], first["node"], first["p50"]) == (2, 0, 4.0)
    assert (second["python"], second["node"], second["p99"]) == (1, 1, 40.0)


def test_every_problem_is_counted_and_reported(swapped: Swapped) -> None:
    samples = swapped.observed.samples
    samples[0] = replace(samples[0], kind="failed")
    samples[1] = replace(samples[1], kind="inconsistent")
    swapped.observed.failures.append(
        {"operation": "getTask", "request_id": "u0.0", "kind": "failed", "message": "502"}
    )
    swapped.ledger.lost.append("tasks 1: not stored")
    swapped.ledger.extra += ["tasks 2: never acknowledged", "tasks 3: never acknowledged"]
    swapped.served["node-1"]["u0.2"] = 1  # type: ignore[index]
    swapped.instances[0].closed = 5
    swapped.problems.append("node-1 ended with 1 on SIGTERM")
    data = figures(swapped, PROFILE)
    assert data["faults"] == {
        "failed": 1,
        "inconsistent": 1,
        "lost": 1,
        "never acknowledged": 2,
        "sent twice by the proxy": 1,
        "idle connections ended by servers": 5,
        "processes that ended badly": 1,
    }
    assert len(data["messages"]) == 6


def test_percentiles_use_the_nearest_rank_method() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0], 0.99) == 1.0
    assert percentile(list(map(float, range(1, 101))), 0.99) == 99.0
