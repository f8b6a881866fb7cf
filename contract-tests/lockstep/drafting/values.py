"""Statistics of the values at one place of many bodies.

Libraries that infer JSON Schema keep only the types of values. To infer formats, enumerations, maps
and shared components, the frequencies of values are needed, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lockstep.drafting.forms import FORMATS, fitting, name_form

# Deeper values are ignored.
_DEEPEST = 40
# At most this many elements of an array, evenly spaced, and members of an object.
_MOST_ELEMENTS = 20_000
_MOST_MEMBERS = 1_000
_MOST_WORDS = 12
_LONGEST = 2_000
# Objects with at least this many members of the same type are maps; several objects that share few
# members need only the second number.
_MANY_KEYS = 60
_SOME_KEYS = 10
_SHARED = 0.34
_KEY = re.compile(r"\d{4}-\d{2}(?:-\d{2})?|[\da-fA-F]{8}-[\da-fA-F-]{27}|\d+")


@dataclass(slots=True)
class Texts:
    """Strings of one place: the formats that all match, and the distinct values while few."""

    formats: frozenset[str] = frozenset(FORMATS)
    words: Counter[str] | None = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Add a string."""
        if self.formats:
            self.formats = fitting(text, self.formats) if len(text) <= _LONGEST else frozenset()
        if self.words is not None:
            self.words[text[:_LONGEST]] += 1
            if len(self.words) > _MOST_WORDS:
                self.words = None

    def merge(self, other: Texts) -> None:
        """Add the strings of another place."""
        self.formats &= other.formats
        if self.words is not None and other.words is not None:
            self.words.update(other.words)
            if len(self.words) <= _MOST_WORDS:
                return
        self.words = None


@dataclass(slots=True)
class Values:
    """All values of one place, counted by JSON type; `members` and `items` are nested places.

    `is_cut`: values were ignored because they are nested too deeply.
    """

    counts: Counter[str] = field(default_factory=Counter)
    texts: Texts | None = None
    items: Values | None = None
    members: dict[str, Values] = field(default_factory=dict)
    others: Values | None = None
    is_cut: bool = False

    @property
    def count(self) -> int:
        """The number of values."""
        return self.counts.total()

    @property
    def types(self) -> frozenset[str]:
        """The JSON types of the values, except `null`."""
        return frozenset(name for name, count in self.counts.items() if count and name != "null")

    @property
    def is_map(self) -> bool:
        """Whether the objects are maps: the names of their members are data."""
        return self.others is not None or _is_map(self)

    def add(self, value: Any, depth: int = 0) -> None:
        """Add a JSON value."""
        if depth > _DEEPEST:
            self.is_cut = True
            return
        kind = _kind(value)
        self.counts[kind] += 1
        if kind == "string":
            self.texts = self.texts or Texts()
            self.texts.add(value)
        elif kind == "array":
            self.items = self.items or Values()
            for element in _spread(value):
                self.items.add(element, depth + 1)
        elif kind == "object":
            for name, member in value.items():
                self._member(name).add(member, depth + 1)

    def merge(self, other: Values) -> None:
        """Add all values of another place."""
        self.is_cut |= other.is_cut
        self.counts.update(other.counts)
        if other.texts is not None:
            self.texts = self.texts or Texts()
            self.texts.merge(other.texts)
        if other.items is not None:
            self.items = self.items or Values()
            self.items.merge(other.items)
        if other.others is not None:
            self._collapse().merge(other.others)
        for name, member in other.members.items():
            self._member(name).merge(member)

    def mapped(self) -> Values:
        """Return the values of all members of a map."""
        found = Values()
        for member in (*self.members.values(), *([self.others] if self.others else ())):
            found.merge(member)
        return found

    def walk(self) -> Iterator[Values]:
        """Yield this place and all nested places."""
        waiting = [self]
        while waiting:
            place = waiting.pop()
            yield place
            waiting += place.members.values()
            waiting += [each for each in (place.items, place.others) if each is not None]

    def _member(self, name: str) -> Values:
        if self.others is not None:
            return self.others
        if name not in self.members:
            if len(self.members) >= _MOST_MEMBERS:
                return self._collapse()
            self.members[name] = Values()
        return self.members[name]

    def _collapse(self) -> Values:
        """Discard the names of the members, as there are too many."""
        if self.others is None:
            self.others = self.mapped()
            self.members = {}
        return self.others


def merged(places: Iterable[Values]) -> Values:
    """Return the values of several places as one."""
    found = Values()
    for place in places:
        found.merge(place)
    return found


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "number"
        case list():
            return "array"
    return "object"


def _spread(elements: list[Any]) -> Iterable[Any]:
    if len(elements) <= _MOST_ELEMENTS:
        return elements
    return islice(elements, 0, None, -(-len(elements) // _MOST_ELEMENTS))


def _is_map(values: Values) -> bool:
    members = values.members
    if not members or not _is_alike(members.values()):
        return False
    if all(map(_is_key, members)):
        return True
    if len(members) >= _MANY_KEYS:
        return True
    objects = values.counts["object"]
    shared = sum(member.count for member in members.values()) / (len(members) * objects)
    return len(members) > _SOME_KEYS and objects > 2 and shared < _SHARED


def _is_alike(members: Iterable[Values]) -> bool:
    """Whether all members have the same type, and objects have at least half of their members."""
    types = {"number" if name == "integer" else name for each in members for name in each.types}
    if len(types) > 1:
        return False
    objects = [set(each.members) for each in members if each.members]
    common = set.intersection(*objects) if objects else set()
    return 2 * len(common) >= max(map(len, objects), default=0)


def _is_key(name: str) -> bool:
    return _KEY.fullmatch(name) is not None or name_form(name) in ("uuid", "email", "made")
