"""Compares the calls that two targets made to other services for one request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.compare.allowed import Allowed
from lockstep.compare.inferred_policy import InferredPolicy
from lockstep.compare.judge import SAME, Judge
from lockstep.compare.walker import Place, Walker
from lockstep.effects.calls.call import Answer, Call, is_identifier, numbered
from lockstep.effects.calls.likeness import counterparts
from lockstep.effects.comparer import Compared
from lockstep.effects.judges import Judges
from lockstep.inference.forms import claims_of, is_random
from lockstep.matching.bijection import Bijection
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference
from lockstep.openapi.document import Document
from lockstep.openapi.naming import noun
from lockstep.transport.json_bodies import json_of, scalars
from lockstep.transport.literals import Number, Object, show
from lockstep.transport.messages import Headers, Request
from lockstep.transport.streams import bare

# Header fields that HTTP client libraries add by themselves, each library its own.
_OF_THE_LIBRARY = re.compile(
    r"host|user-agent|accept|accept-encoding|accept-charset|content-length|date|expect|pragma"
    r"|cache-control|priority|sec-.*|traceparent|tracestate|baggage|b3|x-b3-.*|via|forwarded"
    r"|x-forwarded-.*|upgrade-insecure-requests"
)
_MASK = "***"
_SECRET = re.compile(r"authorization|cookie|token|secret|key|password|signature", re.IGNORECASE)
# Header fields that are named for a secret but hold an identifier of one call.
_OPEN = re.compile(r"idempotency|request|correlation", re.IGNORECASE)
_SCHEME = re.compile(r"([A-Za-z][\w-]*) +\S")
_KEPT = 20_000
# JSON that differs in these only has the same meaning.
_SAID_ALIKE = frozenset({"order", "bytes"})
_ABSENT = "absent"


@dataclass(slots=True)
class CallComparer:
    """Compares the calls of a leader with those of one partner, request by request.

    `answers` has the values matched by responses, `beside` those matched by rows and calls.
    `same_target` is true if the two sides are one target, called twice; `renamed` then maps texts
    of the second time to those of the first.
    """

    document: Document
    clock: Clock
    answers: Bijection
    beside: Bijection = field(default_factory=Bijection)
    same_target: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)
    _judges: Judges = field(init=False)

    def __post_init__(self) -> None:
        known = self.answers, self.beside, self.same_target
        self._judges = Judges(self.document, self.clock, *known)

    def images(self, text: str) -> set[str]:
        """Return the partner's values that a value of the leader is known to correspond to."""
        return self.answers.images(text) | self.beside.images(text)

    def note_given(self, answer: Answer) -> None:
        """Match the random values of a response that both sides got, as they are equal on both."""
        for text in scalars(json_of(answer.body)):
            if is_random(text):
                self.beside.learn("id", text, text)

    def compare(
        self, requests: tuple[Request, Request], left: Sequence[Call], right: Sequence[Call]
    ) -> Compared:
        """Return the differences between the calls, whose order is ignored."""
        if not (left or right):
            return Compared([])
        right = [self._renamed(call) for call in right]
        judge, learnt = self._judges.judge(requests)
        pairs = counterparts(left, right, self.images)
        calls = [_Pair(left[one], right[other], judge) for one, other in pairs]
        for each in calls:
            # First pass to learn identifiers: a value may refer to a later member, or to another
            # call.
            list(each.differences())
        found = [*_counted(left, right, pairs)]
        for each in calls:
            found += each.differences()
        return Compared(list(_once(found)), learnt.confirm)

    def _renamed(self, call: Call) -> Call:
        if not self.renamed:
            return call
        body = call.body
        url, headers = self._text(call.url), call.headers
        for text, other in self.renamed.items():
            body = body.replace(text.encode(), other.encode())
        renamed = tuple((name, self._text(value)) for name, value in headers)
        return replace(call, url=url, headers=renamed, body=body)

    def _text(self, text: str) -> str:
        for known, other in self.renamed.items():
            text = text.replace(known, other)
        return text


def _counted(
    left: Sequence[Call], right: Sequence[Call], pairs: Sequence[tuple[int, int]]
) -> Iterator[Difference]:
    """Yield the differences in number by place, for calls without a counterpart."""
    alone = [call for at, call in enumerate(left) if at not in {one for one, _ in pairs}]
    alone += [call for at, call in enumerate(right) if at not in {other for _, other in pairs}]
    counts = [Counter(call.place for call in side) for side in (left, right)]
    for place in dict.fromkeys(call.place for call in alone):
        ours, theirs = (numbered(count[place]) for count in counts)
        yield Difference("calls", f"calls {place}", ours, theirs)


def _once(differences: Iterable[Difference]) -> Iterator[Difference]:
    seen = set[tuple[str, str]]()
    for one in differences:
        if (one.kind, one.where) not in seen:
            seen.add((one.kind, one.where))
            yield one


class _CallPolicy(InferredPolicy):
    """Judges a payload member by member: a message is not an entity with an identifier."""

    def enter(self, left: Object, right: Object, place: Place) -> Place:
        """Return the place with the two objects around it."""
        return Place(place.path, place.shape, place.owner, place.thing, (left, right))


