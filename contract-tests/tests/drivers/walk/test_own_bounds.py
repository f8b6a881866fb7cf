"""Texts are sent that are as long as a resource says, and longer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.results.findings import PARITY
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}
ID = {"name": "poll_id", "in": "path", "required": True, "schema": TEXT}


def body(**members: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": [*members], "properties": members}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


PATHS: dict[str, Any] = {
    "/polls": {
        "post": {
            "requestBody": body(title=TEXT),
            "responses": {"201": {"description": "", "content": body(id=TEXT)["content"]}},
        }
    },
    "/polls/{poll_id}": {
        "get": {"operationId": "getPoll", "parameters": [ID], "responses": {"200": {}}}
    },
    "/polls/{poll_id}/votes": {
        "post": {
            "operationId": "vote",
            "parameters": [ID],
            "requestBody": body(by=TEXT, why=TEXT),
            "responses": {"201": {"description": ""}},
        }
    },
}


class Polls:
    """A server of polls whose votes have a reason of limited length, by its own count."""

    def __init__(self, count: str = "characters") -> None:
        self.count = count
        self.polls = 0

    def __call__(self, request: Request) -> Outcome:
        sent = json.loads(request.body) if request.body else None
        fields = [{"name": "by"}, {"name": "why", "maxLength": 30}]
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["polls"] if isinstance(sent, dict):
                self.polls += 1
                return answer({"id": f"poll-{self.polls}", "fields": fields}, 201)
            case "GET", ["polls", name] if self._is_poll(name):
                return answer({"id": name, "fields": fields})
            case "POST", ["polls", name, "votes"] if self._is_poll(name):
                why = sent.get("why") if isinstance(sent, dict) else None
                if not isinstance(why, str) or self._length(why) > 30:
                    return answer({"error": "too long"}, 422)
                return answer({"done": True}, 201)
        return answer({"error": "unknown"}, 404)

    def _is_poll(self, name: str) -> bool:
        number = name.removeprefix("poll-")
        return number.isdecimal() and 0 < int(number) <= self.polls

    def _length(self, text: str) -> int:
        match self.count:
            case "bytes":
                return len(text.encode())
            case "one less":
                return len(text) + 1
        return len(text)


@pytest.mark.parametrize("count", ["characters", "bytes", "one less"])
def test_texts_at_the_bound_of_a_resource_are_tried(count: str) -> None:
    both, _ = exchanger(Polls(), Polls(count), paths=PATHS)

    walk(both, None, lambda *_: None)

    findings = (each for each in both.ledger.findings.all() if each.category == PARITY)
    found = {f"{each.operation} {each.where}" for each in findings}
    assert found == (set() if count == "characters" else {"vote status"})
