"""Describes JSON sequences in request bodies, such as JSON Lines, by a schema of all items."""

from __future__ import annotations

from typing import Any

from lockstep.openapi.shapes import followed
from lockstep.openapi.structure import methods_of
from lockstep.openapi.texts import types_of
from lockstep.transport.streams import is_json_sequence


def with_array_schemas(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a structured document whose sequences in request bodies have the schema of an array.

    OpenAPI 3.2 (4.14.3) describes one item by `itemSchema`, documents of earlier versions by
    `schema`.
    """
    paths = {}
    for path, item in raw["paths"].items():
        changed = dict(item)
        for method, operation in methods_of(item):
            whole = _operation(raw, operation)
            if whole is operation:
                continue
            if method in item:
                changed[method] = whole
            else:
                additional = changed["additionalOperations"]
                changed["additionalOperations"] = {**additional, method: whole}
        paths[path] = changed
    return {**raw, "paths": paths}


def _operation(raw: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    if "requestBody" not in operation:
        return operation
    body = followed(raw, operation["requestBody"])
    content = body.get("content") or {}
    if not any(map(is_json_sequence, content)):
        return operation
    changed = {
        name: _media_type(raw, followed(raw, media_type)) if is_json_sequence(name) else media_type
        for name, media_type in content.items()
    }
    return {**operation, "requestBody": {**body, "content": changed}}


def _media_type(raw: dict[str, Any], media_type: dict[str, Any]) -> dict[str, Any]:
    schema = media_type.get("schema", {})
    try:
        plain = followed(raw, schema)
    except ValueError:
        return media_type
    if isinstance(plain, dict) and "array" in types_of(plain):
        return media_type
    items = media_type.get("itemSchema", schema)
    return {**media_type, "schema": {"type": "array", "items": items}}
