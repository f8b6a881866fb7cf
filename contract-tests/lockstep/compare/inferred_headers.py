"""Compares header fields by their names and formats."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockstep.compare.cookies import compare_cookies
from lockstep.compare.judge import SAME, Judge
from lockstep.inference.digests import is_digest_of, same_sort
from lockstep.matching.difference import Difference
from lockstep.openapi.naming import is_digest, kind_of, words
from lockstep.openapi.resource_types import Role
from lockstep.transport.messages import Response

# Lists whose order and case have no meaning (RFC 9110: 8.5, 10.2.1, 12.5.5, 14.3; RFC 9111, 5.2;
# RFC 5789, 3.1; RFC 6797, 6.1; Fetch, 3.2).
_SETS = re.compile(
    r"allow|vary|cache-control|pragma|content-language|accept-(ranges|patch|post)"
    r"|access-control-(allow|expose)-(methods|headers)|strict-transport-security"
)
_MEDIA_TYPES = re.compile(r"content-type|accept|accept-(patch|post)|content-disposition")
_JSON = re.compile(r"application/(?:[\w.!#$&^-]+\+)?json", re.IGNORECASE)
_TAG = re.compile(r'(W/)?"(.*)"')
_LINKS = frozenset({"location", "content-location", "link", "refresh"})
# Durations, and the remaining rate limit: they differ by nature, except in their format.
_MEASURED = re.compile(r"age|server-timing|.*(runtime|response-time|duration|elapsed|took).*")
_LIMITS = re.compile(r"(x-)?ratelimit.*|x-rate-limit.*|retry-after")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
# Responses that end with their header section (RFC 9110: 15.3.5, 15.3.6, 15.4.5).
_WITHOUT_CONTENT = frozenset({204, 205, 304})
# A server generates these parts of a challenge anew each time (RFC 7616, 3.3 and 3.5).
_CHALLENGES = re.compile(r"(www|proxy)-authenticate|(proxy-)?authentication-info")
_MADE = re.compile(r"\b((?:next|c)?nonce|opaque|rspauth|nc)=(?:\"[^\"]*\"|[^\s,]+)", re.IGNORECASE)
# Parts between separators outside quotes and angle brackets.
_LISTED = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<]|["<])+')
_PARAMETERS = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^;"]|")+')


class InferredHeaderPolicy:
    """Compares the header fields of two responses through a judge, which records their values."""

    def __init__(self, judge: Judge, left: Response, right: Response) -> None:
        self._judge = judge
        self._bodies = left.body, right.body

    def same(self, name: str, left: list[str], right: list[str]) -> bool:
        """Whether the values of a header field that both sides sent correspond."""
        if left == right and not is_digest(name):
            return True
        if _SETS.fullmatch(name):
            return _directives(left) == _directives(right)
        if name == "link":
            left, right = (sorted(_members(side), key=_relation) for side in (left, right))
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(self._same(name, *pair) for pair in pairs)

    def cookies(self, left: list[str], right: list[str]) -> Iterator[Difference]:
        """Yield the differences between cookies, by attribute."""
        named = self._judge.left.localised_name, self._judge.right.localised_name
        return compare_cookies(left, right, self._judge.clock, self._same_cookie, named)

    def is_idle(self, name: str, status: int) -> bool:
        """Whether a field is the type of a content that there is not (RFC 9110, section 15.3.5)."""
        return name == "content-type" and status in _WITHOUT_CONTENT

    def _same(self, name: str, a: str, b: str) -> bool:
        if is_digest(name):
            return self._digests(a, b)
        if a == b:
            return True
        if _MEDIA_TYPES.fullmatch(name) and _media_types(a) == _media_types(b):
            return True
        if _MEASURED.fullmatch(name):
            return _NUMBER.sub("#", a) == _NUMBER.sub("#", b)
        if _LIMITS.fullmatch(name):
            return self._judge.clock.close_text(a, b)
        if _CHALLENGES.fullmatch(name):
            return _MADE.sub(r"\1=#", a) == _MADE.sub(r"\1=#", b)
        if name == "etag":
            return self._tags(a, b)
        if name in _LINKS:
            return self._links(a, b)
        if kind_of(name) == "id":
            # The id of a request or a trace is unique and never used again.
            return self._judge.strings(Role("id", "request.id"), name, a, b) in (SAME, "symbol")
        role = Role("token") if kind_of(name) == "token" else None
        return self._judge.strings(role, name, a, b) == SAME

    def _tags(self, a: str, b: str) -> bool:
        ours, theirs = _TAG.fullmatch(a), _TAG.fullmatch(b)
        if ours is None or theirs is None or ours.group(1) != theirs.group(1):
            return False
        # An entity tag is derived from a body with generated values: it may change on one side
        # alone.
        return self._judge.strings(Role("etag"), "etag", ours.group(2), theirs.group(2)) == SAME

    def _digests(self, a: str, b: str) -> bool:
        """Whether two digests may both be right: they differ only because the bodies do."""
        follow = is_digest_of(a, self._bodies[0]), is_digest_of(b, self._bodies[1])
        if follow[0] != follow[1] or not same_sort(a, b):
            return False
        return a == b or self._bodies[0] != self._bodies[1]

    def _links(self, a: str, b: str) -> bool:
        if a.count("<") == 0:
            return self._judge.strings(None, "location", a, b, made=True) == SAME
        ours, theirs = (re.split(r"<([^>]*)>", value) for value in (a, b))
        if len(ours) != len(theirs):
            return False
        pairs = zip(ours, theirs, strict=True)
        return all(x == y or self._judge.strings(None, "link", x, y) == SAME for x, y in pairs)

    def _same_cookie(self, name: str, a: str, b: str) -> bool:
        kind = Role("token") if kind_of(name) in (None, "token", "id") else None
        return self._judge.strings(kind, " ".join(words(name)), a, b) == SAME


def _members(values: list[str]) -> list[str]:
    """Split a list into its members, across several field lines (RFC 9110, section 5.3)."""
    found = (part.strip() for value in values for part in _LISTED.findall(value))
    return [part for part in found if part]


def _directives(values: list[str]) -> set[str]:
    """Return directives separated by commas or semicolons, normalised."""
    parts = (part for member in _members(values) for part in _PARAMETERS.findall(member))
    return {re.sub(r"\s*=\s*", "=", part.strip().lower()).replace('"', "") for part in parts}


def _media_types(value: str) -> list[tuple[str, ...]]:
    return [_media_type(member) for member in _members([value])]


def _media_type(value: str) -> tuple[str, ...]:
    """Return a media type and its parameters, normalised (RFC 9110, section 8.3.1)."""
    first, *parameters = (part.strip() for part in _PARAMETERS.findall(value))
    found = sorted(map(_parameter, filter(None, parameters)))
    if _JSON.fullmatch(first):
        # JSON is UTF-8; the parameter has no effect (RFC 8259, sections 8.1 and 11).
        found = [parameter for parameter in found if parameter != "charset=utf-8"]
    return first.lower(), *found


def _parameter(text: str) -> str:
    name, _, value = (part.strip() for part in text.partition("="))
    plain = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    name = name.lower()
    return f"{name}={plain.lower() if name == 'charset' else plain}"


def _relation(link: str) -> str:
    """Return a link without its URL."""
    return re.sub(r"<[^>]*>", "", link)
