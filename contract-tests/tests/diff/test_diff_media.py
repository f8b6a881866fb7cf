"""Changes of media types, media type ranges, files and forms."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.diffs import document, effects

from lockstep.diff import compare

TEXT = {"schema": {"type": "string", "maxLength": 5}}
LONGER = {"schema": {"type": "string", "maxLength": 9}}
# `content` before and after, and the effects in a request and in a response.
CONTENTS: dict[str, tuple[Any, Any, set[str], set[str]]] = {
    "wider": ({"application/json": TEXT}, {"application/*": TEXT}, {"compatible"}, {"compatible"}),
    "anything": ({"application/json": TEXT}, {"*/*": TEXT}, {"compatible"}, {"compatible"}),
    "a suffix": (
        {"application/vnd.x+json": TEXT},
        {"application/*+json": TEXT},
        {"compatible"},
        {"compatible"},
    ),
    "narrower": ({"image/*": TEXT}, {"image/png": TEXT}, {"breaking"}, {"compatible"}),
    "one of several in a range": (
        {"application/json": TEXT, "text/plain": TEXT},
        {"application/json": TEXT, "text/*": TEXT},
        {"compatible"},
        {"compatible"},
    ),
    "both in a range": (
        {"text/csv": TEXT, "text/plain": TEXT},
        {"text/*": TEXT},
        {"compatible"},
        {"compatible"},
    ),
    "a range beside": (
        {"application/json": TEXT},
        {"application/json": TEXT, "*/*": TEXT},
        {"compatible"},
        {"compatible"},
    ),
    "a range beside no more": (
        {"application/json": TEXT, "*/*": TEXT},
        {"application/json": TEXT},
        {"breaking"},
        {"breaking"},
    ),
    "a range that does not hold it": (
        {"application/json": TEXT},
        {"text/*": TEXT},
        {"breaking", "compatible"},
        {"breaking", "compatible"},
    ),
    "wider, and its schema too": (
        {"application/json": TEXT},
        {"application/*": LONGER},
        {"compatible"},
        {"breaking", "compatible"},
    ),
    "case": ({"application/json": TEXT}, {"Application/JSON": TEXT}, set(), set()),
    "characters": (
        {"application/json": TEXT},
        {"application/json; charset=UTF-8": TEXT},
        set(),
        set(),
    ),
    "other characters": (
        {"application/json; charset=utf-8": TEXT},
        {"application/json; charset=utf-16": TEXT},
        {"breaking", "compatible"},
        {"breaking", "compatible"},
    ),
    "other characters than usual": (
        {"text/plain": TEXT},
        {"text/plain; charset=utf-16": TEXT},
        {"breaking", "compatible"},
        {"breaking", "compatible"},
    ),
    "characters in a range": (
        {"text/plain; charset=utf-16": TEXT},
        {"text/*": TEXT},
        {"compatible"},
        {"compatible"},
    ),
    "spaces": ({"a/b;x=1;y=2": TEXT}, {"a/b; y=2; x=1": TEXT}, set(), set()),
    "a parameter": ({"a/b": TEXT}, {"a/b; x=1": TEXT}, {"breaking"}, {"compatible"}),
    "bytes in two ways": (
        {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        {"application/octet-stream": {}},
        set(),
        set(),
    ),
    "an image in two ways": (
        {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        {"image/png": {"schema": {"contentMediaType": "image/png"}}},
        set(),
        set(),
    ),
    "an image without words": (
        {"image/*": {"schema": {"type": "string", "format": "binary"}}},
        {"image/*": {"schema": {}}},
        set(),
        set(),
    ),
    "text is text": (
        {"text/plain": {"schema": {"type": "string"}}},
        {"text/plain": {}},
        set(),
        set(),
    ),
    "text of numbers": (
        {"text/plain": {}},
        {"text/plain": {"schema": {"type": "integer"}}},
        {"breaking"},
        {"compatible"},
    ),
    "a schema at all": (
        {"application/json": {}},
        {"application/json": TEXT},
        {"breaking"},
        {"compatible"},
    ),
    "elements of a stream": (
        {"text/event-stream": {"itemSchema": {"maxLength": 9}}},
        {"text/event-stream": {"itemSchema": {"maxLength": 5}}},
        {"breaking"},
        {"compatible"},
    ),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_effect_of_media_type_changes(name: str) -> None:
    old, new, request, response = CONTENTS[name]
    bodies = (document(requestBody={"content": content}) for content in (old, new))
    assert effects(*bodies) == request
    answers = (
        document(responses={"200": {"description": "ok", "content": content}})
        for content in (old, new)
    )
    assert effects(*answers) == response


FILE = {"type": "string", "format": "binary"}
# A multipart part before and after, each with its encoding, and the effects in a request.
PARTS: dict[str, tuple[Any, Any, Any, Any, set[str]]] = {
    "no words": (FILE, {}, {}, {}, set()),
    "bytes": (FILE, {}, {"contentMediaType": "application/octet-stream"}, {}, set()),
    "bytes of a string": (
        FILE,
        {},
        {"type": "string", "contentMediaType": "application/octet-stream"},
        {},
        set(),
    ),
    "an image": (
        FILE,
        {"contentType": "image/png"},
        {"contentMediaType": "image/png"},
        {},
        set(),
    ),
    "the default written out": (FILE, {}, FILE, {"contentType": "application/octet-stream"}, set()),
    "defaults of text written out": (
        {"type": "string"},
        {},
        {"type": "string"},
        {"contentType": "text/plain; charset=utf-8", "style": "form", "explode": True},
        set(),
    ),
    "more types": (
        FILE,
        {"contentType": "image/png"},
        FILE,
        {"contentType": "image/png, image/jpeg"},
        {"compatible"},
    ),
    "a range": (
        FILE,
        {"contentType": "image/png,image/jpeg"},
        FILE,
        {"contentType": "image/*"},
        {"compatible"},
    ),
    "fewer types": (FILE, {}, FILE, {"contentType": "image/png"}, {"breaking"}),
    "several files": (
        {"type": "array", "items": FILE},
        {},
        {"type": "array", "items": {"contentMediaType": "application/octet-stream"}},
        {},
        set(),
    ),
    "a length": (FILE, {}, {"maxLength": 9}, {}, {"breaking"}),
    "words": (FILE, {}, {"description": "the file"}, {}, {"silent"}),
    "JSON": (
        {"type": "object"},
        {},
        {"type": "object"},
        {"contentType": "application/json"},
        set(),
    ),
    "another style": (
        {"type": "object"},
        {},
        {"type": "object"},
        {"style": "deepObject"},
        {"breaking"},
    ),
}


def upload(part: Any, encoding: Any, version: str, *, named: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {"file": part}, "required": ["file"]}
    components = {"components": {"schemas": {"Upload": schema}}} if named else {}
    used = {"$ref": "#/components/schemas/Upload"} if named else schema
    media_type = {"schema": used} | ({"encoding": {"file": encoding}} if encoding else {})
    made = document(requestBody={"content": {"multipart/form-data": media_type}})
    return made | components | {"openapi": version}


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("name", PARTS)
def test_file_uploads_are_equal_in_openapi_3_0_and_3_1(name: str, named: bool) -> None:
    old, old_encoding, new, new_encoding, expected = PARTS[name]
    before = upload(old, old_encoding, "3.1.0", named=named)
    after = upload(new, new_encoding, "3.1.0", named=named)
    assert effects(before, after) == expected
    older = upload(old, old_encoding, "3.0.3", named=named)
    # The change of the version itself is silent.
    assert effects(older, after) == expected | {"silent"}


def test_schema_shared_by_form_and_json_is_compared_for_each() -> None:
    def both(part: Any) -> dict[str, Any]:
        schema = {"type": "object", "properties": {"file": part}}
        used = {"schema": {"$ref": "#/components/schemas/Upload"}}
        content = {"multipart/form-data": used, "application/json": used}
        made = document(requestBody={"content": content})
        return made | {"components": {"schemas": {"Upload": schema}}}

    found = compare(both(FILE), both({}))
    assert {change.where[2] for change in found} == {"application/json"}
