"""Converts schemas of OpenAPI 3.0 into the JSON Schema dialect of OpenAPI 3.1.

3.0 differs from JSON Schema in `nullable` and in the boolean `exclusiveMinimum` and
`exclusiveMaximum` (OpenAPI 3.0.4, 4.7.24).
"""

from __future__ import annotations

from typing import Any

from lockstep.openapi.mistakes import other_fault
from lockstep.openapi.walking import Kind, kind_below

# OpenAPI 3.0 ignores siblings of `$ref`, but many documents rely on these.
_MEANT_BESIDE = frozenset({"readOnly", "writeOnly"})
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def modernised(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the document with its schemas in the dialect of 3.1; later versions unchanged.

    Raise `ValueError` if it is not an OpenAPI 3 document.
    """
    raw = checked(raw)
    if not str(raw["openapi"]).startswith("3.0"):
        return raw
    modern: dict[str, Any] = _node(raw, Kind.OBJECT)
    return modern


def checked(raw: Any) -> dict[str, Any]:
    """Return the parsed document; raise `ValueError` if it is not an OpenAPI 3 document."""
    if isinstance(raw, dict) and "swagger" in raw:
        raise ValueError(
            f"this is a Swagger {raw['swagger']} document; lockstep reads Swagger 2.0 and OpenAPI"
            " 3.0 to 3.2: convert it first"
        )
    if not isinstance(raw, dict) or not str(raw.get("openapi", "")).startswith("3."):
        raise ValueError(other_fault(raw))
    if not isinstance(raw.get("paths", {}), dict):
        raise ValueError("the document's `paths` is not an object")
    return raw


def _node(node: Any, kind: Kind) -> Any:
    if kind is Kind.DATA:
        return node
    if isinstance(node, list):
        return [_node(item, kind) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {
        key: _node(value, kind_below(kind, key, value)) if isinstance(value, dict | list) else value
        for key, value in node.items()
    }
    if kind not in (Kind.SCHEMA, Kind.OBJECT):
        return changed
    if isinstance(node.get("$ref"), str):
        return {key: node[key] for key in node if key == "$ref" or key in _MEANT_BESIDE}
    for exclusive, bound in _BOUNDS.items():
        if isinstance(changed.get(exclusive), bool):
            strict = changed.pop(exclusive)
            if strict and bound in changed:
                changed[exclusive] = changed.pop(bound)
    if isinstance(changed.get("nullable"), bool):
        return _nullable(changed) if changed.pop("nullable") else changed
    return changed


def _nullable(plain: dict[str, Any]) -> dict[str, Any]:
    if isinstance(plain.get("enum"), list) and None not in plain["enum"]:
        plain["enum"] = [*plain["enum"], None]
    if isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
        return plain
    # Without `type` beside it `nullable` has no effect, but many documents put it beside
    # `allOf: [reference]` and rely on it.
    combined = {key: plain.pop(key) for key in ("allOf", "anyOf", "oneOf") if key in plain}
    return {**plain, "anyOf": [combined, {"type": "null"}]} if combined else plain
