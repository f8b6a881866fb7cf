"""What a path is about, in a readable word."""

from __future__ import annotations

from lockstep.openapi.naming import singular


def noun_of(path: str) -> str:
    """`task` for `/tasks/{id}` and `/tasks/{id}/close`: the word before the last parameter."""
    before = path.rpartition("/{")[0]
    word = before.rpartition("/")[2].replace("-", " ").replace("_", " ")
    if not word or "{" in word:
        return "thing"
    first, _, last = word.rpartition(" ")
    return f"{first} {singular(last)}".strip()
