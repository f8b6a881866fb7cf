"""An idempotency key is used again for another resource, and at another operation."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.probes.driver import probe
from lockstep.drivers.walk.driver import walk
from lockstep.transport.messages import Outcome, Request

KEY = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}
NOTE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
BODY = {"required": True, "content": {"application/json": {"schema": NOTE}}}


def creation(name: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "parameters": [KEY, *parameters],
        "requestBody": BODY,
        "responses": {"201": {"description": "made"}},
    }


FORM = {"name": "form_id", "in": "path", "required": True, "schema": {"type": "string"}}
PATHS: dict[str, Any] = {
    "/forms": {"post": {**creation("addForm"), "parameters": []}},
    "/forms/{form_id}/answers": {"post": creation("addAnswer", FORM)},
    "/comments": {"post": creation("addComment")},
}

Scope = Callable[[Request], str]


class Notes:
    """A server that repeats its response to a key in some scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.kept: dict[tuple[str, str], Outcome] = {}
        self.numbers = itertools.count(1)

    def __call__(self, request: Request) -> Outcome:
        if request.method != "POST" or not request.path.startswith(("/forms", "/comments")):
            return answer({}, 404)
        text = json.loads(request.body or b"{}").get("text")
        kind = request.path.rstrip("/").rpartition("/")[2].rstrip("s")
        made = answer({"id": f"{kind}-{next(self.numbers)}", "text": text}, 201)
        key = request.header("idempotency-key")
        return made if key is None else self.kept.setdefault((key, self.scope(request)), made)


def by_path(request: Request) -> str:
    return request.path


def by_operation(request: Request) -> str:
    return request.path.rpartition("/")[2]


def anywhere(_request: Request) -> str:
    return ""


@pytest.mark.parametrize(
    ("scope", "operations"),
    [
        (by_path, set()),
        (by_operation, {"addAnswer"}),
        (anywhere, {"addAnswer", "addComment"}),
    ],
)
def test_keys_of_a_wider_scope_are_found(scope: Scope, operations: set[str]) -> None:
    both, _ = exchanger(Notes(by_path), Notes(scope), paths=PATHS)
    probe(walk(both, None, lambda *_: None))

    found = {one.operation for one in both.ledger.findings.all() if one.category == "parity"}
    assert found == operations
