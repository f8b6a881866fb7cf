"""The error catalogue: what each code means, which check and which operations return it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockstep.openapi.loading import load_yaml
from tooling.site.document import Json, raw_operations
from tooling.site.schemas import Schemas

REQUEST_ID = "01936d5e-8a00-7000-8000-00000000000a"


@dataclass(frozen=True)
class Error:
    """A code of the catalogue; its anchor is the code itself.

    check: its number in the order of checks, and the condition that fails; None for codes that no
    check of a request returns. operations: ids; empty if any request may return it.
    """

    code: str
    status: int
    title: str
    detail: str
    check: tuple[int, str] | None
    operations: tuple[str, ...]
    example: Mapping[str, Any]


def catalogue(document: Json, shown: Mapping[str, frozenset[str]]) -> list[Error]:
    """Return every code of the contract, in its order.

    shown: the operations that return a code in the stories. A response lists the codes of all
    operations that share it; if the stories cover a code at all, they cover each operation that
    returns it.
    """
    documented = _documented(document)
    checks = {
        code: (number, check["check"])
        for number, check in enumerate(document["x-check-order"], 1)
        for code in check["codes"]
    }
    return [
        Error(
            code=code,
            status=entry["status"],
            title=entry["title"],
            detail=entry["detail"],
            check=checks.get(code),
            operations=tuple(
                each for each in documented.get(code, ()) if each in shown.get(code, {each})
            ),
            example=_example(document, code, entry),
        )
        for code, entry in document["x-errors"].items()
    ]


def shown_by_stories(folder: Path) -> dict[str, frozenset[str]]:
    """Return the operations that a story expects a code of, by code."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        for code, operation in _expected(load_yaml(path.read_text(encoding="utf-8"))):
            found.setdefault(code, set()).add(operation)
    return {code: frozenset(operations) for code, operations in found.items()}


def _expected(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for part in node:
            yield from _expected(part)
    elif isinstance(node, dict):
        code = (node.get("expect") or {}).get("code")
        if code and "operation" in node:
            yield code, node["operation"]
        for part in ("steps", "parallel"):
            yield from _expected(node.get(part))


def _documented(document: Json) -> dict[str, list[str]]:
    schemas = Schemas(document)
    found: dict[str, list[str]] = {}
    for _, _, _, operation in raw_operations(document):
        for node in operation["responses"].values():
            for code in schemas.resolve(node).get("x-codes", ()):
                found.setdefault(code, []).append(operation["operationId"])
    return found


def _example(document: Json, code: str, entry: Json) -> Mapping[str, Any]:
    for response in document["components"]["responses"].values():
        for content in response.get("content", {}).values():
            if code in content.get("examples", {}):
                example: Mapping[str, Any] = content["examples"][code]["value"]
                return example
    return {
        "type": f"{document['x-problem-type']}{code}",
        "title": entry["title"],
        "status": entry["status"],
        "code": code,
        "detail": entry["detail"],
        "request_id": REQUEST_ID,
    }
