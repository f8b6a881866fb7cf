"""What must be unique is created again in other spellings: another case, or no separators."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.probes.driver import probe
from lockstep.drivers.walk.driver import walk
from lockstep.transport.messages import Outcome, Request

# Only the example has a check digit, and a book need not have a number.
NUMBER = "978-0-8052-0999-0"
MEMBERS = {"title": {"type": "string"}, "isbn": {"type": "string", "example": NUMBER}}
JSON = {
    "content": {
        "application/json": {
            "schema": {"type": "object", "required": ["title"], "properties": MEMBERS}
        }
    }
}
PATHS = {
    "/books": {
        "post": {
            "operationId": "addBook",
            "requestBody": {"required": True, **JSON},
            "responses": {
                "201": {"description": "made", **JSON},
                "400": {"description": "invalid"},
                "409": {"description": "the number is taken"},
            },
        }
    }
}


class Books:
    """A server of books with unique numbers; `as_typed` compares them with their hyphens."""

    def __init__(self, *, as_typed: bool = False) -> None:
        self.as_typed = as_typed
        self.numbers: set[str] = set()

    def __call__(self, request: Request) -> Outcome:
        if (request.method, request.path) != ("POST", "/books"):
            return answer(status=404)
        try:
            sent: dict[str, Any] = json.loads(request.body or b"")
            number = sent.get("isbn") or ""
            plain = number.replace("-", "")
        except (AttributeError, ValueError):
            return answer(status=400)
        if plain not in ("", NUMBER.replace("-", "")) or not isinstance(sent.get("title"), str):
            return answer(status=400)
        kept = number if self.as_typed else plain
        if kept in self.numbers:
            return answer(status=409)
        self.numbers |= {kept} - {""}
        return answer(sent, 201)


@pytest.mark.parametrize("as_typed", [True, False])
def test_a_number_that_is_taken_without_its_hyphens_is_found(*, as_typed: bool) -> None:
    both, _ = exchanger(Books(), Books(as_typed=as_typed), paths=PATHS)
    maker = walk(both, None, lambda *_: None)

    probe(maker)

    found = {
        condition.detail
        for each in both.ledger.findings.all()
        if each.operation == "addBook" and each.where == "status"
        for condition in each.conditions
        if condition.kind == "duplicate"
    }
    assert found == ({"separators"} if as_typed else set())
