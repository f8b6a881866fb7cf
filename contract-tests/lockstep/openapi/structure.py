"""Normalises path items and operations: resolves references and removes unreadable parts."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from lockstep.openapi.operations import METHODS
from lockstep.openapi.shapes import followed
from lockstep.openapi.walking import Kind, kind_below

# A fixed field of path items since 3.2; other methods are in `additionalOperations`.
_ALSO = ("query",)
# The replacement of an unreadable response: any content.
_UNKNOWN = {"description": "", "content": {"*/*": {}}}
_FORM = "application/x-www-form-urlencoded"
_PARAMETER = re.compile(r"(\{[^}]*\})")
# What clients leave as it is (RFC 3986, 2.2): a `%` is taken to be encoded already.
_IN_PATHS = "!#$%&'()*+,/:;=?@[]~{}"
_STANDARD = frozenset({*METHODS, *_ALSO})


def structured(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the document with path items and operations instead of references to them.

    Unreadable parts are removed, and described in the second item of the result.
    """
    problems: list[str] = []
    paths = {}
    for path, item in raw.get("paths", {}).items():
        if not path.startswith("x-"):
            whole = _item(raw, path, item, problems)
            if whole is not None:
                paths[_sendable(path)] = whole
    whole = {**raw, "openapi": str(raw["openapi"]), "paths": paths}
    if whole["openapi"].startswith("3.2"):
        whole = _with_media_types(raw, whole, Kind.OBJECT)
    return whole, problems


def _with_media_types(raw: dict[str, Any], node: Any, kind: Kind) -> Any:
    """Return a node with media types instead of references to them, which only 3.2 has (4.7.1)."""
    if kind is Kind.DATA or kind is Kind.SCHEMA:
        return node
    if isinstance(node, list):
        return [_with_media_types(raw, each, kind) for each in node]
    if not isinstance(node, dict):
        return node
    changed = {
        key: _with_media_types(raw, value, kind_below(kind, key, value))
        for key, value in node.items()
    }
    if kind is Kind.OBJECT and isinstance(changed.get("content"), dict):
        types = changed["content"].items()
        changed["content"] = {name: _resolved(raw, media_type) for name, media_type in types}
    return changed


def _resolved(raw: dict[str, Any], node: Any) -> Any:
    try:
        return followed(raw, node)
    except (ValueError, RecursionError):
        # It is reported where the operations are read.
        return node


def _sendable(path: str) -> str:
    """Percent-encode what a request line cannot contain, except in the names of parameters."""
    return "".join(
        part if part.startswith("{") else quote(part, safe=_IN_PATHS)
        for part in _PARAMETER.split(path)
    )


