"""Presents operations with methods that the engine does not know, such as `COPY`, as others.

OpenAPI 3.2 has them in `additionalOperations` (4.8.9). The engine gets each as the `POST` of a path
with a fragment, which no request contains; its requests are sent with the operation's own method.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemathesis import Case

_MARK = "#lockstep-method="


def with_known_methods(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a structured document without `additionalOperations`."""
    paths: dict[str, Any] = {}
    for path, item in raw["paths"].items():
        additional = item.get("additionalOperations")
        if not isinstance(additional, Mapping):
            paths[path] = item
            continue
        shared = {"parameters": item["parameters"]} if "parameters" in item else {}
        paths[path] = {key: value for key, value in item.items() if key != "additionalOperations"}
        for method, operation in additional.items():
            paths[f"{path}{_MARK}{method}"] = {**shared, "post": operation}
    return {**raw, "paths": paths}


def documented(method: str, path: str) -> tuple[str, str]:
    """Return the documented method and path of an operation of the engine."""
    plain, mark, own = path.partition(_MARK)
    return (own if mark else method).upper(), plain


def label_of(label: str) -> str:
    """Return the documented method and path of an operation by the engine's label."""
    method, _, path = label.partition(" ")
    return " ".join(documented(method, path))


def place_of(case: Case[Any]) -> tuple[str, str]:
    """Return the documented method and path of a case's operation."""
    return documented(case.operation.method, case.operation.path)


def method_of(case: Case[Any]) -> str:
    """Return the method to send: that of the operation, unless the case tries another."""
    is_own = case.method.upper() == case.operation.method.upper()
    return place_of(case)[0] if is_own else case.method.upper()
