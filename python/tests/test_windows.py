"""Rate limit windows: requests are counted per process, and summed over processes."""

import random
import time
from dataclasses import dataclass, field

import pytest

from task_timer.contract import Contract
from task_timer.services.windows import WINDOW_SECONDS, Windows

LIMIT = 600
CLIENT = "203.0.113.7"


@dataclass
class Shared:
    """The shared counts, as in a database."""

    hits: dict[str, int] = field(default_factory=dict)

    def tell(self, windows: Windows) -> None:
        """Exchanges counts as a process does when it is due."""
        assert windows.begin_sharing()
        for client, number in windows.take().items():
            self.hits[client] = self.hits.get(client, 0) + number
            windows.learn(client, self.hits[client], WINDOW_SECONDS)
        windows.end_sharing(has_failed=False)


@pytest.fixture
def windows(contract: Contract) -> Windows:
    return Windows(LIMIT, contract["x-limit-sharing"])


@pytest.mark.parametrize("processes", [1, 2, 4, 8])
def test_processes_share_the_limit(contract: Contract, processes: int) -> None:
    rules = contract["x-limit-sharing"] | {"seconds": 1000}
    several = [Windows(LIMIT, rules) for _ in range(processes)]
    shared, allowed, reports = Shared(), 0, 0
    for _ in range(5 * LIMIT):
        one = random.choice(several)  # noqa: S311
        hits, _wait, is_due = one.count(CLIENT)
        allowed += hits <= LIMIT
        if is_due:
            shared.tell(one)
            reports += 1
    assert 0.9 * LIMIT <= allowed <= 1.1 * LIMIT
    assert reports < LIMIT / 2 + 20 * processes


def test_late_process_learns_the_counts_of_the_others(contract: Contract) -> None:
    first, second = (Windows(LIMIT, contract["x-limit-sharing"]) for _ in range(2))
    shared = Shared()
    for _ in range(LIMIT + 1):
        if first.count(CLIENT)[2]:
            shared.tell(first)
    allowed = 0
    for _ in range(LIMIT):
        hits, _, is_due = second.count(CLIENT)
        allowed += hits <= LIMIT
        if is_due:
            shared.tell(second)
    assert allowed <= contract["x-limit-sharing"]["share"] * LIMIT + 1


def test_clients_far_from_the_limit_are_not_shared(windows: Windows) -> None:
    assert [windows.count(CLIENT)[2] for _ in range(3)] == [False, False, True]
    windows.count("203.0.113.8")
    assert windows.take() == {CLIENT: 3}
    assert windows.take() == {}


def test_counts_that_could_not_be_shared_are_shared_later(windows: Windows) -> None:
    for _ in range(5):
        hits, wait, _ = windows.count(CLIENT)
    assert (hits, wait) == (5, WINDOW_SECONDS)
    taken = windows.take()
    windows.give_back(taken)
    assert windows.count(CLIENT)[0] == 6
    assert windows.take() == {CLIENT: 6}


def test_counts_of_a_window_that_has_ended_are_not_shared(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _ in range(5):
        windows.count(CLIENT)
    now[0] = 1060.0
    assert windows.take() == {}


def test_window_ends_with_the_shared_window(windows: Windows) -> None:
    windows.count(CLIENT)
    windows.learn(CLIENT, 40, 7.5)
    assert windows.count(CLIENT)[:2] == (42, 8)
    windows.learn(CLIENT, 40, 0)
    assert windows.count(CLIENT)[:2] == (1, WINDOW_SECONDS)


def test_failure_is_reported_once(windows: Windows) -> None:
    assert windows.begin_sharing()
    assert not windows.begin_sharing()
    assert windows.end_sharing(has_failed=True)
    # It waits before the next attempt.
    assert not windows.begin_sharing()
    assert not windows.end_sharing(has_failed=True)
    assert windows.end_sharing(has_failed=False)
    assert windows.begin_sharing()


def test_window_ends_after_a_minute_and_is_forgotten(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    assert [windows.count(each)[:2] for each in "aab"] == [(1, 60), (2, 60), (1, 60)]
    now[0] = 1059.5
    assert windows.count("a")[:2] == (3, 1)
    now[0] = 1060.0
    assert windows.count("c")[:2] == (1, 60)
    assert list(windows._held) == ["c"]
    assert windows.count("a")[:2] == (1, 60)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of `time.monotonic`, in a list of one."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_windows_that_have_not_ended_are_kept(windows: Windows, clock: list[float]) -> None:
    for _ in range(3):
        windows.count(CLIENT)
    windows.count("a")
    clock[0] = 1030.0
    windows.count("b")
    clock[0] = 1059.96
    assert windows.count("a")[:2] == (2, 1)
    assert windows.take() == {CLIENT: 3}
    clock[0] = 1060.0
    assert windows.count("a")[:2] == (1, 60)
    assert windows.count("b")[:2] == (2, 30)
    windows.learn("b", 40, 7.5)
    assert windows.count("b")[:2] == (43, 8)
    windows.learn("b", 40, 0)
    assert windows.count("b")[:2] == (1, 60)


def test_counts_are_shared_after_a_second_or_a_share_of_the_rest(
    windows: Windows, clock: list[float]
) -> None:
    for _ in range(3):
        windows.count(CLIENT)
    windows.take()
    windows.learn(CLIENT, 100, 60)
    # A fiftieth of the 500 that are left.
    assert [windows.count(CLIENT)[2] for _ in range(10)] == [False] * 9 + [True]
    windows.take()
    windows.learn(CLIENT, 110, 60)
    clock[0] = 1000.9
    assert not windows.count(CLIENT)[2]
    clock[0] = 1001.0
    assert windows.count(CLIENT)[2]


def test_one_request_beyond_the_limit_is_shared(windows: Windows) -> None:
    windows.count(CLIENT)
    windows.learn(CLIENT, LIMIT, 60)
    assert windows.count(CLIENT)[2]
    windows.take()
    windows.learn(CLIENT, LIMIT + 1, 60)
    assert not windows.count(CLIENT)[2]
    assert windows.take() == {}


def test_counts_of_an_earlier_window_are_not_given_back(
    windows: Windows, clock: list[float]
) -> None:
    for _ in range(5):
        windows.count(CLIENT)
    taken = windows.take()
    clock[0] = 1060.0
    for _ in range(3):
        windows.count(CLIENT)
    windows.give_back(taken)
    assert windows.take() == {CLIENT: 3}
    clock[0] = 1120.0
    windows.count("a")
    windows.give_back(taken)
    windows.learn(CLIENT, 9, 60)
    assert windows.count(CLIENT)[:2] == (1, 60)


def test_sharing_is_tried_again_a_second_after_a_failure(
    windows: Windows, clock: list[float]
) -> None:
    assert windows.begin_sharing()
    windows.end_sharing(has_failed=True)
    clock[0] = 1000.9
    assert not windows.begin_sharing()
    clock[0] = 1001.0
    assert windows.begin_sharing()
