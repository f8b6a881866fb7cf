"""What a target answers differently each time is no divergence, and is said."""

from __future__ import annotations

import itertools

from fixtures.scripted import Answers, answer, exchanger

from lockstep.matching.noise import NoiseBook
from lockstep.self_check import self_check
from lockstep.transport.messages import Outcome, Request

LIST = Request("GET", "/tasks")


def counting(step: int = 1, **fixed: object) -> Answers:
    """A target that shows another number each time."""
    numbers = itertools.count(1, step)

    def answers(_request: Request) -> Outcome:
        return answer([{"load": next(numbers), **fixed}])

    return answers


def test_what_differs_each_time_is_noise_and_not_a_finding() -> None:
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
    """A target whose job is in another state each time, and stays in the last one."""
    left = iter(states)

    def answers(_request: Request) -> Outcome:
        return answer({"state": next(left, states[-1])})

    return answers


def test_the_state_of_a_job_that_is_done_at_once_is_a_finding() -> None:
    lockstep, targets = exchanger(saying("queued", "running", "done"), saying("done"))
    lockstep.send(Request("GET", "/tasks/1"))
    ledger = lockstep.ledger
    assert [finding.where for finding in ledger.findings.all()] == ["body /state"]
    assert ledger.noise.all() == []
    assert ledger.noise.progresses("getTask", "body /state")
    assert len(targets[0].sent) == len(targets[1].sent)


def test_a_word_that_comes_back_is_noise() -> None:
    flicker = ["red", "green", "blue"] * 5
    lockstep, _ = exchanger(saying(*flicker), saying(*flicker[1:]))
    lockstep.send(Request("GET", "/tasks/1"))
    assert lockstep.ledger.findings.all() == []
    assert [noise.where for noise in lockstep.ledger.noise.all()] == ["body /state"]


def test_what_stays_the_same_on_each_side_is_a_finding() -> None:
    lockstep, targets = exchanger(
        lambda _request: answer([{"load": 1}]), lambda _request: answer([{"load": 2}])
    )
    for _ in range(5):
        lockstep.send(LIST)
    assert [finding.where for finding in lockstep.ledger.findings.all()] == ["body /*/load"]
    assert lockstep.ledger.noise.all() == []
    # Asked again once, and not each time.
    assert len(targets[0].sent) == 6


def test_noise_hides_nothing_beside_it() -> None:
    lockstep, _ = exchanger(counting(n=1), counting(7, n=2))
    lockstep.send(LIST)
    lockstep.send(LIST)
    assert [finding.where for finding in lockstep.ledger.findings.all()] == ["body /*/n"]


def test_a_request_that_writes_is_never_sent_again() -> None:
    lockstep, targets = exchanger(counting(), counting(7))
    lockstep.send(Request("POST", "/tasks", body=b"{}"))
    lockstep.send(Request("POST", "/tasks", body=b"{}"))
    assert len(targets[0].sent) == 2
    differing = [found.where for found in lockstep.ledger.findings.all() if found.kind == "value"]
    assert differing == ["body /*/load"]


def test_nobody_is_asked_again_where_that_is_not_wanted() -> None:
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
    """A target that shows its tasks in another order each time."""
    tasks = [{"id": at, "title": title, "done": False} for at, title in enumerate(titles, 1)]
    turns = itertools.cycle(itertools.permutations(tasks))

    def answers(_request: Request) -> Outcome:
        return answer(list(next(turns)))

    return answers


def test_the_members_of_a_shuffled_list_are_compared_all_the_same() -> None:
    lockstep, _ = exchanger(shuffling("a", "b", "c"), shuffling("c", "b", "a"))
    differing = [lockstep.send(LIST).differences["right"] for _ in range(5)]
    assert differing == [[]] * 5
    (noise,) = lockstep.ledger.noise.all()
    assert (noise.where, noise.kind) == ("body", "order")
    lockstep, _ = exchanger(shuffling("a", "b", "c"), shuffling("C", "b", "a"))
    differing = [lockstep.send(LIST).differences["right"] for _ in range(5)]
    assert {one.where for several in differing for one in several} == {"body /*/title"}
    assert all(differing)


def test_a_shuffled_list_without_names_is_compared_by_what_is_likest() -> None:
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


def test_questions_are_limited_and_what_was_not_asked_is_said() -> None:
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


def test_a_target_is_first_held_against_itself() -> None:
    lockstep, targets = exchanger(counting(), lambda _request: answer([{"load": 1}]))
    told = self_check(lockstep, None)
    assert told == [
        "listTasks, body /*/load: left gives another answer to the same request (1 and 2)"
    ]
    assert [request.path for request in targets[1].sent] == ["/tasks", "/tasks"]
    lockstep.send(LIST)
    assert lockstep.ledger.findings.all() == []


def test_a_stable_target_has_nothing_to_be_told() -> None:
    lockstep, _ = exchanger(
        lambda _request: answer([{"id": 1}]), lambda _request: answer([{"id": 7}])
    )
    assert self_check(lockstep, None) == []
