"""The lag of an event loop, and its periodic callbacks."""

import pytest

from task_timer.utils.heartbeat import BEATS_KEPT, BEATS_PER_SECOND, Heartbeat


def test_lag_is_the_maximum_of_recent_beats() -> None:
    heartbeat = Heartbeat()
    heartbeat.beat(1, 0.5)
    heartbeat.beat(2, 0.1)
    assert heartbeat.lag == 0.5
    heartbeat.beat(BEATS_KEPT, 0.0)
    heartbeat.beat(BEATS_KEPT + 1, 0.2)
    assert heartbeat.lag == 0.5
    heartbeat.beat(2 * BEATS_KEPT, 0.0)
    assert heartbeat.lag == 0.2


def test_callbacks_run_every_second() -> None:
    heartbeat, done = Heartbeat(), []
    heartbeat.each_second(lambda: done.append("done"))
    for beats in range(1, 3 * BEATS_PER_SECOND):
        heartbeat.beat(beats, 0.0)
    assert done == ["done"] * 2


class OverError(Exception):
    """All beats are over."""


def test_beats_are_measured_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat = Heartbeat()
    done: list[str] = []
    heartbeat.each_second(lambda: done.append("done"))
    now = 1000.0
    seen: list[tuple[float, int]] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        seen.append((round(heartbeat.lag, 6), len(done)))
        if len(seen) > 100:
            raise OverError
        # The first beat is late.
        now += seconds + (0.25 if len(seen) == 1 else 0)

    monkeypatch.setattr("task_timer.utils.heartbeat.asyncio.sleep", sleep)
    monkeypatch.setattr("task_timer.utils.heartbeat.time.monotonic", lambda: now)
    with pytest.raises(OverError):
        heartbeat.run().send(None)
    assert seen == [(0.25 if 0 < beats < 100 else 0, beats // 10) for beats in range(101)]
    assert now == pytest.approx(1010.25)