def methods_of(item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the operations of a path item by method; only standard methods are lower-case."""
    for method in (*METHODS, *_ALSO):
        if method in item:
            yield method, item[method]
    additional = item.get("additionalOperations")
    yield from additional.items() if isinstance(additional, Mapping) else ()


def without(raw: Mapping[str, Any], operations: Container[tuple[str, str]]) -> dict[str, Any]:
    """Return a structured document without some operations, given as (method, path)."""
    paths = {}
    for path, item in raw["paths"].items():
        removed = {name for name, _ in methods_of(item) if (name.upper(), path) in operations}
        kept = {key: value for key, value in item.items() if key not in removed}
        if isinstance(item.get("additionalOperations"), Mapping):
            additional = item["additionalOperations"].items()
            kept["additionalOperations"] = {k: v for k, v in additional if k not in removed}
        paths[path] = kept
    return {**raw, "paths": paths}


def _item(raw: dict[str, Any], path: str, item: Any, problems: list[str]) -> dict[str, Any] | None:
    try:
        whole = _whole(raw, item)
    except (ValueError, RecursionError) as error:
        problems.append(f"paths, {path}: cannot be read: {error}")
        return None
    if not isinstance(whole, dict):
        if whole is not None:
            problems.append(f"paths, {path}: cannot be read: it is not an object")
        return None
    known = {_named(key): value for key, value in whole.items()}
    if "parameters" in known:
        known["parameters"] = _parameters(raw, path, path, known["parameters"], problems)
    for method, definition in list(methods_of(known)):
        place = known if method in known else dict(known["additionalOperations"])
        label = f"{method.upper()} {path}"
        try:
            operation = _operation(raw, label, path, definition, problems)
            place[method] = _with_path_parameters(raw, path, known, operation)
        except (AttributeError, TypeError, ValueError, RecursionError) as error:
            problems.append(f"paths, {path}: cannot be read: {method.upper()}: {error}")
            del place[method]
        if place is not known:
            known["additionalOperations"] = place
    return known


def _named(key: str) -> str:
    return key.lower() if key.lower() in _STANDARD else key


def _whole(raw: Mapping[str, Any], node: Any, steps: int = 0) -> Any:
    """Return the target of a reference, merged with the siblings of `$ref`."""
    if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
        return node
    if steps > 50:
        raise ValueError(f"circular reference: {node['$ref']}")
    beside = {key: value for key, value in node.items() if key != "$ref"}
    target = _whole(raw, followed(raw, {"$ref": node["$ref"]}), steps + 1)
    if not isinstance(target, dict):
        raise ValueError(f"{node['$ref']} is not an object")
    return {**target, **beside}


def _operation(
    raw: dict[str, Any], label: str, path: str, definition: Any, problems: list[str]
) -> dict[str, Any]:
    whole = _whole(raw, definition)
    if not isinstance(whole, dict):
        raise ValueError("it is not an object")
    changed = dict(whole)
    if "parameters" in changed:
        changed["parameters"] = _parameters(raw, label, path, changed["parameters"], problems)
    if "requestBody" in changed:
        body = _readable(raw, changed["requestBody"], ("content",))
        if body is None:
            problems.append(f"the request body of {label} cannot be read")
            del changed["requestBody"]
    responses = changed.get("responses") or {}
    if not isinstance(responses, dict):
        raise ValueError("its `responses` is not an object")
    changed["responses"] = {}
    for status, response in responses.items():
        if status.startswith("x-"):
            continue
        if _readable(raw, response, ("content", "headers", "links")) is None:
            problems.append(f"the response {status} of {label} cannot be read")
            response = _UNKNOWN
        changed["responses"][status] = response
    return changed


def _with_path_parameters(
    raw: dict[str, Any], path: str, item: dict[str, Any], operation: dict[str, Any]
) -> dict[str, Any]:
    """Declare the parameters of a path that only its template has: many documents lack them."""
    own = operation.get("parameters", [])
    every = [followed(raw, each) for each in (*item.get("parameters", ()), *own)]
    known = {each["name"] for each in every if each["in"] == "path"}
    missing = [name for name in dict.fromkeys(_names(path)) if name not in known]
    if not missing:
        return operation
    more = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in missing
    ]
    return {**operation, "parameters": [*own, *more]}


def _names(path: str) -> list[str]:
    return [name[1:-1] for name in _PARAMETER.findall(path)]


def _parameters(
    raw: dict[str, Any], label: str, path: str, parameters: Any, problems: list[str]
) -> list[Any]:
    kept = []
    for at, parameter in enumerate(parameters if isinstance(parameters, list) else [parameters]):
        plain = _readable(raw, parameter, ("content",))
        if plain is not None and plain.get("in") == "querystring":
            kept += _whole_query(raw, plain)
        elif plain is None or not all(isinstance(plain.get(key), str) for key in ("name", "in")):
            problems.append(f"parameter {at + 1} of {label} cannot be read")
        elif plain["in"] == "path" and plain["name"] not in _names(path):
            problems.append(f"the path of {label} has no parameter {{{plain['name']}}}")
        elif plain.keys() & {"schema", "content"}:
            kept.append(parameter)
        else:
            # Without a schema it may have any value.
            kept.append({**plain, "schema": {}})
    return kept


def _whole_query(raw: dict[str, Any], parameter: dict[str, Any]) -> list[dict[str, Any]]:
    """Split a `querystring` parameter (OpenAPI 3.2, 4.12.2) into its members if it is a form."""
    form = followed(raw, (parameter.get("content") or {}).get(_FORM) or {})
    schema = followed(raw, form.get("schema") or {}) if isinstance(form, dict) else {}
    members = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(members, dict):
        return [{"name": "querystring", **parameter}]
    needed = schema.get("required", ()) if parameter.get("required") else ()
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": member}
        for name, member in members.items()
    ]


def _readable(raw: dict[str, Any], node: Any, maps: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the object that a node is or refers to, `None` if `maps` are unreadable in it."""
    try:
        plain = followed(raw, node)
    except (ValueError, RecursionError):
        return None
    if not isinstance(plain, dict):
        return None
    members = [plain[key] for key in maps if key in plain]
    are_maps = all(isinstance(each, dict) for each in members)
    return plain if are_maps and all(_all_objects(raw, each) for each in members) else None


def _all_objects(raw: dict[str, Any], members: dict[str, Any]) -> bool:
    try:
        return all(isinstance(followed(raw, each), dict) for each in members.values())
    except (ValueError, RecursionError):
        return False
