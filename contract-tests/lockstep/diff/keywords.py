"""Rules for the keywords of a schema: the effect of a change on the set of allowed values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lockstep.diff.changes import Space
from lockstep.diff.folding import TIGHTER
from lockstep.diff.formats import format_space
from lockstep.diff.nodes import Node, canonical, is_equal

# Defaults of minimum lengths.
_LEAST = {"minLength": 0, "minItems": 0, "minProperties": 0}
# Adding one narrows the set of values; two different ones cannot be compared.
_FORMS = ("pattern", "contentEncoding", "contentMediaType")
_ANYTHING = ("", "^", "$", ".*", "^.*", ".*$", "^.*$")
# Each entry narrows the set of values by itself.
_TABLES = ("dependentRequired", "dependentSchemas")
# Compared only for equality.
_OPAQUE = ("anyOf", "oneOf", "allOf")
_CONDITION = ("if", "then", "else")
_COUNTS = ("minContains", "maxContains")
_LIMITS = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class KeywordChange:
    """A change of the set of values by one keyword, with its pointer."""

    space: Space
    rule: str
    sentence: str
    pointer: str


Keywords = Mapping[str, Node]
# (bound, whether it is exclusive), negated for maxima so that greater is tighter; keyword; node.
Limit = tuple[tuple[float, bool], str, Node]


def keyword_changes(
    old: Keywords, new: Keywords, *, whole: bool = False
) -> Iterator[KeywordChange]:
    """Yield the changes of all keywords except those that apply to members and items.

    `whole`: all values are integers.
    """
    for limits in _LIMITS:
        yield from _limit(_limit_of(old, limits, whole), _limit_of(new, limits, whole), limits)
    for keyword in TIGHTER:
        if not any(keyword in limits for limits in _LIMITS):
            yield from _bound(keyword, old.get(keyword), new.get(keyword))
    for keyword in _FORMS:
        yield from _form(keyword, _effective(old.get(keyword)), _effective(new.get(keyword)))
    for keyword in _TABLES:
        yield from _table(keyword, old.get(keyword), new.get(keyword))
    for keyword in (*_OPAQUE, "not"):
        yield from _opaque(keyword, old.get(keyword), new.get(keyword))
    yield from _format(old.get("format"), new.get("format"))
    yield from _condition(old, new)
    yield from _count(old, new)
    yield from _multiple(*(_divisor(side.get("multipleOf"), whole) for side in (old, new)))
    yield from _unique(old.get("uniqueItems"), new.get("uniqueItems"))
    yield from _no_more_items(old.get("unevaluatedItems"), new.get("unevaluatedItems"))
    yield from _values(old, new)


# Keywords that are covered here or by the rules of members and items; others are annotations.
KNOWN = frozenset(
    {*TIGHTER, *_FORMS, *_TABLES, *_OPAQUE, *_CONDITION, *_COUNTS}
    | {"not", "format", "multipleOf", "uniqueItems", "enum", "default", "discriminator"}
    | {"items", "prefixItems", "contains", "propertyNames", "patternProperties", "contentSchema"}
    | {"additionalProperties", "unevaluatedProperties", "unevaluatedItems"}
    | {"readOnly", "writeOnly"}
)


def shown(value: Any) -> str:
    """Return a value as JSON, truncated if it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _bound(keyword: str, old: Node | None, new: Node | None) -> Iterator[KeywordChange]:
    without = _LEAST.get(keyword)
    was, now = (old.value if old else without), (new.value if new else without)
    if was == now:
        return
    tighter = TIGHTER[keyword]
    narrower = was is None or (now is not None and tighter(was, now) == now)
    space = Space.NARROWER if narrower else Space.WIDER
    yield _change(space, f"{keyword}-{space}", keyword, old, new)


