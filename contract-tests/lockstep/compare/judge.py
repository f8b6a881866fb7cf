"""Decides whether two values that differ may stand for one another, without annotations."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from lockstep.inference.forms import has_digit, is_random, loosely_alike, same_form, same_slug
from lockstep.inference.links import Links
from lockstep.matching.clock import Clock
from lockstep.matching.timestamps import Instant, both, read_epoch, read_instant
from lockstep.matching.transaction import Transaction
from lockstep.openapi.naming import is_made_time
from lockstep.openapi.resource_types import ResourceTypes, Role

SAME = ""
_PIECE = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)"
)
_INTEGER = re.compile(r"-?\d+")
_LOOSE = frozenset({"token", "cursor", "etag"})


@dataclass(slots=True)
class Judge:
    """Judges the values of one pair of answers, and learns from them into a draft.

    `echo` maps what the leader was sent in this exchange to what the partner was sent in its place;
    `sent` holds what clients sent lately: no server made that, whatever it looks like. `left`
    and `right` read the links of the two servers. Every method returns the kind of difference, or
    `SAME`.
    """

    families: ResourceTypes
    draft: Transaction
    clock: Clock
    echo: Mapping[str, frozenset[str]]
    sent: Container[str]
    left: Links
    right: Links

    def equal(self, role: Role | None, value: str) -> str:
        """Judge two values that are the same text: they may still name different things."""
        if role is None or not role.family or value in self.echo.get(value, ()) or not value:
            # What the client sent teaches nothing.
            return SAME
        if role.kind == "key" and not has_digit(value):
            return SAME
        return self._pair(role, value, value)

    def strings(self, role: Role | None, name: str, a: str, b: str) -> str:
        """Judge two strings that differ."""
        if self._is_echo(a, b):
            return SAME
        a, b = self.left.localised(a), self.right.localised(b)
        if a == b:
            return SAME
        links = self.left.read(a), self.right.read(b)
        if links[0] is not None and links[1] is not None:
            return self._links(a, b)
        if role is not None:
            return self._promised(role, name, a, b)
        return self._unpromised(name, a, b)

    def numbers(self, role: Role | None, name: str, owner: str, a: str, b: str) -> str:
        """Judge two numbers, given by their text, that differ."""
        if self._is_echo(a, b):
            return SAME
        whole = _INTEGER.fullmatch(a) is not None and _INTEGER.fullmatch(b) is not None
        if role is not None and role.family and whole:
            return self._pair(role, a, b)
        instants = both(read_epoch, a, b)
        if instants is not None:
            return self._instants(*instants, made=role is not None and role.kind == "time")
        if role is not None and role.kind == "elapsed":
            return SAME if whole and self.clock.close(a, b) else "value"
        # A member such as `author` may hold the id of one.
        named = self.families.inside(name, owner) + ".id"
        return SAME if whole and self.draft.is_pair_of(named, a, b) else "value"

    def text(self, a: str, b: str) -> str:
        """Judge two texts for people, word by word."""
        ours, theirs = _PIECE.split(a), _PIECE.split(b)
        if len(ours) != len(theirs):
            return "value"
        pairs = zip(ours, theirs, strict=True)
        return SAME if all(x == y or self._piece(x, y) for x, y in pairs) else "value"

    def instant_texts(self, a: str, b: str, *, made: bool) -> str:
        """Judge two instants, given by their text; `value` where one is none."""
        instants = both(read_instant, a, b)
        if instants is None:
            return "value"
        found = self._instants(*instants, made=made)
        if found == SAME or self.clock.same_instant(a, b):
            self.draft.learn_time(a, b)
            return SAME
        return found

    def _promised(self, role: Role, name: str, a: str, b: str) -> str:
        if role.kind == "time":
            found = self.instant_texts(a, b, made=is_made_time(name))
            return found if found != "value" else self._unpromised(name, a, b)
        if role.kind in _LOOSE:
            if not loosely_alike(a, b):
                return "form" if is_random(a) and is_random(b) else self._unpromised(name, a, b)
            wrong = self.draft.learn(role.kind, a, b, replace=role.kind != "token")
            return SAME if wrong is None else "symbol"
        if role.kind not in ("id", "key"):
            return self._unpromised(name, a, b)
        if role.kind == "key" and (a in self.sent or b in self.sent):
            return SAME if self.draft.is_pair(a, b) else "value"
        alike = same_form(a, b, named=role.kind == "id")
        if alike or (role.kind == "key" and same_slug(a, b)):
            return self._pair(role, a, b)
        if is_random(a) and is_random(b):
            return self._other_form(role, a, b)
        return "value" if role.kind == "key" else self._odd_ids(role, a, b)

    def _odd_ids(self, role: Role, a: str, b: str) -> str:
        made = all(has_digit(text) and " " not in text for text in (a, b))
        return self._other_form(role, a, b) if made else "value"

    def _other_form(self, role: Role, a: str, b: str) -> str:
        # The form is the difference; the two stand for one another all the same.
        self._pair(role, a, b)
        return "form"

    def _unpromised(self, name: str, a: str, b: str) -> str:
        if self.draft.is_pair(a, b):
            return SAME
        made = is_made_time(name)
        if not made and (a in self.sent or b in self.sent):
            return "value"
        found = self.instant_texts(a, b, made=made)
        if found != "value":
            return found
        if is_random(a) and is_random(b):
            if not same_form(a, b):
                return "form" if self.text(a, b) else SAME
            return self._pair(Role("id"), a, b)
        return self.text(a, b)

    def kind(self, role: Role, value: str) -> str:
        """The kind under which a value is matched: long random ones are like no others."""
        return "id" if is_random(value) else role.family

    def _pair(self, role: Role, a: str, b: str) -> str:
        kind = self.kind(role, a)
        wrong = self.draft.learn(kind, a, b, inside=kind == "id")
        return SAME if wrong is None else "symbol"

    def _links(self, a: str, b: str) -> str:
        ours, theirs = self.left.read(a), self.right.read(b)
        if ours is None or theirs is None or ours.template != theirs.template:
            return "value"
        for one, other in zip(ours.named, theirs.named, strict=True):
            wrong = self._named(one.role, one.value, other.value)
            if wrong != SAME:
                return wrong
        return SAME if ours.query == theirs.query else self._queries(ours.query, theirs.query)

    def _queries(self, left: str, right: str) -> str:
        ours, theirs = (parse_qsl(query, keep_blank_values=True) for query in (left, right))
        if [name for name, _ in ours] != [name for name, _ in theirs]:
            return "value"
        for (name, a), (_, b) in zip(ours, theirs, strict=True):
            wrong = self._named(self.families.role(name, ""), a, b, name)
            if wrong != SAME:
                return wrong
        return SAME

    def _named(self, role: Role | None, a: str, b: str, name: str = "") -> str:
        if a == b:
            return self.equal(role, a)
        whole = _INTEGER.fullmatch(a) is not None and _INTEGER.fullmatch(b) is not None
        return self.numbers(role, name, "", a, b) if whole else self.strings(role, name, a, b)

    def _is_echo(self, a: str, b: str) -> bool:
        return b in self.echo.get(a, ())

    def _instants(self, a: Instant, b: Instant, *, made: bool) -> str:
        if a.form != b.form:
            near = self.clock.near(a, b) or (self.clock.is_now(a) and self.clock.is_now(b))
            return "form" if near else "time"
        if not self.clock.near(a, b):
            return "time"
        if a.seconds == b.seconds or made:
            return SAME
        return SAME if self.clock.is_now(a) and self.clock.is_now(b) else "time"

    def _piece(self, a: str, b: str) -> bool:
        if self.draft.is_pair(a, b) or self._is_echo(a, b):
            return True
        if a in self.sent or b in self.sent:
            return False
        if self.instant_texts(a, b, made=False) == SAME:
            return True
        if not (is_random(a) and is_random(b) and same_form(a, b)):
            return False
        return self.draft.learn("id", a, b) is None
