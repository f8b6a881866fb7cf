"""Compares headers of a document without annotations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockstep.compare.cookies import compare_cookies
from lockstep.compare.headers import by_name, length_difference, shown
from lockstep.compare.judge import SAME, Judge
from lockstep.matching.difference import Difference
from lockstep.openapi.naming import kind_of, words
from lockstep.openapi.resource_types import Role
from lockstep.transport.messages import Response

# Lists in which the order says nothing (RFC 9110: 10.2.1, 12.5.5, 14.3; Fetch, 3.2).
_UNORDERED = re.compile(r"allow|vary|accept-ranges|access-control-(allow|expose)-(methods|headers)")
_TAG = re.compile(r'(W/)?"(.*)"')
_LINKS = frozenset({"location", "content-location", "link", "refresh"})
# How long it took, and what is left of a limit: different by nature, the form aside.
_MEASURED = re.compile(r"age|server-timing|.*(runtime|response-time|duration|elapsed|took).*")
_LIMITS = re.compile(r"(x-)?ratelimit.*|x-rate-limit.*|retry-after")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class InferringHeaderComparer:
    """Compares the headers of two answers by what their names and forms say."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def compare(self, left: Response, right: Response) -> Iterator[Difference]:
        """Every header that differs; cookies by attribute."""
        ours, theirs = by_name(left.headers), by_name(right.headers)
        for name in sorted(ours.keys() | theirs.keys()):
            mine, other = ours.get(name, []), theirs.get(name, [])
            if name == "set-cookie":
                yield from compare_cookies(mine, other, self._judge.clock, self._same_cookie)
                continue
            pairs = zip(mine, other, strict=False)
            if len(mine) != len(other) or not all(self._same(name, *pair) for pair in pairs):
                yield Difference("header", f"header {name}", shown(mine), shown(other))
        yield from length_difference(left, right)

    def _same(self, name: str, a: str, b: str) -> bool:
        if a == b:
            return True
        if _UNORDERED.fullmatch(name):
            return _members(a) == _members(b)
        if _MEASURED.fullmatch(name):
            return _NUMBER.sub("#", a) == _NUMBER.sub("#", b)
        if _LIMITS.fullmatch(name):
            return self._judge.clock.close_text(a, b)
        if name == "etag":
            return self._tags(a, b)
        if name in _LINKS:
            return self._links(a, b)
        if kind_of(name) == "id":
            # The id of a request or a trace: each has its own, and none is ever named again.
            return self._judge.strings(Role("id", "request.id"), name, a, b) in (SAME, "symbol")
        role = Role("token") if kind_of(name) == "token" else None
        return self._judge.strings(role, name, a, b) == SAME

    def _tags(self, a: str, b: str) -> bool:
        ours, theirs = _TAG.fullmatch(a), _TAG.fullmatch(b)
        if ours is None or theirs is None or ours.group(1) != theirs.group(1):
            return False
        # A tag follows from a body in which server-made values stand: it may change on its own.
        return self._judge.strings(Role("etag"), "etag", ours.group(2), theirs.group(2)) == SAME

    def _links(self, a: str, b: str) -> bool:
        if a.count("<") == 0:
            return self._judge.strings(None, "location", a, b) == SAME
        ours, theirs = (re.split(r"<([^>]*)>", value) for value in (a, b))
        if len(ours) != len(theirs):
            return False
        pairs = zip(ours, theirs, strict=True)
        return all(x == y or self._judge.strings(None, "link", x, y) == SAME for x, y in pairs)

    def _same_cookie(self, name: str, a: str, b: str) -> bool:
        kind = Role("token") if kind_of(name) in (None, "token", "id") else None
        return self._judge.strings(kind, " ".join(words(name)), a, b) == SAME


def _members(value: str) -> list[str]:
    return sorted(part.strip().lower() for part in value.split(","))
