"""Values that change on each request of one target are noise, and reported as such."""

from __future__ import annotations

import itertools

from fixtures.scripted import Answers, answer, exchanger

from lockstep.matching.noise import NoiseBook
from lockstep.self_check import self_check
from lockstep.transport.messages import Outcome, Request

LIST = Request("GET", "/tasks")


def counting(step: int = 1, **fixed: object) -> Answers:
    """Return a target that shows another number on each request."""
    numbers = itertools.count(1, step)

    def answers(_request: Request) -> Outcome:
        return answer([{"load": next(numbers), **fixed}])

    return answers


def test_a_value_that_changes_each_time_is_noise_and_not_a_finding() -> None:
    lockstep, targets = exchanger(counting(), counting(7))
    for _ in range(3):
        lockstep.send(LIST)
    ledger = lockstep.ledger
    assert ledger.findings.all() == []
    (noise,) = ledger.noise.all()
    assert (noise.operation, noise.where, noise.kind) == ("listTasks", "body /*/load", "value")
    assert noise.examples == ("2", "3") or noise.examples[0] != noise.examples[1]
    assert noise.count >= 1
    assert len(targets[0].sent) == len(targets[1].sent)


def test_what_clients_change_meanwhile_is_no_noise() -> None:
    """The leader of a proxy goes on: only what a mirror answers each time tells."""
    moving, fixed = counting(), counting(0)
    busy, _ = exchanger(moving, fixed, asks_again=lambda: False)
    for _ in range(2):
        busy.send(LIST)
    assert [each.where for each in busy.ledger.findings.all()] == ["body /*/load"]
    assert busy.ledger.noise.all() == []
    noisy, _ = exchanger(counting(0), counting(), asks_again=lambda: False)
    for _ in range(2):
        noisy.send(LIST)
    assert noisy.ledger.findings.all() == []


def saying(*states: str) -> Answers:
    """Return a target whose job changes its state on each request, up to the last one."""
    left = iter(states)

    def answers(_request: Request) -> Outcome:
        return answer({"state": next(left, states[-1])})

    return answers


def test_a_job_that_is_done_at_once_on_one_side_is_a_finding() -> None:
    lockstep, targets = exchanger(saying("queued", "running", "done"), saying("done"))
    lockstep.send(Request("GET", "/tasks/1"))
    ledger = lockstep.ledger
    assert [finding.where for finding in ledger.findings.all()] == ["body /state"]
    assert ledger.noise.all() == []
    assert ledger.noise.progresses("getTask", "body /state")
    assert len(targets[0].sent) == len(targets[1].sent)


def test_a_state_that_recurs_is_noise() -> None:
    flicker = ["red", "green", "blue"] * 5
    lockstep, _ = exchanger(saying(*flicker), saying(*flicker[1:]))
    lockstep.send(Request("GET", "/tasks/1"))
    assert lockstep.ledger.findings.all() == []
    assert [noise.where for noise in lockstep.ledger.noise.all()] == ["body /state"]


def test_a_value_that_is_stable_on_each_side_is_a_finding() -> None:
    lockstep, targets = exchanger(
        lambda _request: answer([{"load": 1}]), lambda _request: answer([{"load": 2}])
    )
    for _ in range(5):
        lockstep.send(LIST)
    assert [finding.where for finding in lockstep.ledger.findings.all()] == ["body /*/load"]
    assert lockstep.ledger.noise.all() == []
    # Repeated once, and not for each request.
    assert len(targets[0].sent) == 6


def test_noise_does_not_hide_other_differences() -> None:
    lockstep, _ = exchanger(counting(n=1), counting(7, n=2))
    lockstep.send(LIST)
    lockstep.send(LIST)
    assert [finding.where for finding in lockstep.ledger.findings.all()] == ["body /*/n"]


