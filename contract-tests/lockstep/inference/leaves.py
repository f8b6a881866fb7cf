"""The plain values inside JSON text, with the places where they stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lockstep.transport.literals import TOKEN


@dataclass(frozen=True, slots=True)
class Leaf:
    """A string, number or word of a JSON text.

    `names` are those of the members that lead to it; `start` and `end` its place in the text.
    """

    names: tuple[str, ...]
    token: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """The value of a string, else the token as written."""
        return str(json.loads(self.token)) if self.token.startswith('"') else self.token


def leaves(text: str) -> Iterator[Leaf]:
    """Every plain value of a JSON text in order; `ValueError` when it is not JSON."""
    json.loads(text)
    names: list[str | None] = []
    awaits_name = False
    for match in TOKEN.finditer(text):
        token = match.group()
        match token:
            case "{":
                names.append("")
                awaits_name = True
            case "[":
                names.append(None)
            case "}" | "]":
                names.pop()
                awaits_name = False
            case ",":
                awaits_name = names[-1] is not None
            case _ if token == ":" or token.isspace():
                pass
            case _ if awaits_name:
                names[-1] = json.loads(token)
                awaits_name = False
            case _:
                path = tuple(name for name in names if name is not None)
                yield Leaf(path, token, match.start(), match.end())


def replaced(text: str, change: Callable[[Leaf], str]) -> str:
    """The JSON text with the plain values that `change` gives; the rest byte for byte as it was.

    What stays a number is written without quotes. `ValueError` when the text is not JSON.
    """
    parts, at = [], 0
    for leaf in leaves(text):
        new = change(leaf)
        if new != leaf.text:
            parts += [text[at : leaf.start], _written(new, leaf)]
            at = leaf.end
    return "".join((*parts, text[at:]))


def _written(value: str, leaf: Leaf) -> str:
    if not leaf.token.startswith('"') and _is_number(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_number(text: str) -> bool:
    try:
        value: Any = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, int | float) and not isinstance(value, bool)
