"""A member that is a state is taken from each of its values to each other one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.transitions import Transitions
from lockstep.transport.messages import Outcome, Request

STATES = ["open", "doing", "blocked", "done"]
CIRCLE = {"open": ["doing"], "doing": ["blocked", "done"], "blocked": ["doing"], "done": ["open"]}
ENDING = {"open": ["doing", "done"], "doing": ["done"], "blocked": [], "done": []}


def orders(method: str) -> dict[str, Any]:
    """The paths of orders whose state is changed by a method."""
    schema = {"type": "object", "properties": {"status": {"type": "string", "enum": STATES}}}
    body = {"content": {"application/json": {"schema": schema}}}
    named = {"name": "order_id", "in": "path", "required": True}
    changed = {"operationId": "changeOrder", "requestBody": body, "responses": {"200": {}}}
    return {
        "/orders": {"post": {"operationId": "createOrder", "responses": {"201": {}}}},
        "/orders/{order_id}": {
            "parameters": [named],
            "get": {"operationId": "getOrder", "responses": {"200": {}}},
            method: changed,
        },
    }


class Orders:
    """A server of orders that allows the given transitions, and records those that are tried."""

    def __init__(self, moves: dict[str, list[str]], *, tells: bool = True) -> None:
        self.moves, self.tells = moves, tells
        self.states: list[str] = []
        self.tried: list[tuple[str, str]] = []

    def __call__(self, request: Request) -> Outcome:
        if request.method == "POST":
            self.states.append("open")
            return answer({"id": f"order{len(self.states)}"}, 201)
        at = int(request.path.rpartition("order")[2]) - 1
        if request.method != "GET":
            target = json.loads(request.body or b"{}")["status"]
            self.tried.append((self.states[at], target))
            if target != self.states[at] and target not in self.moves[self.states[at]]:
                return answer({}, 409)
            self.states[at] = target
            if not self.tells:
                return answer(None, 204)
        return answer({"id": f"order{at + 1}", "status": self.states[at]})


def tried(server: Orders, method: str = "patch") -> list[tuple[str, str]]:
    """What was tried on a server, from which state to which."""
    other = Orders(server.moves, tells=server.tells)
    both, _ = exchanger(server, other, paths=orders(method))
    maker = Maker(Client(both, None, lambda *_: None))
    transitions = Transitions(maker, Reader(maker))
    (operation,) = transitions.able()
    transitions.explore(operation)
    return server.tried


@pytest.mark.parametrize("method", ["patch", "put"])
@pytest.mark.parametrize("tells", [True, False])
def test_each_state_is_tried_after_each(method: str, tells: bool) -> None:
    found = tried(Orders(CIRCLE, tells=tells), method)
    assert set(found) == {(a, b) for a in STATES for b in STATES}
    assert len(found) <= 30


def test_what_is_behind_an_end_is_tried_on_another_thing() -> None:
    reachable = ("open", "doing", "done")
    found = tried(Orders(ENDING))
    assert set(found) == {(a, b) for a in reachable for b in STATES}
    assert len(found) <= 20


def test_a_state_that_never_changes_is_tried_once() -> None:
    found = tried(Orders({state: [] for state in STATES}))
    assert found == [("open", state) for state in (*STATES[1:], "open")]


READER = {
    "type": "object",
    "required": ["email"],
    "properties": {"email": {"type": "string", "format": "email"}},
}
LEAVING = {"type": "object", "properties": {"status": {"const": "left"}}}


def readers(*, is_read: bool) -> dict[str, Any]:
    """The paths of readers, each with an email address of its own, who may leave."""
    read = {"get": {"operationId": "getReader", "responses": {"200": {}}}} if is_read else {}
    added, changed = ({"content": {"application/json": {"schema": s}}} for s in (READER, LEAVING))
    return {
        "/readers": {
            "post": {"operationId": "addReader", "requestBody": added, "responses": {"201": {}}}
        },
        "/readers/{reader_id}": {
            "parameters": [{"name": "reader_id", "in": "path", "required": True}],
            **read,
            "patch": {
                "operationId": "changeReader",
                "requestBody": changed,
                "responses": {"200": {}},
            },
        },
    }


class Readers:
    """A server of readers; those who have left may come back, unless it is `strict`."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.readers: dict[str, dict[str, str]] = {}

    def __call__(self, request: Request) -> Outcome:
        sent = json.loads(request.body or b"{}")
        if request.method == "POST":
            known = next((r for r in self.readers.values() if r["email"] == sent["email"]), None)
            if known is None:
                known = {"id": f"reader{len(self.readers) + 1}", **sent, "status": "new"}
                self.readers[known["id"]] = known
                return answer(known, 201)
            if known["status"] != "left" or self.strict:
                return answer({}, 409)
            known["status"] = "new"
            return answer(known)
        reader = self.readers.get(request.path.rpartition("/")[2])
        if reader is None:
            return answer({}, 404)
        reader.update(sent if request.method == "PATCH" else {})
        return answer(reader)


@pytest.mark.parametrize("is_read", [True, False])
@pytest.mark.parametrize("strict", [True, False])
def test_an_equal_resource_is_created_again_in_a_new_state(*, strict: bool, is_read: bool) -> None:
    """The document names a single state, which others may well be left for."""
    both, _ = exchanger(Readers(), Readers(strict=strict), paths=readers(is_read=is_read))
    maker = Maker(Client(both, None, lambda *_: None))
    transitions = Transitions(maker, Reader(maker))
    for operation in transitions.able():
        transitions.explore(operation)
    found = [one for one in both.ledger.findings.all() if one.where == "status"]
    assert bool(found) is strict
    assert {one.operation for one in found} <= {"addReader"}


JOB = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "string", "enum": ["open", "closed"]},
    },
}


def jobs() -> dict[str, Any]:
    """The paths of jobs that are changed and closed by one operation."""
    body = {"content": {"application/json": {"schema": JOB}}}
    named = {"name": "job_id", "in": "path", "required": True}
    return {
        "/jobs": {"post": {"operationId": "addJob", "responses": {"201": {}}}},
        "/jobs/{job_id}": {
            "parameters": [named],
            "get": {"operationId": "getJob", "responses": {"200": {}}},
            "patch": {"operationId": "changeJob", "requestBody": body, "responses": {"200": {}}},
        },
    }


class Jobs:
    """A server of jobs, whose titles stay as they are once they are closed, unless it is `lax`."""

    def __init__(self, *, lax: bool = False) -> None:
        self.lax = lax
        self.jobs: list[dict[str, str]] = []

    def __call__(self, request: Request) -> Outcome:
        if request.method == "POST":
            self.jobs.append({"id": f"job{len(self.jobs)}", "title": "", "status": "open"})
            return answer(self.jobs[-1], 201)
        job = self.jobs[int(request.path.rpartition("job")[2])]
        sent = json.loads(request.body or b"{}") if request.method == "PATCH" else {}
        if "title" in sent and job["status"] == "closed" and not self.lax:
            return answer({"error": "closed"}, 409)
        job.update(sent)
        return answer(job)


@pytest.mark.parametrize("lax", [True, False])
def test_members_are_changed_in_each_state(*, lax: bool) -> None:
    both, _ = exchanger(Jobs(), Jobs(lax=lax), paths=jobs())
    maker = Maker(Client(both, None, lambda *_: None))
    transitions = Transitions(maker, Reader(maker))
    for operation in transitions.able():
        transitions.explore(operation)
    found = {one.operation for one in both.ledger.findings.all() if one.where == "status"}
    assert found == ({"changeJob"} if lax else set())
