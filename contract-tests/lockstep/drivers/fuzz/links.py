"""Removes links from a document that lead nowhere.

The engine follows no link at all if one of them is invalid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.openapi.shapes import followed, resolve
from lockstep.openapi.structure import methods_of

_PLACES = ("path", "query", "header", "cookie")


def without_broken_links(raw: dict[str, Any]) -> list[str]:
    """Remove the links to unknown operations or parameters in place; return a message for each."""
    found = _Operations(raw)
    removed = []
    for label, response in found.responses():
        links = response.get("links")
        if not isinstance(links, dict):
            continue
        for name, link in list(links.items()):
            fault = found.fault(link)
            if fault:
                del links[name]
                removed.append(f"the link {name} of {label} is not followed: {fault}")
    return list(dict.fromkeys(removed))


class _Operations:
    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw
        self._by_id: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        self._items: dict[int, Mapping[str, Any]] = {}
        for _, item, operation in self._every():
            self._items[id(operation)] = item
            if isinstance(operation.get("operationId"), str):
                self._by_id[operation["operationId"]] = item, operation

    def _every(self) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
        for path, item in (self._raw.get("paths") or {}).items():
            for method, operation in methods_of(item):
                if isinstance(operation, dict):
                    yield f"{method.upper()} {path}", item, operation

    def responses(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the responses of all operations, references resolved."""
        for label, _, operation in self._every():
            for response in (operation.get("responses") or {}).values():
                plain = self._followed(response)
                if isinstance(plain, dict):
                    yield label, plain

    def fault(self, link: Any) -> str:
        """Return why a link cannot be followed, empty if it can."""
        plain = self._followed(link)
        if not isinstance(plain, Mapping):
            return "it cannot be read"
        if "operationId" in plain:
            known = self._by_id.get(plain["operationId"])
            name = f"operation {plain['operationId']}"
        else:
            name = f"operation {plain.get('operationRef')}"
            known = self._referred(plain.get("operationRef"))
        if known is None:
            return f"there is no {name}"
        item, operation = known
        declared = {
            (each.get("in"), each.get("name"))
            for raw in (*(item.get("parameters") or ()), *(operation.get("parameters") or ()))
            if isinstance(each := self._followed(raw), Mapping)
        }
        for parameter in plain.get("parameters") or {}:
            place, _, rest = parameter.partition(".")
            names = {name for _, name in declared}
            if parameter not in names and not (place in _PLACES and (place, rest) in declared):
                return f"{name} has no parameter {parameter}"
        return ""

    def _referred(self, reference: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
        try:
            operation = resolve(self._raw, reference)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        item = self._items.get(id(operation))
        return (item, operation) if item is not None else None

    def _followed(self, node: Any) -> Any:
        try:
            return followed(self._raw, node)
        except (ValueError, RecursionError):
            return None
