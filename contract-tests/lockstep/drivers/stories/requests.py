"""Builds requests from the steps of a story."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from lockstep.drivers.stories.files import StoryError
from lockstep.drivers.stories.values import fill
from lockstep.openapi.document import Document
from lockstep.transport.messages import Request

_SENT = frozenset(
    {"operation", "method", "path", "query", "headers", *("json", "text"), "bytes_base64"}
)


def build_request(
    document: Document, step: Mapping[str, Any], values: Mapping[str, Any]
) -> Request:
    """Return the request of a step, without credentials.

    Raises `StoryError` if a value is missing.
    """
    step = {key: fill(value, values) for key, value in step.items() if key in _SENT}
    method, path = _address(document, step)
    body, media_type = _body(step)
    given: dict[str, Any] = step.get("headers", {})
    headers = [(name, value) for name, entry in given.items() for value in _listed(entry)]
    if media_type and "content-type" not in {name.lower() for name in given}:
        headers.append(("Content-Type", media_type))
    return Request(method, path, tuple(headers), body, step.get("operation"))


def _address(document: Document, step: Mapping[str, Any]) -> tuple[str, str]:
    query = step.get("query", "")
    if isinstance(query, dict):
        pairs = {name: _wire(value) for name, value in query.items()}
        query = urlencode(pairs, doseq=True, quote_via=quote)
    tail = f"?{query}" if query else ""
    if "method" in step:
        return step["method"], step["path"] + tail
    operation = document.operations[step["operation"]]
    path = operation.target
    for name, value in step.get("path", {}).items():
        path = path.replace("{" + name + "}", quote(str(value), safe=""))
    missing = re.search(r"\{[^}]*\}", path)
    if missing:
        raise StoryError(f"{operation.name}: no value for {missing.group()}")
    return operation.method, path + (tail.replace("?", "&", 1) if "?" in path else tail)


def _body(step: Mapping[str, Any]) -> tuple[bytes | None, str | None]:
    if "json" in step:
        text = json.dumps(step["json"], ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass"), "application/json"
    if "text" in step:
        return str(step["text"]).encode("utf-8", "surrogatepass"), None
    if "bytes_base64" in step:
        return base64.b64decode(step["bytes_base64"]), None
    return None, None


def _listed(entry: Any) -> list[str]:
    if entry is None:
        return []
    return [str(item) for item in entry] if isinstance(entry, list) else [str(entry)]


def _wire(value: Any) -> Any:
    if isinstance(value, list):
        return [_wire(item) for item in value]
    return json.dumps(value) if isinstance(value, bool) else value
