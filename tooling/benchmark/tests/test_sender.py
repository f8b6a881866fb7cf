"""The load generator: open loop, all requests counted, and no conflicts between users."""

import itertools
import json
import time
from collections import defaultdict

import pytest

from tooling.benchmark.load import Sender, Sent, plan
from tooling.benchmark.tests.stand_in import Received, Reply, stand_in
from tooling.benchmark.workload import Request

READ = Request("read", "GET", "/tasks/{task.id}", {"Authorization": "{user.token}"}, (), None, 200)
CHANGE = Request(
    "change", "PATCH", "/tasks/{task.id}", {"If-Match": "{task.etag}"}, ("1", "2"), "task", 200
)
START = Request("start", "POST", "/start", {"Authorization": "{user.token}"}, (), "stopped", 201)
STOP = Request("stop", "POST", "/stop", {"Authorization": "{user.token}"}, (), "running", 200)
USERS = [
    {"token": f"user{number}", "running": number % 2 == 1, "task": number} for number in range(4)
]
# Timers run on the first tasks.
TASKS = [
    {"id": f"task{number}", "etag": f'"{number}"', "uses": 0, "user": number % 4}
    for number in range(10)
]


def send(address: str, mix: dict[str, int], rate: float, seconds: float) -> Sent:
    with Sender(plan(address, (READ, CHANGE, START, STOP), USERS, TASKS, seed=1)) as sender:
        return sender.send(mix, rate, seconds)


def test_stall_of_a_second_shows_in_the_99th_percentile() -> None:
    count = 0

    def answer(_: Received) -> Reply:
        nonlocal count
        count += 1
        if count == 100:
            time.sleep(1.0)
        return Reply()

    with stand_in(answer) as address:
        sent = send(address, {"read": 1}, rate=100, seconds=3)
    assert sent.times.count == count == 300
    # A hundred requests were due during the stall; a closed-loop client would have sent one or two.
    assert sent.times.p99 is not None
    assert 900 < sent.times.p99 < 2000
    assert sent.times.p50 is not None
    assert sent.times.p50 < sent.times.p99 / 2


def test_waiting_for_a_connection_counts_as_latency() -> None:
    with stand_in(lambda _: Reply(after=0.5)) as address:
        sent = send(address, {"read": 1}, rate=100, seconds=1)
    # 32 connections take 64 requests a second.
    assert sent.times.count == 100
    assert sent.times.p99 is not None
    assert sent.times.p99 > 900


def test_other_statuses_count_as_failures() -> None:
    statuses = iter([200, 500, 404] * 10)
    with stand_in(lambda _: Reply(next(statuses))) as address:
        sent = send(address, {"read": 1}, rate=100, seconds=0.3)
    assert (sent.times.count, sent.failed) == (30, 20)
    assert sent.operations["read"]["statuses"] == {"200": 10, "404": 10, "500": 10}


def test_lost_connection_counts_as_a_failure() -> None:
    with stand_in(lambda _: Reply()) as address:
        pass
    sent = send(address, {"read": 1}, rate=100, seconds=0.1)
    assert sent.failed == sent.times.count == 10


def test_update_sends_the_newest_entity_tag() -> None:
    newest = {task["id"]: task["etag"] for task in TASKS}
    bodies = defaultdict(list)

    def answer(request: Received) -> Reply:
        task = request.path.rsplit("/", 1)[-1]
        bodies[task].append(request.body)
        if request.headers["if-match"] != newest[task]:
            return Reply(412)
        newest[task] = f'"{time.perf_counter_ns()}"'
        return Reply(etag=str(newest[task]), after=0.01)

    with stand_in(answer) as address:
        sent = send(address, {"change": 1}, rate=200, seconds=0.5)
    assert (sent.times.count, sent.failed) == (100, 0)
    # Timers run on the other tasks, which would change their entity tags.
    assert set(bodies) == {f"task{number}" for number in range(4, 10)}
    for sequence in bodies.values():
        assert sequence == (["1", "2"] * 50)[: len(sequence)], "Each change must change something."


def test_timer_is_started_only_if_stopped_and_stopped_only_if_running() -> None:
    running = {user["token"]: user["running"] for user in USERS}

    def answer(request: Received) -> Reply:
        user, starts = request.headers["authorization"], request.path == "/start"
        if running[user] == starts:
            return Reply(409)
        running[user] = starts
        return Reply(201 if starts else 200, after=0.002)

    with stand_in(answer) as address:
        sent = send(address, {"start": 1, "stop": 1}, rate=200, seconds=0.5)
    assert (sent.times.count, sent.failed) == (100, 0)
    assert {name: each["count"] for name, each in sent.operations.items()} == {
        "start": 50,
        "stop": 50,
    }


@pytest.mark.parametrize("weights", [{"read": 3, "change": 1}, {"read": 1}])
def test_operations_follow_their_weights(weights: dict[str, int]) -> None:
    with stand_in(lambda _: Reply()) as address:
        sent = send(address, weights, rate=200, seconds=0.2)
    counts = {name: each["count"] for name, each in sent.operations.items()}
    assert counts == {
        name: weight * 40 // sum(weights.values()) for name, weight in weights.items()
    }


def test_entity_tags_are_remembered_between_steps() -> None:
    tags = itertools.count(100)
    known: dict[str, str] = {}

    def answer(request: Received) -> Reply:
        expected = known.get(request.path, request.headers["if-match"])
        known[request.path] = f'"{next(tags)}"'
        return Reply(200 if request.headers["if-match"] == expected else 412, known[request.path])

    with (
        stand_in(answer) as address,
        Sender(plan(address, (CHANGE,), USERS, TASKS, seed=1)) as sender,
    ):
        steps = [sender.send({"change": 1}, 100, 0.2), sender.saturate({"change": 1}, 0.2)]
    assert [step.failed for step in steps] == [0, 0]
    assert steps[1].times.count > 6


def test_placeholders_in_bodies_are_replaced() -> None:
    bodies = []

    def answer(request: Received) -> Reply:
        bodies.append(request.body)
        return Reply()

    body = json.dumps({"of": "{user.token}", "id": "{task.id}"})
    request = Request("write", "POST", "/", {}, (body,), "stopped", 200)
    with stand_in(answer) as address, Sender(plan(address, (request,), USERS, TASKS, 1)) as sender:
        sender.send({"write": 1}, 10, 0.1)
    assert [json.loads(each) for each in bodies] == [{"of": "user0", "id": "task0"}]


def test_task_in_an_unknown_state_is_not_used_again() -> None:
    paths: list[str] = []

    def answer(request: Received) -> Reply:
        paths.append(request.path)
        return Reply(500 if len(paths) == 1 else 200)

    with stand_in(answer) as address:
        sent = send(address, {"change": 1}, rate=100, seconds=0.3)
    assert (sent.times.count, sent.failed) == (30, 1)
    assert paths.count(paths[0]) == 1
