"""The queries that show what a list does with its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from lockstep.auth.bodies import flat, kind_of_value
from lockstep.drivers.walk.items import Item
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation

Query = dict[str, str]


def queries(document: Document, operation: Operation, item: Item | None) -> Iterator[Query]:
    """No query, each parameter alone at its bounds, and the numbers together, as pages take them.

    Texts are those of an item that is there.
    """
    yield {}
    schemas = dict(_parameters(document, operation))
    alone = ({name: value} for name, s in schemas.items() for value in _values(name, s, item))
    numbers = [name for name, schema in schemas.items() if kind_of_value(schema) == "integer"]
    yield from chain(alone, _together(numbers))


def _parameters(
    document: Document, operation: Operation
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    path = document.resolve(document.modern["paths"][operation.path])
    for told in (*path.get("parameters", ()), *operation.definition.get("parameters", ())):
        parameter = document.resolve(told)
        if parameter["in"] == "query":
            yield parameter["name"], flat(document, parameter.get("schema", {}))


def _together(numbers: list[str]) -> Iterator[Query]:
    if len(numbers) > 1:
        for first, rest in (("1", "1"), ("1", "2"), ("2", "1")):
            yield {name: first if name == numbers[0] else rest for name in numbers}


def _values(name: str, schema: Mapping[str, Any], item: Item | None) -> Iterator[str]:
    if schema.get("enum"):
        yield from map(str, schema["enum"][:6])
        return
    match kind_of_value(schema):
        case "boolean":
            yield from ("true", "false")
        case "integer" | "number":
            known = {schema.get("minimum", 1), 1, 2, schema.get("maximum", 100)}
            yield from map(str, sorted(known))
        case _:
            text = item.member(name) if item is not None else None
            yield text or "a"
            yield (text or "a").swapcase()
