"""Finds and replaces the scalar values in JSON text without parsing and writing it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lockstep.transport.literals import TOKEN


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar in a JSON text: a string, a number, `true`, `false` or `null`.

    `names` are the member names on the path to it; `start` and `end` are offsets in the text.
    """

    names: tuple[str, ...]
    token: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """The value of a string, else the token as it is written."""
        return str(json.loads(self.token)) if self.token.startswith('"') else self.token


def leaves(text: str) -> Iterator[Leaf]:
    """Yield every scalar of a JSON text in order; raise `ValueError` if it is not JSON."""
    json.loads(text)
    names: list[str | None] = []
    expects_name = False
    for match in TOKEN.finditer(text):
        token = match.group()
        match token:
            case "{":
                names.append("")
                expects_name = True
            case "[":
                names.append(None)
            case "}" | "]":
                names.pop()
                expects_name = False
            case ",":
                expects_name = names[-1] is not None
            case _ if token == ":" or token.isspace():
                pass
            case _ if expects_name:
                names[-1] = json.loads(token)
                expects_name = False
            case _:
                path = tuple(name for name in names if name is not None)
                yield Leaf(path, token, match.start(), match.end())


def replaced(text: str, change: Callable[[Leaf], str]) -> str:
    """Replace the scalars of a JSON text by what `change` returns; the rest remains as it is.

    A number that is replaced by a number is written without quotes. Raise `ValueError` if the text
    is not JSON.
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
