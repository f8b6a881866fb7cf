"""Finds the line of a TOML file that sets a value."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line number, from 1, that sets the value at a path.

    A table is on the line that first names it. For a path that the file does not contain, returns
    the line of its closest existing parent.
    """
    for end in range(len(path), 0, -1):
        line = _first_line(text, path[:end])
        if line:
            return line
    return 1


def _first_line(text: str, path: Sequence[str | int]) -> int:
    """Return the line after which the shortest parsable prefix of the file contains the path."""
    lines = text.splitlines()
    before = 0
    for count in range(1, len(lines) + 1):
        try:
            read = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(read, path):
            blank = (at for at in range(before, count) if _says_something(lines[at]))
            return next(blank, count - 1) + 1
        before = count
    return 0


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _holds(node: Any, path: Sequence[str | int]) -> bool:
    for part in path:
        known = (
            node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        )
        if part not in known:
            return False
        node = node[part]
    return True