def _limit_of(keywords: Keywords, limits: tuple[str, str], whole: bool) -> Limit | None:
    """Return the tighter one of an inclusive and an exclusive limit."""
    inclusive, exclusive = limits
    sign = 1 if TIGHTER[inclusive] is max else -1
    found: list[Limit] = []
    for keyword in limits:
        node = keywords.get(keyword)
        if node is None or isinstance(node.value, bool):
            continue
        bound, outside = sign * node.value, keyword == exclusive
        if whole:
            bound, outside = math.floor(bound) + 1 if outside else math.ceil(bound), False
        found.append(((bound, outside), keyword, node))
    return max(found, key=lambda limit: limit[0], default=None)


def _limit(
    old: Limit | None, new: Limit | None, limits: tuple[str, str]
) -> Iterator[KeywordChange]:
    if (old and old[0]) == (new and new[0]):
        return
    narrower = old is None or (new is not None and new[0] > old[0])
    space = Space.NARROWER if narrower else Space.WIDER
    if old and new and old[1] != new[1]:
        sentence = f"{old[1]} was {shown(old[2].value)}, {new[1]} is {shown(new[2].value)}"
        yield KeywordChange(space, f"{limits[0]}-{space}", sentence, new[2].pointer)
    else:
        keyword = (old or new or ("", limits[0]))[1]
        yield _change(space, f"{keyword}-{space}", keyword, old and old[2], new and new[2])


def _effective(node: Node | None) -> Node | None:
    """Return the node unless it is a pattern that matches anything."""
    return None if node is None or node.value in _ANYTHING else node


def _form(keyword: str, old: Node | None, new: Node | None) -> Iterator[KeywordChange]:
    if not is_equal(old, new):
        yield _change(_presence(old, new), f"{keyword}-changed", keyword, old, new)


def _format(old: Node | None, new: Node | None) -> Iterator[KeywordChange]:
    if not is_equal(old, new):
        space = format_space(old.value if old else None, new.value if new else None)
        yield _change(space, "format-changed", "format", old, new)


def _table(keyword: str, old: Node | None, new: Node | None) -> Iterator[KeywordChange]:
    was, now = ({} if node is None else node.value for node in (old, new))
    for name in [name for name in (was | now) if was.get(name) != now.get(name)]:
        space = Space.OTHER
        if name not in was:
            space = Space.NARROWER
        elif name not in now:
            space = Space.WIDER
        elif keyword == "dependentRequired":
            space = _sets(set(was[name]), set(now[name]))
        place = new if new and name in now else old
        assert place is not None
        sentence = f"{keyword} of {name} {'changed' if name in was else 'was added'}"
        sentence = sentence if name in now else f"{keyword} of {name} was removed"
        yield KeywordChange(space, f"{keyword}-{space}", sentence, place.pointer)


def _sets(old: set[str], new: set[str]) -> Space:
    """Return the change of values: more required members allow fewer values."""
    if old <= new:
        return Space.NARROWER
    return Space.WIDER if new <= old else Space.OTHER


def _condition(old: Keywords, new: Keywords) -> Iterator[KeywordChange]:
    """Compare `if`, `then` and `else`; each of the last two narrows the set of values."""
    before, after = _rules(old), _rules(new)
    if before == after:
        return
    space = Space.OTHER
    if before.items() <= after.items():
        space = Space.NARROWER
    elif after.items() <= before.items():
        space = Space.WIDER
    place = next(one[name] for one in (new, old) for name in _CONDITION if name in one)
    sentence = "the conditional schema (if, then, else) changed"
    yield KeywordChange(space, f"condition-{space}", sentence, place.pointer)


def _rules(keywords: Keywords) -> dict[str, tuple[str, str]]:
    if "if" not in keywords:
        return {}
    condition = keywords["if"].text
    return {name: (condition, keywords[name].text) for name in _CONDITION[1:] if name in keywords}


def _count(old: Keywords, new: Keywords) -> Iterator[KeywordChange]:
    """Compare `minContains` and `maxContains`, ignored without `contains` (JSON Schema, 6.4.4)."""
    if "contains" not in old or "contains" not in new:
        return
    for keyword in _COUNTS:
        nodes = (old.get(keyword), new.get(keyword))
        without = 1 if keyword == "minContains" else float("inf")
        was, now = (node.value if node else without for node in nodes)
        if was != now:
            narrower = (now > was) is (keyword == "minContains")
            space = Space.NARROWER if narrower else Space.WIDER
            yield _change(space, f"{keyword}-{space}", keyword, *nodes)


