"""JSON as text: read strictly, written compactly."""

import json
import math
import re
import sys
from typing import Any

import orjson

_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonError(ValueError):
    """A text is not JSON as it is read here."""


def dump_json(value: Any) -> bytes:
    """Writes JSON in UTF-8, without spaces and without escapes beyond need, keys in their order."""
    return orjson.dumps(value)


def parse_json(data: bytes, depth: int) -> Any:
    """Reads JSON (RFC 8259) in UTF-8; of equal keys the last counts. Raises JsonError.

    Refused are a byte order mark, NaN, Infinity, lone surrogates, and more than `depth` levels
    of arrays and objects. A number beyond the range of a double becomes the nearest one in it.
    """
    try:
        value = _DECODER.decode(data.decode())
    except (RecursionError, ValueError) as error:
        raise JsonError("not JSON in UTF-8") from error
    _check(value, depth)
    return value


def _number(text: str) -> float | int:
    number = float(text)
    if math.isinf(number):
        return math.copysign(sys.float_info.max, number)
    return int(number) if number.is_integer() else number


def _refuse(name: str) -> Any:
    raise JsonError(f"{name} is not JSON")


def _check(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise JsonError("lone surrogate")
    elif isinstance(value, dict | list):
        if depth == 0:
            raise JsonError("too deep")
        if isinstance(value, dict):
            for key, item in value.items():
                _check(key, depth)
                _check(item, depth - 1)
        else:
            for item in value:
                _check(item, depth - 1)


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_refuse)
