"""The queue for password hashing: waiting, rejection and recovery."""

import weakref
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.utils.bounded_queue import BoundedQueue
from task_timer.utils.errors import OverloadedError

from .clients import PASSWORD, Client, fresh_email
from .conftest import made
from .servers import wait_until


@contextmanager
def held(queue: BoundedQueue) -> Iterator[Future[str]]:
    """Occupies a queue of one for the duration of the context, and returns the occupying work."""
    begun, end = Event(), Event()

    def hold() -> str:
        begun.set()
        end.wait()
        return "held"

    with ThreadPoolExecutor() as threads:
        work = threads.submit(queue.run, hold)
        begun.wait()
        try:
            yield work
        finally:
            end.set()


def test_work_waits_for_its_turn() -> None:
    queue = BoundedQueue(1, 1, 60)
    with ThreadPoolExecutor() as threads:
        with held(queue) as first:
            second = threads.submit(queue.run, str)
            with pytest.raises(TimeoutError):
                second.result(0.05)
        assert (first.result(), second.result()) == ("held", "")


def test_load_counts_running_and_waiting_work() -> None:
    queue = BoundedQueue(1, 2, 60)
    assert queue.load() == (0, 0)
    with ThreadPoolExecutor() as threads:
        with held(queue):
            others = [threads.submit(queue.run, str) for _ in range(2)]
            wait_until(lambda: queue.load() == (1, 2))
        assert [each.result() for each in others] == ["", ""]
    assert queue.load() == (0, 0)


def test_full_queue_rejects_immediately() -> None:
    queue = BoundedQueue(1, 0, 60)
    with held(queue), pytest.raises(OverloadedError):
        queue.run(str)
    assert queue.run(str) == ""


def test_waiting_times_out() -> None:
    queue = BoundedQueue(1, 1, 0.01)
    with held(queue), pytest.raises(OverloadedError):
        queue.run(str)
    assert queue.run(str) == ""


def test_failed_work_frees_its_slot() -> None:
    queue = BoundedQueue(1, 0, 60)
    for _ in range(3):
        with pytest.raises(ValueError, match="x"):
            queue.run(int, "x")


def test_results_are_not_kept() -> None:
    class Result:
        """What can be referred to weakly."""

    queue = BoundedQueue(1, 0, 60)
    kept = weakref.ref(queue.run(Result))
    wait_until(lambda: kept() is None)


def test_full_hashing_queue_is_503(settings: Settings, contract: Contract) -> None:
    text = contract.source.replace(b"concurrency: 2, waiting: 8", b"concurrency: 1, waiting: 0")
    body = {"email": fresh_email(), "password": PASSWORD}
    with made(settings, Contract(text)) as app:
        client = Client(app)
        with held(app.extensions["task_timer"].hashing.queue):
            refused = client.post("auth/register", body)
            assert client.post("auth/login", body).status_code == 503
        assert (refused.status_code, refused.get_json()["code"]) == (503, "overloaded")
        assert refused.headers["Retry-After"] == "1"
        assert client.post("auth/register", body).status_code == 201
