"""Queries that exercise the parameters of a list."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations, islice, pairwise, zip_longest
from typing import Any

from lockstep.auth.bodies import kind_of_value
from lockstep.auth.texts import draw, drawn, matches, plain_text
from lockstep.drivers.walk.items import Item
from lockstep.drivers.walk.parameters import Declared
from lockstep.inference.forms import is_random
from lockstep.openapi.naming import is_id, is_made_time, noun, split, words

Query = dict[str, str]
_WORD = re.compile(r"\w+")
# Number of values of each parameter that come before combinations of parameters.
_FIRST = 3
# Maximum number of texts from members with the parameter's name, and of all texts.
_FEW, _MOST_TEXTS = 3, 16
_LONGEST = 200
# Maximum number of pairs of filters.
_MOST_PAIRS = 10
_FEW_BOXES, _FEW_PLAIN = 2, 2
# Number of days of the items to ask for, with the days around them.
_MOST_DAYS = 2
# Words in parameter names that denote a comparison.
_COMPARING = frozenset(
    {"min", "max", "from", "to", "least", "most", "gt", "gte", "lt", "lte"}
    | {"before", "after", "since", "until"}
)
_SORTING = frozenset({"sort", "order", "sorting", "ordering", "sortby", "orderby"})
_PAGING = frozenset({"page", "per", "size", "limit", "offset", "skip", "cursor", "first", "last"})
_SEARCHING = frozenset({"q", "query", "search", "text", "term", "terms", "keyword", "keywords"})
_TITLES = frozenset({"title", "name", "subject", "text"})
_BOXES = frozenset({"bbox", "box", "bounds", "extent"})
_LATITUDES, _LONGITUDES = ("lat", "latitude"), ("lon", "lng", "long", "longitude")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
# A text that no item has.
_NO_ITEM = "no such item"
# A range far behind the end of most lists.
_FAR = ("1000000", "1000001")


def queries(
    parameters: Sequence[Declared], items: Sequence[Item], largest: Query | None = None
) -> Iterator[Query]:
    """Yield no query, each parameter alone, numbers together, as for pagination, and two filters.

    All orders of a list come before combinations.

    The values of a parameter are its examples, occur in the items, the most informative one of each
    parameter first, or are its bounds, or close to these. A parameter without a member of its name
    is treated as a text search, and gets a text from each member. A sort parameter gets the names
    of members, in both directions, and the page `largest`: ties may be far down.
    """
    yield {}
    found = {each.name: each for each in parameters if each.location == "query"}
    alone = {
        name: [
            {**(largest or {} if is_sorting(each) else {}), name: text}
            for text in dict.fromkeys((*_examples(each), *_values(each, items)))
        ]
        for name, each in found.items()
    }
    numbers = [name for name, each in found.items() if kind_of_value(each.schema) == "integer"]
    filters = [each for each in found.values() if not is_sorting(each)]
    yield from _in_turn(each[:_FIRST] for each in alone.values())
    yield from _in_turn(alone[name][_FIRST:] for name in found if is_sorting(found[name]))
    yield from _together(numbers)
    yield from _both([each for each in filters if not _PAGING & {*words(each.name)}], items)
    yield from _in_turn(alone[each.name][_FIRST:] for each in filters)


def _in_turn(columns: Iterable[Sequence[Query]]) -> Iterator[Query]:
    return (query for turn in zip_longest(*columns) for query in turn if query is not None)


def is_sorting(parameter: Declared) -> bool:
    """Whether a parameter chooses the order of a list."""
    return bool(_SORTING & set(words(parameter.name)))


def has_few_values(parameter: Declared) -> bool:
    """Whether all values of a parameter can be tried, as for an enum or a boolean."""
    return bool(parameter.schema.get("enum")) or parameter.kind == "boolean"


def _together(numbers: list[str]) -> Iterator[Query]:
    if len(numbers) > 1:
        for first, rest in (("1", "1"), ("1", "2"), ("2", "1"), _FAR):
            yield {name: first if name == numbers[0] else rest for name in numbers}


def _both(filters: Sequence[Declared], items: Sequence[Item]) -> Iterator[Query]:
    """Yield pairs of filters: a server may take only one of two.

    An item passes both, or one of them alone, by the value of another item, if there is any.
    """
    # Neighbours come first, so that each filter is in one of the first pairs.
    near = sorted(combinations(range(len(filters)), 2), key=lambda pair: pair[1] - pair[0])
    pairs = ([*_apart(filters[one], filters[other], items)] for one, other in near)
    for several in islice((pair for pair in pairs if pair), _MOST_PAIRS):
        yield from several


def _apart(one: Declared, other: Declared, items: Sequence[Item]) -> Iterator[Query]:
    whole = next((both for each in items if len(both := _passed([one, other], each)) == 2), None)
    if whole is None:
        return
    yield whole
    for kept, changed in ((one, other), (other, one)):
        another = _another_value(changed, whole[changed.name], items)
        if another is not None:
            yield {kept.name: whole[kept.name], changed.name: another}


def _another_value(parameter: Declared, value: str, items: Sequence[Item]) -> str | None:
    """Return a value of a filter that some other item has, or that the document allows."""
    schema = parameter.schema
    shown = (_value_of(parameter, each) for each in items)
    allowed = ["true", "false"] if parameter.kind == "boolean" else map(str, schema.get("enum", ()))
    made_up = [draw(drawn(schema), _NO_ITEM) or _NO_ITEM] if _takes_any_text(parameter) else ()
    every = (*shown, *allowed, *made_up)
    return next((each for each in every if each not in (None, value)), None)


def _takes_any_text(parameter: Declared) -> bool:
    schema = parameter.schema
    is_text = kind_of_value(schema) == "string" and not schema.keys() & {"enum", "format"}
    return is_text and not is_id(parameter.name)


def _passed(filters: Sequence[Declared], item: Item) -> Query:
    """Return the values with which an item passes filters, except those it has no member for."""
    found = {each.name: _value_of(each, item) for each in filters}
    return {name: text for name, text in found.items() if text is not None}


def _value_of(parameter: Declared, item: Item) -> str | None:
    schema, shown = parameter.schema, item.shown.get(parameter.name)
    if isinstance(shown, bool) or parameter.kind == "boolean":
        return str(shown is not False).lower()
    form = _form_of_time(parameter)
    if form:
        dated = any(isinstance(each, str) and _DATE.match(each) for each in item.shown.values())
        return next(_times(parameter.name, form, [item]), None) if dated else None
    text = None if kind_of_value(schema) in ("array", "object") else _text(parameter.name, item)
    if text is None and _searches(parameter):
        text = _searched(parameter, item)
    return text if "enum" not in schema or text in [*map(str, schema["enum"])] else None


def _searches(parameter: Declared) -> bool:
    """Whether a parameter searches texts, as its name says."""
    return kind_of_value(parameter.schema) == "string" and bool(
        _SEARCHING & set(words(parameter.name))
    )


def searches_for(parameters: Sequence[Declared], item: Item) -> Iterator[Query]:
    """Yield a query for each parameter that searches texts, by a text of an item."""
    for parameter in parameters:
        searches = parameter.location == "query" and _searches(parameter)
        text = _searched(parameter, item) if searches else None
        if text:
            yield {parameter.name: text}


def _searched(parameter: Declared, item: Item) -> str | None:
    """Return the text of an item by which a search most probably finds it."""
    texts = {name: value for name, value in item.shown.items() if _is_prose(name, value)}
    named = (name for name in texts if _is_named_in(parameter.description, name))
    usual = (name for name in texts if words(name)[-1] in _TITLES)
    # Texts are longer than what a list is filtered by.
    longest = sorted(texts, key=lambda name: -len(texts[name]))
    return next((texts[name] for name in (*named, *usual, *longest)), None)


def _is_named_in(description: str, member: str) -> bool:
    return re.search(rf"\b{re.escape(member)}\b", description) is not None


def _examples(parameter: Declared) -> Iterator[str]:
    """Examples of texts and lists: of other values those that occur tell more."""
    schema = parameter.schema
    plain = not schema.get("enum") and not _form_of_time(parameter)
    if plain and kind_of_value(schema) in ("string", "array"):
        yield from map(parameter.text, parameter.examples)
        yield from map(parameter.text, schema.get("examples", ()))


def _values(parameter: Declared, items: Sequence[Item]) -> Iterator[str]:
    name, schema = parameter.name, parameter.schema
    if schema.get("enum"):
        yield from map(str, schema["enum"][:6])
        return
    if is_sorting(parameter) and kind_of_value(schema) == "string":
        yield from _orders(parameter, items)
        return
    match kind_of_value(schema):
        case "array" if _BOXES & {*words(name), "".join(words(name))}:
            yield from map(parameter.text, _boxes(items))
        case "array" if parameter.choices:
            *_, last = parameter.choices
            yield from (last, parameter.text([*parameter.choices[:2]]), *parameter.choices)
        case "boolean":
            yield from ("true", "false")
        case "integer" | "number":
            yield from dict.fromkeys(map(str, _numbers(name, schema, items)))
        case _ if form := _form_of_time(parameter):
            yield from _times(name, form, items)
        case _:
            yield from islice(_accepted_first(schema, _texts(name, items)), _MOST_TEXTS)


def _form_of_time(parameter: Declared) -> str:
    """The format of a parameter that takes a time, by its schema or an example of its values."""
    schema = parameter.schema
    if schema.get("format") in ("date", "date-time"):
        return str(schema["format"])
    examples = [*parameter.examples, schema.get("example"), *schema.get("examples", ())]
    if "pattern" in schema:
        examples.append(plain_text(schema))
    texts = [each for each in examples if isinstance(each, str)]
    if texts and all(map(_INSTANT.match, texts)):
        return "date-time"
    return "date" if texts and all(map(_DATE.fullmatch, texts)) else ""


def _accepted_first(schema: Mapping[str, Any], texts: Iterable[str]) -> Iterator[str]:
    """Yield the distinct texts that a schema accepts, and one that it does not."""
    every = list(dict.fromkeys(texts))
    yield from (text for text in every if matches(schema, text))
    yield from islice((text for text in every if not matches(schema, text)), 1)


def _numbers(name: str, schema: Mapping[str, Any], items: Sequence[Item]) -> Iterator[Any]:
    """Yield the bounds, and the numbers of the items in a member with a similar name."""
    yield from sorted({schema.get("minimum", 1), 1, 2, schema.get("maximum", 100)})
    about = set(words(name)) - _COMPARING
    for item in items:
        for member, value in item.shown.items():
            alike = about and about == set(words(member)) and not is_id(member)
            if alike and isinstance(value, int | float) and not isinstance(value, bool):
                yield from (value, value + 1, value - 1)
                return


def _texts(name: str, items: Sequence[Item]) -> Iterator[str]:
    """Yield existing texts: whole, in another case, and in part."""
    named = list(islice(dict.fromkeys(filter(None, (_text(name, each) for each in items))), _FEW))
    found = named or list(_by_member(items).values()) or ["a"]
    yield from found
    prose = (v for item in items for k, v in item.shown.items() if _is_prose(k, v))
    yield from islice((_plain(text) for text in prose if text != _plain(text)), _FEW_PLAIN)
    yield from (text.swapcase() for text in found)
    for text in found:
        parts = _WORD.findall(text)
        several = len(parts) > 1
        yield parts[0] if several else text[: len(text) // 2 + 1]
        yield parts[-1].swapcase() if several else text[len(text) // 2 :]


def _plain(text: str) -> str:
    """A text without its diacritics: `Sao Paulo` for `São Paulo`."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _boxes(items: Sequence[Item]) -> Iterator[list[float]]:
    """Yield bounding boxes with items on their edges, and one across the 180th meridian.

    From west and south to east and north (RFC 7946, section 5).
    """
    points = [point for each in items if (point := _point(each.shown)) is not None]
    for one, other in islice(pairwise(dict.fromkeys(points)), _FEW_BOXES):
        (west, south), (east, north) = zip(*map(sorted, zip(one, other, strict=True)), strict=True)
        yield [west, south, east, north]
        yield [east, south, west, north]


