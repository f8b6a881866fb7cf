"""JSON text: parsed strictly, written compactly."""

import json
import math
from typing import Any

import orjson


class JsonError(ValueError):
    """A text is not JSON as accepted here."""


def dump_json(value: Any) -> bytes:
    """Serialises to compact JSON in UTF-8, with minimal escaping, keys in insertion order."""
    return orjson.dumps(value)


def parse_json(data: bytes, depth: int, count: float = math.inf) -> Any:
    """Parses JSON (RFC 8259) in UTF-8; of duplicate keys the last one is used. Raises JsonError.

    Rejects a byte order mark, NaN, Infinity, lone surrogates, more than `depth` levels of arrays
    and objects, and more than `count` values in them. A number beyond the range of a double becomes
    infinite.
    """
    value = _parse(data)
    _check(value, depth, count)
    return value


def _parse(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _parse_infinite(data)


def _parse_infinite(data: bytes) -> Any:
    # orjson refuses numbers beyond the range, and json lets lone surrogates through.
    try:
        value = _DECODER.decode(data.decode())
        orjson.dumps(value)
    except (RecursionError, ValueError, orjson.JSONEncodeError) as error:
        raise JsonError("not JSON in UTF-8") from error
    return value


def _refuse(name: str) -> Any:
    raise JsonError(f"{name} is not valid JSON")


def _check(value: Any, depth: int, count: float) -> float:
    """Returns how many more values there may be."""
    if not isinstance(value, dict | list):
        return count
    if depth == 0:
        raise JsonError("nested too deeply")
    if len(value) > count:
        raise JsonError("too many values")
    left = count - len(value)
    for item in value.values() if isinstance(value, dict) else value:
        left = _check(item, depth - 1, left)
    return left


_DECODER = json.JSONDecoder(parse_float=float, parse_int=float, parse_constant=_refuse)
