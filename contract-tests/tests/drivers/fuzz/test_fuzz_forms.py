"""Forms are validated against their schemas as they were sent."""

from __future__ import annotations

from typing import Any

import pytest

from lockstep.drivers.fuzz.as_sent import is_valid_body
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.transport.messages import Request

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["title"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "maxLength": 4},
        "count": {"type": "integer"},
        "file": {"type": "string", "format": "binary"},
        "ids": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
        "more": {"type": "object", "required": ["a"]},
    },
}


def is_valid(media_type: str, body: bytes, schema: Any = SCHEMA) -> bool | None:
    """Whether a form body matches the schema."""
    content = {name: {"schema": schema} for name in (URLENCODED, MULTIPART)}
    post = {"operationId": "add", "requestBody": {"content": content}, "responses": {}}
    document = Document({"openapi": "3.1.0", "paths": {"/x": {"post": post}}})
    request = Request("POST", "/x", (("Content-Type", media_type),), body)
    return is_valid_body(document, Conformance(document), document.operations["add"], request)


def part(name: str, text: str, more: str = "") -> bytes:
    """Return a part of a multipart body."""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return f"{head}{text}\r\n".encode()


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        (b"title=1", True),
        (b"title=null", True),
        (b"title=toolong", False),
        (b"count=1", False),
        (b"title=a&count=1", True),
        (b"title=a&count=x", False),
        (b"title=a&ids=1", True),
        (b"title=a&ids=1&ids=2", True),
        (b"title=a&ids=1,2", True),
        (b"title=a&ids=1&ids=2&ids=3", False),
        (b"title=a&other=1", False),
    ],
)
def test_a_number_in_a_form_is_sent_as_text(body: bytes, valid: bool) -> None:
    assert is_valid(URLENCODED, body) is valid


@pytest.mark.parametrize(
    ("parts", "valid"),
    [
        ([part("title", "0000")], True),
        ([part("title", "00000")], False),
        ([part("title", "0"), part("file", "\x00\x01", '; filename="a.bin"')], True),
        ([part("file", "a", '; filename="a.bin"')], False),
        ([part("title", "0"), part("ids", "1"), part("ids", "2")], True),
        ([part("title", "0"), part("more", '{"a":1}', "\r\nContent-Type: application/json")], True),
        ([part("title", "0"), part("more", "{}", "\r\nContent-Type: application/json")], False),
    ],
)
def test_a_multipart_body_is_validated_by_its_parts(parts: list[bytes], valid: bool) -> None:
    assert is_valid(f"{MULTIPART}; boundary=b", b"".join([*parts, b"--b--\r\n"])) is valid


def test_a_body_that_is_not_a_form_is_not_validated() -> None:
    assert is_valid("application/json", b"{}") is None
