"""The noun for the resource of a path."""

from __future__ import annotations

import re

from lockstep.openapi.naming import is_id, singular, words

# Segments that say which resources follow, and not what they are; not `feed` or `embed`.
_ADJECTIVE = re.compile(r"active|latest|mine|my|open|private|public|recent|\w{3,}[^\We]ed")


def noun_of(path: str) -> str:
    """Return the noun before the last parameter: `task` for `/tasks/{id}/close`.

    After an adjective, the parameter has the noun: `token` for `/shared/{token}`.
    """
    before, _, parameter = path.rpartition("/{")
    word = before.rpartition("/")[2].replace("-", " ").replace("_", " ")
    if _ADJECTIVE.fullmatch(word):
        name = parameter.partition("}")[0]
        word = "" if is_id(name) else " ".join(words(name))
    if not word or "{" in word:
        return "resource"
    first, _, last = word.rpartition(" ")
    return f"{first} {singular(last)}".strip()
