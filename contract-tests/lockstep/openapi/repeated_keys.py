"""Joins the values of keys that are repeated in one object of a document."""

from __future__ import annotations

from typing import Any


class RepeatedKeys:
    """Joins the values of keys that are repeated in one object, and describes each.

    YAML forbids them (1.2, 3.2.1.3), and JSON leaves open which value counts (RFC 8259, 4).
    """

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def joined(self, name: str, first: Any, second: Any, where: str = "") -> Any:
        """Return both values as one if they are objects, else the second one."""
        if first == second:
            return second
        if isinstance(first, dict) and isinstance(second, dict):
            self.sentences.append(f"the key {name!r} is repeated{where}: its values are merged")
            return _merged(first, second)
        self.sentences.append(f"the key {name!r} is repeated{where}: its last value is used")
        return second

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return the members of a JSON object."""
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        members = {}
        for name, value in pairs:
            members[name] = self.joined(name, members[name], value) if name in members else value
        return members


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the members of both; the second one overrides the first."""
    whole = {**first, **second}
    for name in first.keys() & second.keys():
        if isinstance(first[name], dict) and isinstance(second[name], dict):
            whole[name] = _merged(first[name], second[name])
    return whole
