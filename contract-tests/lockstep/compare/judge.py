"""Decides whether two different values may correspond, without annotations."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from lockstep.compare.digests import DIGEST, Digests
from lockstep.compare.sent import Sent
from lockstep.inference.derived import is_derived, same_but_for_form, same_rule
from lockstep.inference.folders import FOLDER, folders
from lockstep.inference.forms import (
    digitless_by_chance,
    has_digit,
    is_plain_word,
    is_random,
    loosely_alike,
    other_encoding,
    same_cursor,
    same_form,
)
from lockstep.inference.links import Links
from lockstep.matching.clock import Clock
from lockstep.matching.timestamps import Instant, both, read_epoch, read_instant
from lockstep.matching.transaction import Transaction
from lockstep.openapi.naming import is_made_time, is_page_cursor, is_start_time
from lockstep.openapi.resource_types import ResourceTypes, Role
from lockstep.openapi.shapes import Path
from lockstep.transport.literals import same_in_other_notation
from lockstep.transport.reason_phrases import same_reason_phrase

SAME = ""
_PIECE = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)"
)
_INTEGER = re.compile(r"-?\d+")
_LOOSE = frozenset({"token", "cursor", "etag"})
_OPAQUE = frozenset({"token", "etag"})
_SHORTEST_OPAQUE = 6


@dataclass(slots=True)
class Judge:
    """Compares the values of one pair of responses, and records those that correspond.

    `request` holds the values sent in this exchange; `sent` holds the values that clients sent
    recently: these are never server-generated, whatever their format. `left` and `right` parse the
    links of the two servers. `count` records an attribute of a created resource, see
    `Counters.note`; it is `None` if the responses may belong to other requests. `makes` is the type
    of the resources that the exchange may have created or renamed, empty for a read. With
    `same_target` both responses are those of one server. Every method returns the kind of
    difference, or `SAME`; values are `made` if they belong to the created resource itself.
    """

    families: ResourceTypes
    learnt: Transaction
    clock: Clock
    request: Sent
    sent: Container[str]
    left: Links
    right: Links
    digests: Digests
    count: Callable[[str, str, str], bool] | None = None
    makes: str = ""
    same_target: bool = False

    def is_made(self, role: Role | None) -> bool:
        """Whether a role is that of an attribute of the resources that the exchange created."""
        return role is not None and bool(self.makes) and role.family.startswith(f"{self.makes}.")

    def is_counted(self, owner: str, name: str, path: Path, a: str, b: str) -> bool:
        """Whether a member is a number that both servers counted up, from different numbers on."""
        creates = self.count is not None and self.request.method == "POST" and self.makes == owner
        if a == b and not creates:
            return False
        kind = f"{owner}#{name}"
        if a != b and self.learnt.is_pair_of(kind, a, b):
            return True
        if self.count is None or not creates or is_of_element(path) or self.request.is_echo(a, b):
            return False
        if not self.count(kind, a, b):
            return False
        self.learnt.learn(kind, a, b, replace=True, inside=not a.isdigit())
        return True

    def equal(self, role: Role | None, value: str, *, made: bool = False) -> str:
        """Compare two equal texts: they may still identify different resources."""
        if role is None or not role.family or not value:
            return SAME
        if role.kind == "key" and made:
            echoed = self.request.is_echo_of(role.family, value, value)
            return SAME if echoed else self._made_key(role, value, value)
        if self.request.is_echo(value, value) or (role.kind == "key" and not has_digit(value)):
            # A value that the client sent does not prove a match.
            return SAME
        return self._pair(role, value, value)

    def strings(self, role: Role | None, name: str, a: str, b: str, *, made: bool = False) -> str:
        """Compare two different strings."""
        if made and role is not None and role.kind == "key":
            echoed = self.request.is_echo_of(role.family, a, b)
            return SAME if echoed else self._made_key(role, a, b)
        if self.request.is_echo(a, b) or same_reason_phrase(a, b):
            return SAME
        a, b = self.left.localised(a), self.right.localised(b)
        if a == b:
            return SAME
        links = self.left.read(a), self.right.read(b)
        if links[0] is not None and links[1] is not None:
            return self._links(a, b, made=made)
        if role is not None:
            return self._promised(role, name, a, b)
        return self._unpromised(name, a, b)

    def numbers(self, role: Role | None, name: str, owner: str, a: str, b: str) -> str:
        """Compare two different numbers, given as text."""
        if self.request.is_echo(a, b):
            return SAME
        whole = _INTEGER.fullmatch(a) is not None and _INTEGER.fullmatch(b) is not None
        if role is not None and role.family and whole:
            return self._pair(role, a, b)
        if role is not None and role.kind == DIGEST:
            return "value"
        if same_in_other_notation(a, b):
            return SAME
        instants = both(read_epoch, a, b)
        if instants is not None:
            made = role is not None and role.kind == "time"
            found = self._unless_start(name, instants, self._instants(*instants, made=made))
            if found == SAME and role is not None and role.kind == "time":
                # Clients send it to select by time.
                self.learnt.learn(role.kind, a, b, replace=True)
            return found
        if role is not None and role.kind == "elapsed":
            return SAME if whole and self.clock.close(a, b) else "value"
        # A member such as `author` may hold the id of an author.
        named = self.families.inside(name, owner) + ".id"
        return SAME if whole and self.learnt.is_pair_of(named, a, b) else "value"

    def text(self, a: str, b: str) -> str:
        """Compare two texts in natural language, word by word."""
        for one, other in folders(a, b):
            # Where a server is installed is not up to its code.
            if self.learnt.learn("folder", one, other) is None:
                a, b = a.replace(one, FOLDER), b.replace(other, FOLDER)
        ours, theirs = _PIECE.split(a), _PIECE.split(b)
        if len(ours) != len(theirs):
            return "value"
        pairs = zip(ours, theirs, strict=True)
        return SAME if all(x == y or self._piece(x, y) for x, y in pairs) else "value"

    def same_text(self, left: bytes, right: bytes) -> bool:
        """Whether two bodies are equivalent texts, word by word."""
        a, b = (body.decode("utf-8", "surrogateescape") for body in (left, right))
        a, b = self.left.localised(a), self.right.localised(b)
        return a == b or self.text(a, b) == SAME

    def instant_texts(self, a: str, b: str, *, made: bool) -> str:
        """Compare two timestamps, given as text; return `value` if either is not one."""
        instants = both(read_instant, a, b)
        if instants is None:
            return "value"
        found = self._instants(*instants, made=made)
        if found == SAME or self.clock.same_instant(a, b):
            self.learnt.learn_time(a, b)
            return SAME
        return found

    def _named_instants(self, name: str, a: str, b: str) -> str:
        """Compare two timestamps of a member, given as text."""
        if self.learnt.is_time(a, b):
            return SAME
        found = self.instant_texts(a, b, made=is_made_time(name))
        instants = both(read_instant, a, b)
        return found if instants is None else self._unless_start(name, instants, found)

    def _unless_start(self, name: str, instants: tuple[Instant, Instant], found: str) -> str:
        """Return how two instants differ; each server's own start is before the run."""
        is_start = found == "time" and is_start_time(name) and self.clock.precede_run(*instants)
        return SAME if is_start else found

    def _promised(self, role: Role, name: str, a: str, b: str) -> str:
        if role.kind == "time":
            found = self._named_instants(name, a, b)
            return found if found != "value" else self._unpromised(name, a, b)
        if role.kind == "cursor" and not is_page_cursor(name) and is_plain_word(a):
            # What comes next may be a state, too.
            return self._unpromised(name, a, b)
        if role.kind in _LOOSE:
            # Tokens and entity tags are opaque to clients (RFC 6750, section 2; RFC 9110, section
            # 8.8.3).
            opaque = role.kind in _OPAQUE and min(len(a), len(b)) >= _SHORTEST_OPAQUE
            opaque = opaque or (role.kind == "cursor" and same_cursor(a, b))
            # Each server may write its cursors in a way of its own: whether they lead to the same
            # page is seen when they are followed.
            opaque = opaque or (is_page_cursor(name) and other_encoding(a, b))
            if not (opaque or loosely_alike(a, b)):
                return "form" if is_random(a) and is_random(b) else self._unpromised(name, a, b)
            self.learnt.learn(role.kind, a, b, replace=True)
            return SAME
        if role.kind not in ("id", "key"):
            return self._unpromised(name, a, b)
        if role.kind == "key" and self.learnt.is_pair(a, b):
            return SAME
        if role.kind == "key" and (a in self.sent or b in self.sent):
            return "value"
        alike = same_form(a, b, named=role.kind == "id")
        if alike or (role.kind == "key" and same_rule(a, b)):
            return self._pair(role, a, b)
        if is_random(a) and is_random(b):
            return self._other_form(role, a, b)
        return "value" if role.kind == "key" else self._odd_ids(role, a, b)

    def _odd_ids(self, role: Role, a: str, b: str) -> str:
        made = all(has_digit(text) and " " not in text for text in (a, b))
        return self._other_form(role, a, b) if made else "value"

    def _other_form(self, role: Role, a: str, b: str) -> str:
        # Only the format differs; the two values still correspond.
        self._pair(role, a, b)
        return "form"

    def _made_key(self, role: Role, a: str, b: str) -> str:
        """Match two server-generated names of any format; report how their formation differs."""
        kind = self.kind(role, a)
        for named in self.request.named:
            if named.role.family == role.family and named.left != a and named.right != b:
                # The resource was renamed.
                self.learnt.release(self.kind(role, named.left), named.left)
        wrong = self.learnt.check(kind, a, b)
        self.learnt.learn(kind, a, b, replace=True, inside=kind == "id")
        texts = self.request.texts
        random = not is_derived((a, b), texts) and same_form(a, b, named=True)
        if a == b or random or same_rule(a, b, texts):
            return SAME if wrong is None else "symbol"
        return "form" if same_but_for_form(a, b, texts) else "value"

    def digest(
        self,
        role: Role | None,
        a: str,
        b: str,
        thing: tuple[str, str] | None = None,
        beside: Iterable[str] = (),
    ) -> str:
        """Compare two different digests; see `Digests.differ`."""
        if self.request.is_echo(a, b):
            return SAME
        differ = self.digests.differ(a, b, thing, beside)
        kind = self.kind(role, a) if role is not None and role.family else DIGEST
        self.learnt.learn(kind, a, b, replace=True)
        return "value" if differ else SAME

    def _unpromised(self, name: str, a: str, b: str) -> str:
        # Clients send times back that the servers have generated.
        if self.learnt.is_pair(a, b) or self.learnt.is_time(a, b):
            return SAME
        made = is_made_time(name)
        if not made and (a in self.sent or b in self.sent):
            return "value"
        found = self._named_instants(name, a, b)
        if found != "value":
            return found
        if is_random(a) and is_random(b):
            if not same_form(a, b):
                return "form" if self.text(a, b) else SAME
            return self._pair(Role("id"), a, b)
        if digitless_by_chance(a, b):
            return SAME if self.learnt.learn("id", a, b) is None else "symbol"
        return self.text(a, b)

    def kind(self, role: Role, value: str) -> str:
        """Return the kind under which a value is matched: long random values share one kind.

        Keys such as slugs may be equal to a text that a client sent, however long they are.
        """
        return "id" if is_random(value) and role.kind != "key" else role.family

    def _pair(self, role: Role, a: str, b: str) -> str:
        kind = self.kind(role, a)
        wrong = self.learnt.learn(kind, a, b, inside=kind == "id")
        return SAME if wrong is None else "symbol"

    def _links(self, a: str, b: str, *, made: bool) -> str:
        ours, theirs = self.left.read(a), self.right.read(b)
        if ours is None or theirs is None or ours.template != theirs.template:
            return "value"
        for one, other in zip(ours.named, theirs.named, strict=True):
            new = made and self.is_made(one.role)
            wrong = self._named(one.role, one.value, other.value, made=new)
            if wrong != SAME:
                return wrong
        if None not in (ours.is_whole, theirs.is_whole) and ours.is_whole != theirs.is_whole:
            # They lead to different places: one of the two omits the server's base path.
            return "value"
        return SAME if ours.query == theirs.query else self._queries(ours.query, theirs.query)

    def _queries(self, left: str, right: str) -> str:
        ours, theirs = (parse_qsl(query, keep_blank_values=True) for query in (left, right))
        if [name for name, _ in ours] != [name for name, _ in theirs]:
            return "value"
        for (name, a), (_, b) in zip(ours, theirs, strict=True):
            wrong = self._named(self.families.role(name, ""), a, b, name=name)
            if wrong != SAME:
                return wrong
        return SAME

    def _named(
        self, role: Role | None, a: str, b: str, *, name: str = "", made: bool = False
    ) -> str:
        if a == b:
            return self.equal(role, a, made=made)
        if _INTEGER.fullmatch(a) and _INTEGER.fullmatch(b):
            return self.numbers(role, name, "", a, b)
        return self.strings(role, name, a, b, made=made)

    def _instants(self, a: Instant, b: Instant, *, made: bool) -> str:
        if a.form != b.form:
            near = self.clock.near(a, b) or (self.clock.is_now(a) and self.clock.is_now(b))
            return "form" if near else "time"
        if not self.clock.near(a, b):
            return "time"
        if a.seconds == b.seconds or made:
            return SAME
        now = self.clock.is_now(a) and self.clock.is_now(b)
        return SAME if now or (self.clock.is_ahead(a) and self.clock.is_ahead(b)) else "time"

    def _piece(self, a: str, b: str) -> bool:
        if self.learnt.is_pair(a, b) or self.request.is_echo(a, b):
            return True
        if a in self.sent or b in self.sent:
            return False
        if self.instant_texts(a, b, made=False) == SAME:
            return True
        if not (is_random(a) and is_random(b) and same_form(a, b)):
            return False
        return self.learnt.learn("id", a, b) is None


def is_of_element(path: Path) -> bool:
    """Whether a value belongs to an element of a list, not to the resource itself."""
    return any(isinstance(part, int) for part in path)
