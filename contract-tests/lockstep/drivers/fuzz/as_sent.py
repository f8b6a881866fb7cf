"""Checks whether a generated request is valid as it was sent.

Values are generated, but servers get their serialization. A number in a form is text, an empty
array is no field at all, and an object is a JSON sequence of one item, so that a request meant to
be invalid may be valid.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from lockstep.bodies.sequences import read_json
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.media import find_media_type, is_json
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import merge
from lockstep.transport.messages import Request
from lockstep.transport.streams import is_json_sequence

# Interpretations of one field, the plainest first.
_Readings = list[Any]


def is_valid_body(
    document: Document, conformance: Conformance, operation: Operation, request: Request
) -> bool | None:
    """Whether a form or a JSON sequence matches its schema; `None` if the body is neither.

    A field of a form is valid if any interpretation of its text is.
    """
    media_type = request.header("content-type") or ""
    body = document.resolve(operation.definition.get("requestBody", {}))
    content = find_media_type(body.get("content", {}), media_type)
    if content is None or "schema" not in content:
        return None
    schema = content["schema"]
    if is_json_sequence(media_type):
        return _is_valid_sequence(conformance, schema, request)
    fields = _fields(media_type, request.body or b"")
    if fields is None:
        return None
    properties = merge(document, schema).get("properties", {})
    validator = conformance.validator(schema)
    found: dict[str, Any] = {}
    for name, texts in fields.items():
        types = merge(document, properties.get(name)).get("type", ())
        every = list(_readings(texts, "array" in types))
        found[name] = next(
            (
                reading
                for reading in every
                if not any(
                    wrong.instance_path[:1] == [name]
                    for wrong in validator.iter_errors({**found, name: reading})
                )
            ),
            every[0],
        )
    return validator.is_valid(found)


def _is_valid_sequence(conformance: Conformance, schema: Any, request: Request) -> bool:
    try:
        items = read_json(request.header("content-type"), request.body or b"")
    except (ValueError, RecursionError):
        return False
    return conformance.validator(schema).is_valid(items)


def _readings(fields: list[_Readings], is_list: bool) -> Iterator[Any]:
    """Yield the interpretations of a field that was sent once or several times."""
    if is_list:
        yield from (list(each) for each in zip(*map(_padded, fields), strict=True))
        if len(fields) == 1 and isinstance(fields[0][0], str):
            parts = fields[0][0].split(",")
            yield parts
            yield [_texts(each)[-1] for each in parts]
    for each in fields:
        yield from each


def _padded(readings: _Readings) -> _Readings:
    return [readings[0], readings[-1]]


def _fields(media_type: str, body: bytes) -> dict[str, list[_Readings]] | None:
    """Return the interpretations of each field by name; `None` if the body is not a form."""
    kind = media_type.partition(";")[0].strip().lower()
    fields: dict[str, list[_Readings]] = {}
    if kind == "application/x-www-form-urlencoded":
        for name, text in parse_qsl(body.decode("latin-1"), keep_blank_values=True):
            fields.setdefault(name, []).append(_texts(text))
        return fields
    if kind != "multipart/form-data":
        return None
    head = f"Content-Type: {media_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    for part in message.iter_parts() if message.is_multipart() else ():
        field = part.get_param("name", header="content-disposition")
        fields.setdefault(str(field), []).append(_part(part))
    return fields


def _part(part: Message[Any, Any]) -> _Readings:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    media_type = part.get("content-type")
    if is_json(str(media_type) if media_type is not None else None):
        with suppress(ValueError, RecursionError):
            return [json.loads(data)]
    if part.get_filename() is not None:
        # A file counts as a string with as many characters as it has bytes.
        return [data.decode("latin-1")]
    return _texts(data.decode("utf-8", "replace"))


def _texts(text: str) -> _Readings:
    with suppress(ValueError, RecursionError):
        return [text, json.loads(text)]
    return [text]
