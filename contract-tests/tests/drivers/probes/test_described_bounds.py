"""Bounds that only descriptions state are tried, and one more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.probes.driver import probe
from lockstep.drivers.walk.driver import walk
from lockstep.transport.messages import Outcome, Request

TAGS = {"type": "array", "items": {"type": "string"}}
NOTE = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "description": "Up to 120 characters."},
        "priority": {"type": "integer", "description": "From 1 to 9, 9 being the highest."},
        "tags": TAGS,
    },
}
FILE = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}


def write(name: str, media: str, schema: Any, description: str) -> dict[str, Any]:
    return {
        "operationId": name,
        "description": description,
        "requestBody": {"required": True, "content": {media: {"schema": schema}}},
        "responses": {"201": {"description": "made"}, "413": {"description": "too large"}},
    }


PATHS: dict[str, Any] = {
    "/notes": {
        "post": write(
            "addNote", "application/json", NOTE, "A note has at most 4 tags. Up to 3 kB in all."
        )
    },
    "/files": {"post": write("addFile", "multipart/form-data", FILE, "Files of up to 2 KiB.")},
    "/logs": {"post": write("addLog", "text/plain", {"type": "string"}, "At most 2000 bytes.")},
}


class Notes:
    """A server whose bounds are higher by one each where the fault says so."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.made = 0

    def most(self, what: str, number: int) -> int:
        return number + (what == self.fault)

    def __call__(self, request: Request) -> Outcome:
        body = request.body or b""
        if request.method != "POST" or request.path not in PATHS:
            return answer({"error": "unknown"}, 404)
        if self._is_too_large(request.path, body):
            return answer({"error": "too large"}, 413)
        if request.path == "/notes" and not self._is_valid(body):
            return answer({"error": "invalid"}, 422)
        self.made += 1
        return answer({"id": f"made-{self.made}"}, 201)

    def _is_too_large(self, path: str, body: bytes) -> bool:
        if path == "/notes":
            return len(body) > self.most("body", 3000)
        if path == "/logs":
            return len(body) > self.most("log", 2000)
        _, _, content = body.partition(b"\r\n\r\n")
        return len(content.partition(b"\r\n--")[0]) > self.most("file", 2048)

    def _is_valid(self, body: bytes) -> bool:
        try:
            sent = json.loads(body)
        except ValueError:
            return False
        text = sent.get("text") if isinstance(sent, dict) else None
        if not isinstance(text, str) or not 0 < len(text) <= self.most("text", 120):
            return False
        priority, tags = sent.get("priority", 1), sent.get("tags", [])
        return (
            type(priority) is int
            and 1 <= priority <= self.most("priority", 9)
            and isinstance(tags, list)
            and len(tags) <= self.most("tags", 4)
            and all(isinstance(tag, str) for tag in tags)
        )


@pytest.mark.parametrize(
    ("fault", "operation"),
    [
        ("", ""),
        ("body", "addNote"),
        ("file", "addFile"),
        ("log", "addLog"),
        ("text", "addNote"),
        ("priority", "addNote"),
        ("tags", "addNote"),
    ],
)
def test_a_bound_that_is_off_by_one_is_found(fault: str, operation: str) -> None:
    both, _ = exchanger(Notes(), Notes(fault), paths=PATHS)

    probe(walk(both, None, lambda *_: None))

    found = {each.operation for each in both.ledger.findings.all() if each.category == "parity"}
    assert found == ({operation} if operation else set())
