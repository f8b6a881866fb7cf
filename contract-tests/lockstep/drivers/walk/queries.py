"""The queries that show what a list does with its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Any

from lockstep.auth.bodies import kind_of_value
from lockstep.drivers.walk.items import Item
from lockstep.drivers.walk.parameters import Declared
from lockstep.openapi.naming import is_made_time, noun

Query = dict[str, str]
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# A range far behind the end of most things.
_FAR = ("1000000", "1000001")


def queries(parameters: Sequence[Declared], items: Sequence[Item]) -> Iterator[Query]:
    """No query, each parameter alone at its bounds, and the numbers together, as pages take them.

    Texts and days are those of the first item that has any.
    """
    yield {}
    schemas = {each.name: each.schema for each in parameters if each.location == "query"}
    alone = ({name: value} for name, s in schemas.items() for value in _values(name, s, items))
    numbers = [name for name, schema in schemas.items() if kind_of_value(schema) == "integer"]
    yield from chain(alone, _together(numbers))


def has_few_values(parameter: Declared) -> bool:
    """Whether all values of a parameter can be tried: a state, say, or a yes or no."""
    return bool(parameter.schema.get("enum")) or parameter.kind == "boolean"


def _together(numbers: list[str]) -> Iterator[Query]:
    if len(numbers) > 1:
        for first, rest in (("1", "1"), ("1", "2"), ("2", "1"), _FAR):
            yield {name: first if name == numbers[0] else rest for name in numbers}


def _values(name: str, schema: Mapping[str, Any], items: Sequence[Item]) -> Iterator[str]:
    if schema.get("enum"):
        yield from map(str, schema["enum"][:6])
        return
    match kind_of_value(schema):
        case "boolean":
            yield from ("true", "false")
        case "integer" | "number":
            known = {schema.get("minimum", 1), 1, 2, schema.get("maximum", 100)}
            yield from map(str, sorted(known))
        case _ if schema.get("format") in ("date", "date-time"):
            yield from _times(schema["format"], items)
        case _:
            text = next(filter(None, (_text(name, item) for item in items)), None)
            yield text or "a"
            yield (text or "a").swapcase()


def _text(name: str, item: Item) -> str | None:
    """What an item has under the name of a parameter, or is called where the parameter is it."""
    return item.member(name) or (item.value(name) if noun(name) in item.families else None)


def _times(form: str, items: Sequence[Item]) -> Iterator[str]:
    """The instant that an item was given, or its day and the days around it."""
    given = [
        value
        for item in items
        for name, value in item.shown.items()
        if isinstance(value, str) and _DATE.match(value) and not is_made_time(name)
    ]
    if form == "date-time":
        yield next((value for value in given if len(value) > 10), "2001-01-01T00:00:00Z")
        return
    try:
        day = date.fromisoformat(given[0][:10]) if given else date(2001, 1, 1)
    except ValueError:
        return
    for distance in (0, 1, -1):
        yield (day + timedelta(days=distance)).isoformat()
