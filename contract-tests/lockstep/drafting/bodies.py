"""Infers the content of request and response bodies, by media type."""

from __future__ import annotations

import email
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import parse_qsl

from lockstep.auth.bodies import is_password
from lockstep.drafting.forms import text_schema
from lockstep.drafting.sample import UNREADABLE, Sample, json_of
from lockstep.drafting.schemas import Schema
from lockstep.drafting.values import Values
from lockstep.drafting.xml_values import xml_schema
from lockstep.openapi.media import is_json

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_MOST_BODIES_READ = 2_000
_TEXTS = (
    "text/",
    "application/javascript",
    "application/graphql",
    "application/yaml",
    "application/x-ndjson",
    "application/jsonl",
    "application/sql",
    "application/jwt",
)


@dataclass(slots=True)
class Content:
    """The bodies of one media type: `values` for JSON, a `schema` for any other."""

    values: Values | None = None
    schema: Schema | None = None
    unreadable: int = 0


@dataclass(slots=True)
class Bodies:
    """The request or response bodies of an operation by media type, with counts of absent ones.

    `empty` bodies have no bytes, `missing` ones were not recorded.
    """

    contents: dict[str, Content] = field(default_factory=dict)
    empty: int = 0
    missing: int = 0


def sent_bodies(samples: Sequence[Sample]) -> Bodies:
    """Return the request bodies of recorded requests."""
    found = Bodies()
    by_type: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for sample in samples:
        captured = sample.captured
        if captured.missing:
            found.missing += 1
        elif not captured.body:
            found.empty += 1
        else:
            header = Header.of(captured.headers)
            by_type[_named(header, captured.body)].append((header.whole, captured.body))
    found.contents = {name: _content(name, bodies) for name, bodies in sorted(by_type.items())}
    return found


def answered_bodies(samples: Sequence[Sample]) -> Bodies:
    """Return the response bodies of recorded requests with the same status code."""
    found = Bodies()
    by_type: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for sample in samples:
        response = sample.answer
        if response is None or sample.captured.partial:
            found.missing += 1
        elif not response.body:
            found.empty += 1
        else:
            header = Header.of(response.headers)
            by_type[_named(header, response.body)].append((header.whole, response.body))
    found.contents = {name: _content(name, bodies) for name, bodies in sorted(by_type.items())}
    return found


@dataclass(frozen=True, slots=True)
class Header:
    """A `Content-Type` header, and the media type in it without parameters."""

    whole: str = ""
    essence: str = ""

    @classmethod
    def of(cls, headers: Iterable[tuple[str, str]]) -> Header:
        """Return the `Content-Type` of a message, empty if it has none."""
        whole = next((value for name, value in headers if name.lower() == "content-type"), "")
        essence = whole.partition(";")[0].strip().lower()
        kind, slash, rest = essence.partition("/")
        return cls(whole, essence if kind and slash and rest and essence.isascii() else "")


def form_schema(fields: Mapping[str, Sequence[str]], required: Iterable[str]) -> Schema:
    """Return the schema of a form, given the values of each field."""
    needed = set(required)
    schema: Schema = {"type": "object"}
    if needed:
        schema["required"] = [name for name in fields if name in needed]
    schema["properties"] = {name: _field(name, values) for name, values in fields.items()}
    return schema


def _field(name: str, values: Sequence[str]) -> Schema:
    if is_password(name):
        return {"type": "string", "format": "password"}
    return text_schema(values)


def _named(header: Header, body: bytes) -> str:
    if header.essence:
        return header.essence
    if json_of(body) is not UNREADABLE:
        return "application/json"
    return "text/plain" if _is_text(body) else "application/octet-stream"


def _content(media_type: str, bodies: Sequence[tuple[str, bytes]]) -> Content:
    bodies = bodies[:: max(1, len(bodies) // _MOST_BODIES_READ)]
    if is_json(media_type):
        return _json_content([body for _, body in bodies])
    if media_type == _FORM:
        return Content(schema=_form([body for _, body in bodies]))
    if media_type == _MULTIPART:
        return Content(schema=_multipart(bodies))
    if media_type.endswith(("/xml", "+xml")) and media_type != "image/svg+xml":
        return Content(schema=xml_schema([body for _, body in bodies]))
    if media_type.startswith(_TEXTS):
        return Content(schema={"type": "string"})
    return Content(schema={"type": "string", "format": "binary"})


def _json_content(bodies: Sequence[bytes]) -> Content:
    values, unreadable = Values(), 0
    for body in bodies:
        data = json_of(body)
        if data is UNREADABLE:
            unreadable += 1
        else:
            values.add(data)
    return Content(values if values.count else None, None if values.count else {}, unreadable)


def _form(bodies: Sequence[bytes]) -> Schema:
    texts = (body.decode("utf-8", "replace") for body in bodies)
    return _fields_schema(
        [parse_qsl(text, keep_blank_values=True, errors="replace") for text in texts]
    )


def _fields_schema(
    listed: Sequence[Sequence[tuple[str, str]]], files: Iterable[str] = ()
) -> Schema:
    values: dict[str, list[str]] = defaultdict(list)
    several: set[str] = set()
    always = {name for name, _ in listed[0]} if listed else set()
    for fields in listed:
        names = [name for name, _ in fields]
        always &= set(names)
        several |= {name for name in names if names.count(name) > 1}
        for name, value in fields:
            values[name].append(value)
    schema = form_schema(values, always)
    for name in several:
        schema["properties"][name] = {"type": "array", "items": schema["properties"][name]}
    for name in files:
        kind = schema["properties"].get(name, {}).get("type")
        file = {"type": "string", "format": "binary"}
        schema["properties"][name] = {"type": "array", "items": file} if kind == "array" else file
    return schema


def _multipart(bodies: Sequence[tuple[str, bytes]]) -> Schema:
    listed: list[list[tuple[str, str]]] = []
    files: dict[str, None] = {}
    for header, body in bodies:
        parts = list(_parts(header, body))
        if not parts:
            continue
        listed.append([(name, text) for name, text, _ in parts])
        files |= dict.fromkeys(name for name, _, is_file in parts if is_file)
    return _fields_schema(listed, files) if listed else {"type": "object"}


def _parts(header: str, body: bytes) -> Iterable[tuple[str, str, bool]]:
    """Yield the name and text of each part of a form, and whether it is a file (RFC 7578)."""
    head = f"Content-Type: {header}\r\n\r\n".encode("latin-1", "replace")
    message = email.message_from_bytes(head + body)
    if not message.is_multipart():
        return
    for part in message.get_payload():
        if not isinstance(part, Message):
            continue
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            yield name, text, part.get_filename() is not None


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return b"\x00" not in body