def test_a_write_is_never_repeated() -> None:
    lockstep, targets = exchanger(counting(), counting(7))
    lockstep.send(Request("POST", "/tasks", body=b"{}"))
    lockstep.send(Request("POST", "/tasks", body=b"{}"))
    assert len(targets[0].sent) == 2
    differing = [found.where for found in lockstep.ledger.findings.all() if found.kind == "value"]
    assert differing == ["body /*/load"]


def test_requests_are_not_repeated_if_disabled() -> None:
    lockstep, targets = exchanger(counting(), counting(7), asks_again=False)
    lockstep.send(LIST)
    lockstep.send(LIST)
    assert len(targets[0].sent) == 2


def test_a_list_that_is_shuffled_each_time_is_noise() -> None:
    orders = itertools.cycle([["a", "b"], ["b", "a"]])
    lockstep, _ = exchanger(
        lambda _request: answer([{"tags": next(orders)}]),
        lambda _request: answer([{"tags": ["b", "a"]}]),
    )
    for _ in range(4):
        lockstep.send(LIST)
    assert lockstep.ledger.findings.all() == []
    assert [noise.kind for noise in lockstep.ledger.noise.all()] == ["order"]


def shuffling(*titles: str) -> Answers:
    """Return a target that shows its tasks in another order on each request."""
    tasks = [{"id": at, "title": title, "done": False} for at, title in enumerate(titles, 1)]
    turns = itertools.cycle(itertools.permutations(tasks))

    def answers(_request: Request) -> Outcome:
        return answer(list(next(turns)))

    return answers


def test_the_members_of_a_shuffled_list_are_still_compared() -> None:
    lockstep, _ = exchanger(shuffling("a", "b", "c"), shuffling("c", "b", "a"))
    differing = [lockstep.send(LIST).differences["right"] for _ in range(5)]
    assert differing == [[]] * 5
    (noise,) = lockstep.ledger.noise.all()
    assert (noise.where, noise.kind) == ("body", "order")
    lockstep, _ = exchanger(shuffling("a", "b", "c"), shuffling("C", "b", "a"))
    differing = [lockstep.send(LIST).differences["right"] for _ in range(5)]
    assert {one.where for several in differing for one in several} == {"body /*/title"}
    assert all(differing)


def test_a_shuffled_list_without_ids_is_compared_by_similarity() -> None:
    def steps(*done: bool) -> Answers:
        orders = itertools.cycle(
            itertools.permutations({"step": str(at), "done": one} for at, one in enumerate(done))
        )
        return lambda _request: answer(list(next(orders)))

    lockstep, _ = exchanger(steps(True, True, True), steps(True, True, True))
    assert [lockstep.send(LIST).differences["right"] for _ in range(4)] == [[]] * 4
    lockstep, _ = exchanger(steps(True, True, True), steps(True, False, True))
    differing = [lockstep.send(LIST).differences["right"] for _ in range(4)]
    assert {one.where for several in differing for one in several} == {"body /*/done"}


def test_repetitions_are_limited_and_skipped_ones_are_reported() -> None:
    book = NoiseBook(limit=0)
    lockstep, targets = exchanger(
        lambda _request: answer([{"load": 1}]), lambda _request: answer([{"load": 2}])
    )
    lockstep.ledger.noise = book
    lockstep.send(LIST)
    assert len(targets[0].sent) == 1
    assert book.not_judged() == [
        "1 differences were not checked for noise, after 0 repeated requests: some may be noise"
    ]


def test_a_target_is_first_compared_with_itself() -> None:
    lockstep, targets = exchanger(counting(), lambda _request: answer([{"load": 1}]))
    notes = self_check(lockstep, None)
    assert notes == [
        "listTasks, body /*/load: left returns a different response to the same request (1 and 2)"
    ]
    assert [request.path for request in targets[1].sent] == ["/tasks", "/tasks"]
    lockstep.send(LIST)
    assert lockstep.ledger.findings.all() == []


def test_a_stable_target_has_no_noise() -> None:
    lockstep, _ = exchanger(
        lambda _request: answer([{"id": 1}]), lambda _request: answer([{"id": 7}])
    )
    assert self_check(lockstep, None) == []
