"""Brings the schemas of OpenAPI 3.0 into the JSON Schema of 3.1.

3.0 has words of its own for what JSON Schema says otherwise: `nullable`, boolean
`exclusiveMinimum` and `exclusiveMaximum` (OpenAPI 3.0.4, 4.7.24).
"""

from __future__ import annotations

from typing import Any

# What is data, not schema: its members mean nothing here.
_DATA = frozenset({"default", "enum", "example", "examples", "const", "links"})
# Their members are called by names that authors chose, which may be words of the dialect as well.
_NAMED = frozenset(
    {"properties", "patternProperties", "definitions", "schemas", "responses", "parameters"}
    | {"headers", "requestBodies", "content", "encoding", "callbacks", "paths", "mapping"}
)
# In 3.0 what stands beside a reference is ignored; of these many documents mean it.
_MEANT_BESIDE = frozenset({"readOnly", "writeOnly"})
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def modernised(raw: dict[str, Any]) -> dict[str, Any]:
    """The document with every schema in the dialect of 3.1; 3.1 documents as they are.

    `ValueError` for what is no OpenAPI 3 document.
    """
    version = str(raw.get("openapi", "")) if isinstance(raw, dict) else ""
    if isinstance(raw, dict) and "swagger" in raw:
        raise ValueError(
            f"this is a Swagger {raw['swagger']} document; lockstep reads OpenAPI 3.0 and 3.1:"
            " convert it first"
        )
    if not version.startswith("3."):
        raise ValueError("not an OpenAPI 3 document")
    if not isinstance(raw.get("paths", {}), dict):
        raise ValueError("the document's `paths` is no object")
    if not version.startswith("3.0"):
        return raw
    modern: dict[str, Any] = _node(raw)
    return modern


def _node(node: Any) -> Any:
    if isinstance(node, list):
        return [_node(item) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        return {key: node[key] for key in node if key == "$ref" or key in _MEANT_BESIDE}
    changed = {key: _member(key, value) for key, value in node.items()}
    for word, bound in _BOUNDS.items():
        if isinstance(changed.get(word), bool):
            strict = changed.pop(word)
            if strict and bound in changed:
                changed[word] = changed.pop(bound)
    if isinstance(changed.get("nullable"), bool):
        return _nullable(changed) if changed.pop("nullable") else changed
    return changed


def _member(key: str, value: Any) -> Any:
    if key in _NAMED and isinstance(value, dict):
        return {name: _node(member) for name, member in value.items()}
    return value if key in _DATA or key.startswith("x-") else _node(value)


def _nullable(plain: dict[str, Any]) -> dict[str, Any]:
    if "enum" in plain and None not in plain["enum"]:
        plain["enum"] = [*plain["enum"], None]
    if isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
        return plain
    # `nullable` needs a `type` beside it to mean anything, but many documents put it beside
    # `allOf: [reference]` or an `enum`, and mean it.
    combined = {key: plain.pop(key) for key in ("allOf", "anyOf", "oneOf") if key in plain}
    return {**plain, "anyOf": [combined, {"type": "null"}]} if combined else plain
