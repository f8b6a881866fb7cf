"""Changes of how the values of parameters, headers and parts of a form become text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockstep.diff.changes import Change, Effect
from lockstep.diff.nodes import Node

WORDS = frozenset({"style", "explode", "allowReserved"})
_SIMPLE = frozenset({"path", "header"})
_EXPLODED = frozenset({"form", "cookie"})


def serialization_changes(old: Node, new: Node, place: str) -> Iterator[Change]:
    """Compare two descriptions of one value; what is left out has its default.

    `place` is that of a parameter: `path`, `query`, `header`, `cookie` (OpenAPI 3.1, 4.8.12.2).
    """
    before, after = _effective(old.value, place), _effective(new.value, place)
    for word, was in before.items():
        if was != after[word]:
            sentence = f"{word} changed, and with it how values are written"
            yield Change(Effect.BREAKING, f"{word}-changed", sentence, new.pointer)


def _effective(described: Any, place: str) -> dict[str, Any]:
    style = described.get("style") or ("simple" if place in _SIMPLE else "form")
    explode = described.get("explode")
    return {
        "style": style,
        "explode": style in _EXPLODED if explode is None else bool(explode),
        "allowReserved": bool(described.get("allowReserved")),
    }
