"""What is changed under a condition alone is changed with the tag that it has now."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.client import Client
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
