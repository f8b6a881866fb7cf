"""The lag of an event loop, and its periodic callbacks."""

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
