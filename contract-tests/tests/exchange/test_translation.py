"""Requests name what each target has generated."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from fixtures.scripted import Answers, answer, exchanger

from lockstep.transport.messages import Outcome, Request


def active(at: datetime) -> Answers:
    """Return a target with one task, which was used at that time."""
    return lambda _request: answer([{"title": "some", "last_activity": at.isoformat()}])


def test_times_that_clients_send_back_are_still_those_of_each_target() -> None:
    now = datetime.now(UTC)
    lockstep, _ = exchanger(active(now), active(now + timedelta(milliseconds=7)))
    lockstep.send(Request("GET", "/tasks"))
    body = f'{{"last_activity": "{now.isoformat()}"}}'.encode()
    lockstep.send(Request("POST", "/tasks", (("Content-Type", "application/json"),), body))
    assert lockstep.send(Request("GET", "/tasks")).parity


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
