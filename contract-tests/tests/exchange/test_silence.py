"""A target that has ended is distinguished from one that differs."""

from __future__ import annotations

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.exchange import silence
from lockstep.exchange.exchanger import TargetLostError
from lockstep.transport.messages import NoResponse, Outcome, Request


class Crashing:
    """Answers until a deletion, after which `refusals` connections are refused."""

    def __init__(self, refusals: int) -> None:
        self.left = refusals
        self.crashed = False

    def __call__(self, request: Request) -> Outcome:
        if request.method == "DELETE":
            self.crashed = True
            return NoResponse("dropped")
        if self.crashed and self.left:
            self.left -= 1
            return NoResponse("refused")
        return answer([])


def test_a_process_that_has_ended_is_lost_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "_RESTART", 0.0)
    lockstep, _ = exchanger(lambda _request: answer([]), Crashing(99))
    for method, path in (("GET", "/tasks"), ("DELETE", "/tasks/5")):
        lockstep.send(Request(method, path))
    with pytest.raises(TargetLostError, match="it refuses connections since deleteTask"):
        lockstep.send(Request("GET", "/tasks"))
    # What follows from the end of the process is no difference of its own.
    findings = lockstep.ledger.findings.all()
    assert {one.operation for one in findings if one.kind == "outcome"} == {"deleteTask"}


def test_a_process_that_is_restarted_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "_PAUSE", 0.0)
    lockstep, _ = exchanger(lambda _request: answer([]), Crashing(3))
    for method, path in (("GET", "/tasks"), ("DELETE", "/tasks/5"), ("GET", "/tasks")):
        lockstep.send(Request(method, path))
    assert lockstep.send(Request("GET", "/tasks")).parity
