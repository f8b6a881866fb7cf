"""Selects operations by patterns from the command line or the configuration."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence

from lockstep.openapi.operations import Operation


def matching(operations: Sequence[Operation], patterns: Iterable[str]) -> frozenset[str]:
    """Return the names of the operations that match any of the patterns.

    A pattern is an operationId, a path, a method and a path (`GET /tasks/{id}`) or a tag
    (`tag:admin`); `*` matches any text, and case is ignored. Raise `ValueError` for a pattern that
    matches no operation, with the most similar names.
    """
    found: set[str] = set()
    for pattern in patterns:
        regex = re.compile(".*".join(map(re.escape, pattern.strip().split("*"))), re.IGNORECASE)
        matched = {one.name for one in operations if any(map(regex.fullmatch, _names(one)))}
        if not matched:
            raise ValueError(_unmatched(pattern, operations))
        found |= matched
    return frozenset(found)


def _names(operation: Operation) -> Iterator[str]:
    yield operation.name
    yield operation.path
    yield f"{operation.method} {operation.path}"
    yield from (f"tag:{tag}" for tag in operation.tags)


def _unmatched(pattern: str, operations: Sequence[Operation]) -> str:
    known = {name.lower(): name for one in operations for name in _names(one)}
    close = [known[name] for name in difflib.get_close_matches(pattern.lower(), known)]
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    return f"no operation matches {pattern!r}{hint}"
