"""What an expression asks of Prometheus."""

from collections.abc import Iterator
from typing import Any

import promql_parser


def selectors(node: Any) -> Iterator[tuple[str, set[str]]]:
    """The series that an expression selects, and the labels by which."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node.name or "", {matcher.name for matcher in node.matchers.matchers}
    for part in ("expr", "lhs", "rhs", "vector_selector", "param"):
        inner = getattr(node, part, None)
        if inner is not None:
            yield from selectors(inner)
    for argument in getattr(node, "args", None) or []:
        yield from selectors(argument)
