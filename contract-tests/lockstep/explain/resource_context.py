"""The noun for the resource of a path."""

from __future__ import annotations

from lockstep.openapi.naming import singular


def noun_of(path: str) -> str:
    """Return the noun before the last parameter: `task` for `/tasks/{id}/close`."""
    before = path.rpartition("/{")[0]
    word = before.rpartition("/")[2].replace("-", " ").replace("_", " ")
    if not word or "{" in word:
        return "resource"
    first, _, last = word.rpartition(" ")
    return f"{first} {singular(last)}".strip()
