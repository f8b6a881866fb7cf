"""What is changed under a condition alone is changed with the tag that it has now."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.driver import walk
from lockstep.transport.messages import Outcome, Request, status_of

IF_MATCH = {"name": "If-Match", "in": "header", "required": True, "example": '"v1"'}
BODY = {"content": {"application/json": {"schema": {"type": "object"}}}}


def notes(*parameters: dict[str, Any]) -> dict[str, Any]:
    """The paths of a note that is read and changed."""
    named = {"name": "note_id", "in": "path", "required": True}
    changing = {"operationId": "changeNote", "requestBody": BODY, "parameters": [*parameters]}
    return {
        "/notes/{note_id}": {
            "parameters": [named],
            "get": {"operationId": "getNote", "responses": {"200": {}}},
            "patch": {**changing, "responses": {"200": {}}},
        },
        "/notes/{note_id}/pin": {
            "parameters": [named],
            "post": {"operationId": "pinNote", "responses": {"204": {}}},
        },
    }


class Note:
    """A server of one note, whose version each change raises."""

    def __init__(self) -> None:
        self.version = 3

    def __call__(self, request: Request) -> Outcome:
        given, tag = request.header("if-match"), f'"v{self.version}"'
        if request.method == "PATCH" and given != tag:
            return answer({}, 428 if given is None else 412)
        self.version += request.method != "GET"
        if request.method == "POST":
            return answer(None, 204)
        return answer({"id": "a"}, headers={"ETag": f'"v{self.version}"'})


@pytest.mark.parametrize(("parameters", "refused"), [((IF_MATCH,), []), ((), [428])])
def test_each_change_has_the_current_tag(
    parameters: tuple[dict[str, Any], ...], refused: list[int]
) -> None:
    """Also where only a refusal tells that there must be one."""
    both, _ = exchanger(Note(), Note(), paths=notes(*parameters))
    client = Client(both, None, lambda *_: None)
    values = {"note_id": "a"}
    statuses = []
    for name in ("changeNote", "changeNote", "pinNote", "changeNote"):
        operation = client.document.operations[name]
        value: dict[str, Any] | None = {} if name == "changeNote" else None
        request = client.request(operation, values, value)
        statuses.append(status_of(client.send(operation, values, request, "").leader))
    expected = [200, 200, 204, 200]
    assert statuses == [*refused, *expected[len(refused) :]]


def test_what_a_test_says_itself_is_left_alone() -> None:
    both, _ = exchanger(Note(), Note(), paths=notes(IF_MATCH))
    client = Client(both, None, lambda *_: None)
    operation = client.document.operations["changeNote"]
    request = client.request(operation, {"note_id": "a"}, {}, headers={"If-Match": '"0"'})
    assert request.header("If-Match") == '"0"'


CREATED = {"operationId": "addPage", "requestBody": BODY, "responses": {"201": {}}}
PAGES: dict[str, Any] = {
    "/pages": {"post": CREATED},
    "/pages/{page_id}": {
        "parameters": [{"name": "page_id", "in": "path", "required": True}],
        "get": {"operationId": "getPage", "responses": {"200": {}}},
        "put": {"operationId": "changePage", "requestBody": BODY, "responses": {"200": {}}},
    },
}


class Pages:
    """A server of pages; those that are `literal` compare a tag with the whole of a field."""

    def __init__(self, *literal: str) -> None:
        self.literal = literal
        self.versions: dict[str, int] = {}

    def __call__(self, request: Request) -> Outcome:
        if (request.method, request.path) == ("POST", "/pages"):
            name = str(len(self.versions) + 1)
            self.versions[name] = 1
            return answer({"page_id": name}, 201)
        name = request.path.rpartition("/")[2]
        if name not in self.versions:
            return answer({}, 404)
        if request.method == "GET":
            headers = {"ETag": self.tag(name)}
            if self.matches(request, "If-None-Match", name, "W/"):
                return answer(None, 304, headers)
            return answer({"page_id": name}, headers=headers)
        if request.header("If-Match") and not self.matches(request, "If-Match", name):
            return answer({}, 412)
        self.versions[name] += 1
        return answer({"page_id": name}, headers={"ETag": self.tag(name)})

    def tag(self, name: str) -> str:
        return f'"v{self.versions[name]}"'

    def matches(self, request: Request, field: str, name: str, prefix: str = "") -> bool:
        given = request.header(field) or ""
        if field in self.literal:
            return given == self.tag(name)
        tags = (each.strip() for each in given.split(","))
        return given == "*" or self.tag(name) in {each.removeprefix(prefix) for each in tags}


@pytest.mark.parametrize("literal", ["If-None-Match", "If-Match"])
def test_a_server_that_compares_tags_as_plain_text_is_found(literal: str) -> None:
    """A list of tags, and one that is weak, match like one (RFC 9110, 13.1.1 and 13.1.2)."""
    both, targets = exchanger(Pages(), Pages(literal), paths=PAGES)
    walk(both, None, lambda *_: None)

    found = [one for one in both.ledger.findings.all() if one.where == "status"]
    sent = {request.header(literal) or "" for request in targets[0].sent}
    assert {each.partition("v")[0] for each in sent} >= {'"', 'W/"', '"0", "'}
    assert {one.operation for one in found} == {
        "getPage" if literal == "If-None-Match" else "changePage"
    }


def test_servers_that_compare_tags_alike_have_no_finding() -> None:
    both, _ = exchanger(Pages(), Pages(), paths=PAGES)
    walk(both, None, lambda *_: None)

    assert not [one for one in both.ledger.findings.all() if one.where == "status"]
