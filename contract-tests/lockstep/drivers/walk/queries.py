"""The queries that show what a list does with its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice, zip_longest
from typing import Any

from lockstep.auth.bodies import kind_of_value
from lockstep.drivers.walk.items import Item
from lockstep.drivers.walk.parameters import Declared, as_text
from lockstep.inference.forms import is_random
from lockstep.openapi.naming import is_id, is_made_time, noun, words

Query = dict[str, str]
_WORD = re.compile(r"\w+")
# So many values of each parameter are tried before parameters are tried together.
_FIRST = 3
# Of different texts under the name of a parameter, and of all texts for one parameter.
_FEW, _MOST_TEXTS = 3, 16
_LONGEST = 200
# Words by which a parameter says how a member is compared with it.
_COMPARING = frozenset({"min", "max", "from", "to", "least", "most", "gt", "gte", "lt", "lte"})
_SORTING = frozenset({"sort", "order", "sorting", "ordering", "sortby", "orderby"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# A range far behind the end of most things.
_FAR = ("1000000", "1000001")


def queries(parameters: Sequence[Declared], items: Sequence[Item]) -> Iterator[Query]:
    """No query, each parameter alone, and the numbers together, as pages take them.

    A parameter has values that occur in the items, the most telling one of each parameter first,
    its bounds, and values beside them, after its examples. What is called as no member of theirs is
    taken for a search for text: it is tried with a text of each member. What is called an order is
    tried with the names of members, both ways.
    """
    yield {}
    asked = [each for each in parameters if each.location == "query"]
    alone = [
        [{each.name: text} for text in dict.fromkeys((*_examples(each), *_values(each, items)))]
        for each in asked
    ]
    numbers = [each.name for each in asked if kind_of_value(each.schema) == "integer"]
    turns = list(zip_longest(*alone))
    first, later = turns[:_FIRST], turns[_FIRST:]
    yield from (query for turn in first for query in turn if query is not None)
    yield from _together(numbers)
    yield from (query for turn in later for query in turn if query is not None)


def has_few_values(parameter: Declared) -> bool:
    """Whether all values of a parameter can be tried: a state, say, or a yes or no."""
    return bool(parameter.schema.get("enum")) or parameter.kind == "boolean"


def _together(numbers: list[str]) -> Iterator[Query]:
    if len(numbers) > 1:
        for first, rest in (("1", "1"), ("1", "2"), ("2", "1"), _FAR):
            yield {name: first if name == numbers[0] else rest for name in numbers}


def _examples(parameter: Declared) -> Iterator[str]:
    """Examples of texts and lists: of other values those that occur tell more."""
    schema = parameter.schema
    if not schema.get("enum") and kind_of_value(schema) in ("string", "array"):
        yield from map(as_text, parameter.examples)
        yield from map(as_text, schema.get("examples", ()))


def _values(parameter: Declared, items: Sequence[Item]) -> Iterator[str]:
    name, schema = parameter.name, parameter.schema
    if schema.get("enum"):
        yield from map(str, schema["enum"][:6])
        return
    if _SORTING & set(words(name)) and kind_of_value(schema) == "string":
        yield from _orders(parameter, items)
        return
    match kind_of_value(schema):
        case "array" if parameter.choices:
            *_, last = parameter.choices
            yield from (last, ",".join(parameter.choices[:2]), *parameter.choices)
        case "boolean":
            yield from ("true", "false")
        case "integer" | "number":
            yield from dict.fromkeys(map(str, _numbers(name, schema, items)))
        case _ if schema.get("format") in ("date", "date-time"):
            yield from _times(name, schema["format"], items)
        case _:
            yield from islice(dict.fromkeys(_texts(name, items)), _MOST_TEXTS)


def _numbers(name: str, schema: Mapping[str, Any], items: Sequence[Item]) -> Iterator[Any]:
    """The bounds, and the numbers that the items have under a name like this one."""
    yield from sorted({schema.get("minimum", 1), 1, 2, schema.get("maximum", 100)})
    about = set(words(name)) - _COMPARING
    for item in items:
        for member, value in item.shown.items():
            alike = about and about == set(words(member)) and not is_id(member)
            if alike and isinstance(value, int | float) and not isinstance(value, bool):
                yield from (value, value + 1, value - 1)
                return


def _texts(name: str, items: Sequence[Item]) -> Iterator[str]:
    """Texts that occur: whole ones, in another case, and parts of them."""
    named = list(islice(dict.fromkeys(filter(None, (_text(name, each) for each in items))), _FEW))
    found = named or list(_by_member(items).values()) or ["a"]
    yield from found
    yield from (text.swapcase() for text in found)
    for text in found:
        parts = _WORD.findall(text)
        several = len(parts) > 1
        yield parts[0] if several else text[: len(text) // 2 + 1]
        yield parts[-1].swapcase() if several else text[len(text) // 2 :]


def _by_member(items: Sequence[Item]) -> dict[str, str]:
    """A text of each member of the items: where there is one, of words that no other member has."""
    some: dict[str, str] = {}
    telling: dict[str, str] = {}
    for item in items:
        given = {
            k: v for k, v in item.shown.items() if k and isinstance(v, str) and _is_prose(k, v)
        }
        for name, text in given.items():
            others = " ".join(v for k, v in given.items() if k != name).lower()
            parts = _WORD.findall(text.lower())
            own = len(parts) > 1 and any(word not in others for word in parts)
            (telling if own else some).setdefault(name, text)
    return {**some, **telling}


def _is_prose(name: str, text: Any) -> bool:
    """Whether a value may be what somebody wrote: no id, no time, and not blank."""
    if not name or not isinstance(text, str):
        return False
    made = is_id(name) or is_random(text) or _DATE.match(text)
    return not made and bool(text.strip()) and len(text) <= _LONGEST


def _text(name: str, item: Item) -> str | None:
    """What an item has under the name of a parameter, or is called where the parameter is it."""
    return item.member(name) or (item.value(name) if noun(name) in item.families else None)


def _orders(parameter: Declared, items: Sequence[Item]) -> Iterator[str]:
    """The members by which a list may be sorted: those that are told of, if any are."""
    members = dict.fromkeys(
        name
        for item in items
        for name, value in item.shown.items()
        if name and not isinstance(value, Mapping | list)
    )
    told = [name for name in members if re.search(rf"\b{re.escape(name)}\b", parameter.told)]
    yield from (f"{sign}{name}" for name in told or list(members) for sign in ("-", ""))


def _times(about: str, form: str, items: Sequence[Item]) -> Iterator[str]:
    """The instant that an item was given, or its day and the days around it."""
    found = [
        (not set(words(name)) & set(words(about)), value)
        for item in items
        for name, value in item.shown.items()
        if isinstance(value, str) and _DATE.match(value) and not is_made_time(name)
    ]
    given = [value for _, value in sorted(found, key=lambda one: one[0])]
    if form == "date-time":
        yield next((value for value in given if len(value) > 10), "2001-01-01T00:00:00Z")
        return
    try:
        day = date.fromisoformat(given[0][:10]) if given else date(2001, 1, 1)
    except ValueError:
        return
    for distance in (0, 1, -1):
        yield (day + timedelta(days=distance)).isoformat()
