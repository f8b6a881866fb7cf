"""Requests name what each target has generated."""

from __future__ import annotations

import time

from fixtures.scripted import Answers, answer, exchanger

from lockstep.transport.messages import Outcome, Request


def modified(at: int) -> Answers:
    """Return a target with one task, which was changed at that time: milliseconds since 1970."""

    def answers(_request: Request) -> Outcome:
        return answer([{"title": "some", "last_modified": at}])

    return answers


def test_times_since_1970_are_those_of_each_target() -> None:
    now = int(time.time() * 1000)
    lockstep, targets = exchanger(modified(now), modified(now + 7))
    lockstep.send(Request("GET", "/tasks"))
    lockstep.send(Request("GET", f"/tasks?last_modified={now}"))
    assert [each.sent[-1].path for each in targets] == [
        f"/tasks?last_modified={now}",
        f"/tasks?last_modified={now + 7}",
    ]
