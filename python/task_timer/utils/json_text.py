"""JSON text: parsed strictly, written compactly."""

import json
import math
import re
import sys
from typing import Any

import orjson

_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonError(ValueError):
    """A text is not JSON as accepted here."""


def dump_json(value: Any) -> bytes:
    """Serialises to compact JSON in UTF-8, with minimal escaping, keys in insertion order."""
    return orjson.dumps(value)


def parse_json(data: bytes, depth: int) -> Any:
    """Parses JSON (RFC 8259) in UTF-8; of duplicate keys the last one is used. Raises JsonError.

    Rejects a byte order mark, NaN, Infinity, lone surrogates, and more than `depth` levels of
    arrays and objects. Numbers beyond the range of a double become the nearest finite one.
    """
    try:
        value = _DECODER.decode(data.decode())
    except (RecursionError, ValueError) as error:
        raise JsonError("not UTF-8 encoded JSON") from error
    _check(value, depth)
    return value


def _number(text: str) -> float | int:
    number = float(text)
    if math.isinf(number):
        return math.copysign(sys.float_info.max, number)
    return int(number) if number.is_integer() else number


def _refuse(name: str) -> Any:
    raise JsonError(f"{name} is not valid JSON")


def _check(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise JsonError("lone surrogate")
    elif isinstance(value, dict | list):
        if depth == 0:
            raise JsonError("nested too deeply")
        if isinstance(value, dict):
            for key, item in value.items():
                _check(key, depth)
                _check(item, depth - 1)
        else:
            for item in value:
                _check(item, depth - 1)


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_refuse)
