"""Parses JSON and preserves number literals, key order and the presence of repeated keys."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from lockstep.transport.downloads import Whole

# From which sizes on, and up to which, serializers write an exponent, or none.
_LARGE, _SMALL = Decimal("1e15"), Decimal("1e-3")
# Lists as shown in differences: their elements, or how many there are.
LISTED = re.compile(r"\[|\d+ elements?")
# Strings, numbers, literal names and runs of white space as tokens; any other character alone.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+\-]*|[a-zA-Z]+|\s+|.', re.DOTALL)


class Number:
    """A JSON number as text, so that `1`, `1.0` and `1e0` remain different."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Number({self.text!r})"


def same_in_other_notation(left: str, right: str) -> bool:
    """Whether two JSON numbers have the same value, and a size that serializers write differently.

    From 1e16, and below 1e-4, Python writes an exponent where JavaScript writes none, or other
    digits in it; both are the shortest text that stands for the same double (ECMA-262, 6.1.6.1.20).
    """
    if "e" not in f"{left}{right}".lower() or not same_number(left, right):
        return False
    size = abs(Decimal(left))
    return size >= _LARGE or 0 < size < _SMALL


def same_number(left: str, right: str) -> bool:
    """Whether two JSON numbers are equal, however they are written: `12`, `12.0` and `1.2e1`.

    Zero and minus zero are not, as for clients that read doubles.
    """
    return left.startswith("-") == right.startswith("-") and Decimal(left) == Decimal(right)


class Object(dict[str, Any]):
    """A JSON object; `repeated` is true if a key occurred more than once."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated = len(self) != len(pairs)


_DECODER = json.JSONDecoder(
    object_pairs_hook=Object, parse_float=Number, parse_int=Number, parse_constant=Number
)


def parse(body: bytes) -> Any:
    """Parse UTF-8 JSON and preserve its literals; raise `ValueError` if it is invalid."""
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def type_name(value: Any) -> str:
    """Return the JSON type of a parsed value; `binary` for a body that is not kept."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case Number():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case Whole():
            return "binary"
        case _:
            return "object"


def show_length(count: int) -> str:
    """Return the length of a list as text: `1 element`, `2 elements`; `LISTED` matches it."""
    return "1 element" if count == 1 else f"{count} elements"


def show(value: Any) -> str:
    """Return a parsed value as readable JSON text."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Whole):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(show, value)) + "]"
    if isinstance(value, dict):
        members = (f"{json.dumps(key, ensure_ascii=False)}:{show(v)}" for key, v in value.items())
        return "{" + ",".join(members) + "}"
    return json.dumps(value, ensure_ascii=False)


def pointer(path: tuple[str | int, ...]) -> str:
    """Return a JSON pointer (RFC 6901); the empty string is the whole document."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
