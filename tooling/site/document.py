"""Reads the raw contract."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

_METHODS = ("get", "put", "post", "patch", "delete", "head", "options", "trace")


def raw_operations(document: Json) -> Iterator[tuple[str, str, list[Json], Json]]:
    """Yield method, path, path-level parameters and definition of each operation."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method, path, item.get("parameters", []), item[method]
