"""How late an event loop is, and what it does every second."""

from task_timer.utils.heartbeat import BEATS_KEPT, BEATS_PER_SECOND, Heartbeat


def test_the_longest_delay_is_kept_for_a_while() -> None:
    heartbeat = Heartbeat()
    heartbeat.beat(1, 0.5)
    heartbeat.beat(2, 0.1)
    assert heartbeat.lag == 0.5
    heartbeat.beat(BEATS_KEPT, 0.0)
    heartbeat.beat(BEATS_KEPT + 1, 0.2)
    assert heartbeat.lag == 0.5
    heartbeat.beat(2 * BEATS_KEPT, 0.0)
    assert heartbeat.lag == 0.2


def test_something_is_done_every_second() -> None:
    heartbeat, done = Heartbeat(), []
    heartbeat.each_second(lambda: done.append("done"))
    for beats in range(1, 3 * BEATS_PER_SECOND):
        heartbeat.beat(beats, 0.0)
    assert done == ["done"] * 2