def _point(shown: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the longitude and latitude of an item, if it has both."""
    by_name = {name.lower(): value for name, value in shown.items()}
    found = [
        value
        for names in (_LONGITUDES, _LATITUDES)
        for value in (by_name.get(name) for name in names)
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return (found[0], found[1]) if len(found) == 2 else None


def _by_member(items: Sequence[Item]) -> dict[str, str]:
    """Return a text of each member, preferably with a word that no other member has."""
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
    """Whether a value may be text by a person: no id, no time, and not blank."""
    if not name or not isinstance(text, str):
        return False
    made = is_id(name) or is_random(text) or _DATE.match(text)
    return not made and bool(text.strip()) and len(text) <= _LONGEST


def _text(name: str, item: Item) -> str | None:
    """Return an item's value for the name of a parameter, or the identifier of the item."""
    own = item.member(name) or (item.value(name) if noun(name) in item.families else None)
    # `min_amount` compares with an amount, and an `account_id` may occur as `from_account`.
    inner = [word for word in words(name) if word not in _COMPARING]
    about = split(name)[0] if is_id(name) else "_".join(inner)
    return own or (item.member(about) if about and about != name else None)


def _orders(parameter: Declared, items: Sequence[Item]) -> Iterator[str]:
    """Yield the members to sort a list by: those in the parameter's description, if any."""
    members = dict.fromkeys(
        name
        for item in items
        for name, value in item.shown.items()
        if name and not isinstance(value, Mapping | list)
    )
    named = [name for name in members if _is_named_in(parameter.description, name)]
    yield from (f"{sign}{name}" for name in named or list(members) for sign in ("-", ""))


def _times(name: str, form: str, items: Sequence[Item]) -> Iterator[str]:
    """Yield the instant of an item, or the days of two items and the days around them.

    Of several, it is one with a name like that of the parameter.
    """
    about = set(words(name)) - _COMPARING
    given = [
        (_is_like(about, member), value)
        for item in items
        for member, value in item.shown.items()
        if isinstance(value, str) and _DATE.match(value) and not is_made_time(member)
    ]
    alike = [value for is_like, value in given if is_like]
    values = alike or [value for _, value in given]
    if form == "date-time":
        yield next((value for value in values if len(value) > 10), "2001-01-01T00:00:00Z")
        return
    days = dict.fromkeys(value[:10] for value in values) or {"2001-01-01": None}
    for text in islice(days, _MOST_DAYS):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return
        for distance in (0, 1, -1):
            yield (day + timedelta(days=distance)).isoformat()


def _is_like(about: set[str], member: str) -> bool:
    """Whether a member has a word of a parameter's name, in any form: `started`, `start`."""
    return any(
        min(len(word), len(other)) > 2 and (word.startswith(other) or other.startswith(word))
        for word in about
        for other in words(member)
    )
