"""Matches requests to operations by method and path template."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qsl

from lockstep.openapi.operations import Operation

_PARAMETER = re.compile(r"\{[^}]+\}")


class Routes:
    """The documented paths; concrete paths match before templated ones (OpenAPI 3.1, 4.8.8.2).

    Paths that differ only in the names of their parameters are one route. A path may contain a
    query (`/answers/{id}?full=true`), and then matches before the same path without it.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        """Compile the paths of these operations."""
        self._exact: dict[tuple[str, str], list[Operation]] = {}
        self._by_shape: dict[str, _Route] = {}
        for operation in operations:
            self._exact.setdefault((operation.method, operation.path), []).append(operation)
            shape = _shape(operation.path)
            route = self._by_shape.setdefault(shape, _Route(shape, operation.path))
            route.operations.setdefault(operation.method, []).append(operation)
        self._routes = sorted(self._by_shape.values(), key=lambda route: route.order)
        self._matched = lru_cache(4_096)(self._match)

    def alike(self, method: str, path: str) -> tuple[Operation, ...]:
        """Return the operations that match a request; several if their paths are equivalent."""
        known = self._exact.get((method, path))
        if known is not None:
            return tuple(known)
        routes = self._matched(path.partition("#")[0])
        return next((tuple(e.operations[method]) for e in routes if method in e.operations), ())

    def twins(self, operation: Operation) -> tuple[Operation, ...]:
        """Return the operations of equal method and path up to the names of parameters."""
        route = self._by_shape.get(_shape(operation.path))
        found = route.operations.get(operation.method) if route is not None else None
        return tuple(found or (operation,))

    def template(self, path: str) -> str | None:
        """Return the path template that matches a request path."""
        return next((route.path for route in self._matched(path.partition("#")[0])), None)

    def _match(self, path: str) -> tuple[_Route, ...]:
        """Return the best matching route, and those of its path that require less of the query."""
        plain, _, query = path.partition("?")
        sent = set(parse_qsl(query, keep_blank_values=True))
        fitting = [
            route
            for route in self._routes
            if route.pattern.fullmatch(plain) and route.query <= sent
        ]
        return tuple(route for route in fitting if route.plain == fitting[0].plain)


def _shape(path: str) -> str:
    return _PARAMETER.sub("{}", path.partition("#")[0])


class _Route:
    def __init__(self, shape: str, path: str) -> None:
        plain, _, query = shape.partition("?")
        self.path, self.plain = path, plain
        self.query = set(parse_qsl(query, keep_blank_values=True))
        self.pattern = re.compile("[^/]+".join(map(re.escape, plain.split("{}"))))
        self.order = (plain.count("{}"), -len(self.query), path)
        self.operations: dict[str, list[Operation]] = {}
