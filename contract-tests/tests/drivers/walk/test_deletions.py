"""What was deleted is searched for, as a total may still count it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.results.findings import PARITY
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}
NAMED = {"name": "memo_id", "in": "path", "required": True, "schema": TEXT}
QUERY = {"name": "q", "in": "query", "required": True, "schema": {**TEXT, "minLength": 3}}
MEMO = {"type": "object", "required": ["text"], "properties": {"text": {**TEXT, "minLength": 12}}}
BODY = {"required": True, "content": {"application/json": {"schema": MEMO}}}
PATHS: dict[str, Any] = {
    "/memos": {"post": {"requestBody": BODY, "responses": {"201": {"description": ""}}}},
    "/memos/{memo_id}": {
        "parameters": [NAMED],
        "get": {"responses": {"200": {"description": ""}}},
        "delete": {"responses": {"204": {"description": ""}}},
    },
    "/search": {"get": {"parameters": [QUERY], "responses": {"200": {"description": ""}}}},
}


class Memos:
    """A server of memos; with `counts_deleted` its searches count what they leave out."""

    def __init__(self, *, counts_deleted: bool = False) -> None:
        self.counts_deleted = counts_deleted
        self.texts: dict[str, str] = {}
        self.deleted: set[str] = set()

    def __call__(self, request: Request) -> Outcome:
        path, _, query = request.path.partition("?")
        name = path.rpartition("/")[2]
        match request.method, path.split("/")[1]:
            case "POST", "memos":
                body = json.loads(request.body or b"null")
                text = body.get("text") if isinstance(body, dict) else None
                if not isinstance(text, str) or len(text) < 12:
                    return answer({"error": "text"}, 422)
                name = f"memo-{len(self.texts) + 100}"
                self.texts[name] = text
                return answer({"id": name, "text": text}, 201)
            case "GET", "search":
                return self._search(parse_qs(query).get("q", [""])[0])
            case method, "memos" if name in self.texts and name not in self.deleted:
                self.deleted |= {name} if method == "DELETE" else set()
                shown = {"id": name, "text": self.texts[name]}
                return answer(status=204) if method == "DELETE" else answer(shown)
        return answer({"error": "unknown"}, 404)

    def _search(self, wanted: str) -> Outcome:
        if len(wanted) < 3:
            return answer({"error": "q"}, 400)
        hits = [name for name, text in self.texts.items() if wanted in text]
        left = [name for name in hits if name not in self.deleted]
        total = len(hits if self.counts_deleted else left)
        return answer({"items": [{"memo": name} for name in left], "total": total})


@pytest.mark.parametrize("counts_deleted", [False, True])
def test_what_was_deleted_is_searched_for(*, counts_deleted: bool) -> None:
    both, _ = exchanger(Memos(), Memos(counts_deleted=counts_deleted), paths=PATHS)

    walk(both, None, lambda *_: None)

    found = {one.where for one in both.ledger.findings.all() if one.category == PARITY}
    assert found == ({"body /total"} if counts_deleted else set())