@dataclass(slots=True)
class _Pair:
    """A pair of corresponding calls."""

    left: Call
    right: Call
    judge: Judge

    def differences(self) -> Iterator[Difference]:
        yield from self._url()
        yield from self._values(self.left.query, self.right.query, "query")
        yield from self._headers()
        if any(each.body or each.whole is not None for each in (self.left, self.right)):
            contents = self.left.content, self.right.content
            if bare(self.left.header("content-type")) != bare(self.right.header("content-type")):
                # A form has no numbers; the difference in media type is reported for the header.
                contents = _as_texts(contents[0]), _as_texts(contents[1])
            yield from self._values(*contents, "body")

    def _url(self) -> Iterator[Difference]:
        sides = [
            f"{each.method} {each.origin}/{'/'.join(each.segments)}"
            for each in (self.left, self.right)
        ]
        ours, theirs = self.left.segments, self.right.segments
        same = self.left.method == self.right.method and self.left.origin == self.right.origin
        if not same or len(ours) != len(theirs):
            yield self._at("url", "url", *sides)
            return
        kinds = {self._segment(a, b) for a, b in zip(ours, theirs, strict=True)} - {SAME}
        if kinds:
            yield self._at(kinds.pop() if kinds == {"symbol"} else "url", "url", *sides)

    def _segment(self, a: str, b: str) -> str:
        learnt = self.judge.learnt
        if not (is_identifier(a) and is_identifier(b)):
            return SAME if a == b else "url"
        if learnt.is_pair(a, b):
            return SAME
        kind = f"{self.left.place} of a call"
        if a != b and not (a.isdigit() and b.isdigit()):
            return self.judge.strings(None, "id", a, b)
        return SAME if learnt.learn(kind, a, b, inside=False) is None else "symbol"

    def _values(self, left: Any, right: Any, part: str) -> Iterator[Difference]:
        walker = Walker(_CallPolicy(self.judge), Allowed())
        owner = next((s for s in reversed(self.left.segments) if s and not is_identifier(s)), "")
        walker.compare(left, right, Place(owner=self.judge.families.of(noun(owner))))
        for one in walker.differences:
            if one.kind not in _SAID_ALIKE and not _same_number(one):
                where = one.where.removeprefix("body").strip()
                yield self._at(one.kind, f"{part} {where}".strip(), one.left, one.right)

    def _headers(self) -> Iterator[Difference]:
        ours = _application_headers(self.left.headers)
        theirs = _application_headers(self.right.headers)
        for name in dict.fromkeys((*ours, *theirs)):
            a, b = ours.get(name), theirs.get(name)
            if a is None or b is None:
                kind = "extra" if a is None else "missing"
                shown = [_shown(name, text) if text is not None else _ABSENT for text in (a, b)]
                yield self._at(kind, f"header {name}", *shown)
            elif a != b:
                yield from self._header(name, a, b)

    def _header(self, name: str, a: str, b: str) -> Iterator[Difference]:
        if name == "content-type":
            if bare(a) != bare(b):
                yield self._at("value", f"header {name}", bare(a), bare(b))
        elif _is_secret(name):
            shown = _shown(name, a), _shown(name, b)
            tokens = [text.rpartition(" ")[2] for text in (a, b)]
            made = None not in map(claims_of, tokens)
            if shown[0] != shown[1]:
                yield self._at("value", f"header {name}", *shown)
            elif not made and not self.judge.learnt.is_pair(*tokens):
                yield self._at("value", f"header {name}", shown[0], f"{shown[1]} (another)")
        else:
            role = self.judge.families.role(name, "")
            kind = self.judge.strings(role, name, a, b)
            if kind != SAME:
                yield self._at(kind, f"header {name}", show(a), show(b))

    def _at(self, kind: str, part: str, left: str, right: str) -> Difference:
        return Difference(kind, f"calls {self.left.place} {part}", left, right)


def _as_texts(node: Any) -> Any:
    """Return a value with its scalars as a form would encode them."""
    if isinstance(node, Object):
        return Object([(name, _as_texts(member)) for name, member in node.items()])
    if isinstance(node, list):
        return list(map(_as_texts, node))
    return node.text if isinstance(node, Number) else node if isinstance(node, str) else show(node)


def _application_headers(headers: Headers) -> dict[str, str]:
    """Return the header fields set by the application, in lower case; repeated ones are joined."""
    found: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if _OF_THE_LIBRARY.fullmatch(lower) or (lower == "accept-language" and value == "*"):
            continue
        found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found


def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None and _OPEN.search(name) is None


def _shown(name: str, value: str) -> str:
    """Return a header value with its secrets masked; the scheme of credentials stays."""
    if not _is_secret(name):
        return show(value)
    if name == "cookie":
        return "; ".join(f"{pair.partition('=')[0].strip()}={_MASK}" for pair in value.split(";"))
    scheme = _SCHEME.match(value)
    return f"{scheme[1]} {_MASK}" if scheme else _MASK


def _same_number(one: Difference) -> bool:
    """Whether two values are the same number in two notations, as `12.50` and `12.5`."""
    if one.kind not in ("value", "form"):
        return False
    try:
        return float(one.left) == float(one.right)
    except ValueError:
        return False