def _no_more_items(old: Node | None, new: Node | None) -> Iterator[KeywordChange]:
    was, now = (node is not None and node.value is False for node in (old, new))
    place = new or old
    if was == now or place is None:
        return
    space = Space.NARROWER if now else Space.WIDER
    sentence = "no other items are allowed" if now else "other items are allowed"
    yield KeywordChange(space, f"unevaluatedItems-{space}", sentence, place.pointer)


def _opaque(keyword: str, old: Node | None, new: Node | None) -> Iterator[KeywordChange]:
    if is_equal(old, new):
        return
    place = new or old
    assert place is not None
    if keyword == "not" and not (old and new):
        yield _change(_presence(old, new), "not-changed", keyword, old, new)
        return
    sentence = f"{keyword} changed; it is unknown whether more or fewer values are allowed"
    yield KeywordChange(Space.OTHER, f"{keyword}-changed", sentence, place.pointer)


def _divisor(node: Node | None, whole: bool) -> Node | None:
    """Return a divisor, unless every integer is a multiple of it and there are no other values."""
    return None if node and whole and 1 % node.value == 0 else node


def _multiple(old: Node | None, new: Node | None) -> Iterator[KeywordChange]:
    if is_equal(old, new):
        return
    space = _presence(old, new)
    if old and new and new.value % old.value == 0:
        space = Space.NARROWER
    elif old and new and old.value % new.value == 0:
        space = Space.WIDER
    yield _change(space, f"multipleOf-{space}", "multipleOf", old, new)


def _unique(old: Node | None, new: Node | None) -> Iterator[KeywordChange]:
    was, now = bool(old and old.value), bool(new and new.value)
    place = new or old
    if was == now or place is None:
        return
    space = Space.NARROWER if now else Space.WIDER
    sentence = "items must be unique" if now else "items may be equal"
    yield KeywordChange(space, f"uniqueItems-{space}", sentence, place.pointer)


def _values(old: Keywords, new: Keywords) -> Iterator[KeywordChange]:
    was, now = _listed(old), _listed(new)
    place = new.get("enum") or old.get("enum")
    if place is None or was == now:
        return
    if was is None or now is None:
        space = Space.WIDER if now is None else Space.NARROWER
        listed = ", ".join(map(shown, (was or now or {}).values()))
        sentence = f"any value, no longer only {listed}" if now is None else f"only {listed}"
        yield KeywordChange(space, f"enum-{space}", sentence, place.pointer)
        return
    for text in [text for text in was if text not in now]:
        gone = f"the value {shown(was[text])} was removed"
        yield KeywordChange(Space.NARROWER, "value-gone", gone, place.pointer)
    for text in [text for text in now if text not in was]:
        added = f"the value {shown(now[text])} was added"
        yield KeywordChange(Space.WIDER, "value-new", added, place.pointer)


def _listed(keywords: Keywords) -> dict[str, Any] | None:
    """Return the `enum` values by their JSON, `None` if any value is allowed."""
    if "enum" not in keywords:
        return None
    return {canonical(value): value for value in keywords["enum"].value}


def _presence(old: Node | None, new: Node | None) -> Space:
    if old is None:
        return Space.NARROWER
    return Space.WIDER if new is None else Space.OTHER


def _change(
    space: Space, rule: str, keyword: str, old: Node | None, new: Node | None
) -> KeywordChange:
    place = new or old
    assert place is not None
    if old and new:
        sentence = f"{keyword} was {shown(old.value)}, is {shown(new.value)}"
    elif new:
        sentence = f"{keyword} is {shown(new.value)}, was not set"
    else:
        sentence = f"{keyword} was {shown(place.value)}, is not set"
    return KeywordChange(space, rule, sentence, place.pointer)
