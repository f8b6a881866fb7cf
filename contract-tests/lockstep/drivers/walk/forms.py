"""Encodes forms, each member by the `encoding` of its media type (OpenAPI 3.1, 4.8.15)."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from lockstep.auth.bodies import body_template, flat
from lockstep.openapi.document import Document

BOUNDARY = "lockstep-boundary"
_FILES = frozenset({"binary", "byte", "base64"})
# Media types to send for documented ranges.
RANGES = {
    "*/*": "application/octet-stream",
    "application/*": "application/octet-stream",
    "application/*+json": "application/vnd.lockstep+json",
    "audio/*": "audio/mpeg",
    "image/*": "image/png",
    "multipart/*": "multipart/form-data",
    "text/*": "text/plain",
    "video/*": "video/mp4",
}
_STYLES = frozenset({"style", "explode", "allowReserved"})
_SEPARATORS = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
Encoding = Mapping[str, Any]


def urlencoded(value: Any, encoding: Mapping[str, Encoding]) -> bytes:
    """Encode a form as application/x-www-form-urlencoded."""
    if not isinstance(value, Mapping):
        return b""
    pairs = [
        pair
        for name, member in value.items()
        for pair in _fields(name, member, encoding.get(name, {}))
    ]
    return urlencode(pairs, errors="surrogatepass").encode()


def multipart(
    document: Document, schema: Any, value: Any, encoding: Mapping[str, Encoding]
) -> bytes:
    """Encode a form as multipart: files with a name, values other than strings as JSON."""
    properties = flat(document, schema).get("properties", {})
    parts: list[bytes] = []
    for name, member in value.items() if isinstance(value, Mapping) else ():
        rules = encoding.get(name, {})
        if rules.keys() & _STYLES and not rules.get("contentType"):
            # Since OpenAPI 3.1, parts may be serialized like URL-encoded fields.
            parts += [_part(document, *field, {}, {}) for field in _fields(name, member, rules)]
            continue
        inner = flat(document, properties.get(name, {}))
        if isinstance(member, list):
            inner = flat(document, inner.get("items", {}))
        several = member if isinstance(member, list) else [member]
        parts += [_part(document, name, each, inner, rules) for each in several if each is not None]
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def _fields(name: str, value: Any, rules: Encoding) -> Iterator[tuple[str, str]]:
    """Yield a member as fields, by its style; by default arrays repeat and objects are JSON."""
    style = rules.get("style", "form")
    explode = rules.get("explode", style == "form")
    json_wanted = "json" in rules.get("contentType", "")
    if value is None:
        return
    if isinstance(value, Mapping):
        yield from _members(name, value, rules, style, explode)
    elif isinstance(value, list) and json_wanted:
        yield name, json.dumps(value)
    elif isinstance(value, list) and not explode:
        yield name, _SEPARATORS.get(style, ",").join(map(_text, value))
    else:
        several = value if isinstance(value, list) else [value]
        yield from ((name, _text(each)) for each in several if each is not None)


def _members(
    name: str, value: Mapping[str, Any], rules: Encoding, style: str, explode: bool
) -> Iterator[tuple[str, str]]:
    known = {key: _text(each) for key, each in value.items() if each is not None}
    if style == "deepObject":
        yield from ((f"{name}[{key}]", text) for key, text in known.items())
    elif not rules.keys() & _STYLES:
        yield name, json.dumps(value)
    elif explode:
        yield from known.items()
    else:
        flattened = (text for pair in known.items() for text in pair)
        yield name, _SEPARATORS.get(style, ",").join(flattened)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _part(
    document: Document, name: str, value: Any, schema: Mapping[str, Any], rules: Encoding
) -> bytes:
    media_type = _content_type(value, rules)
    head = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    if is_file(schema):
        head += '; filename="lockstep.txt"'
        media_type = media_type or schema.get("contentMediaType", "application/octet-stream")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str) and isinstance(value, Mapping | list):
        media_type = media_type or "application/json"
    if schema.get("contentEncoding") == "base64":
        text = b64encode(text.encode("utf-8", "surrogatepass")).decode()
    lines = [f"--{BOUNDARY}", head, *([f"Content-Type: {media_type}"] if media_type else [])]
    lines += _headers(document, rules)
    return "\r\n".join([*lines, "", text, ""]).encode("utf-8", "surrogatepass")


def is_file(schema: Mapping[str, Any]) -> bool:
    """Whether a member of a form is a file."""
    encoded = schema.keys() & {"contentMediaType", "contentEncoding"}
    return schema.get("format") in _FILES or bool(encoded)


def _content_type(value: Any, rules: Encoding) -> str:
    """Return the first of the media types that can represent a value."""
    listed = [one.strip() for one in rules.get("contentType", "").split(",") if one.strip()]
    if isinstance(value, Mapping | list):
        listed = [one for one in listed if "json" in one] or listed
    first = listed[0] if listed else ""
    return RANGES.get(first, first)


def _headers(document: Document, rules: Encoding) -> Iterator[str]:
    """Yield the required header fields of a part, except its media type."""
    for name, header in rules.get("headers", {}).items():
        known = document.resolve(header)
        if name.lower() == "content-type" or not known.get("required"):
            continue
        value = known.get("example", body_template(document, known.get("schema", {}), name))
        line = re.sub(r"[\r\n]", " ", _text(value))
        yield f"{name}: {line}"


def _quoted(name: str) -> str:
    """Escape a name as browsers do (HTML Living Standard, section 4.10.21.8)."""
    for character, written in (("\n", "%0A"), ("\r", "%0D"), ('"', "%22")):
        name = name.replace(character, written)
    return name
