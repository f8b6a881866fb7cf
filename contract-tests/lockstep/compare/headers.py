"""Compares header names and values; a policy judges the values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from lockstep.compare.header_members import HeaderMembers
from lockstep.compare.server_headers import SERVER_HEADERS
from lockstep.matching.difference import Difference
from lockstep.transport.messages import Headers, Response

# Made by the server's own stack, or how a body is framed, which is no part of the message.
IGNORED = frozenset({*SERVER_HEADERS, "content-length", "transfer-encoding"})
_MULTIPART = re.compile(r"\s*multipart/", re.IGNORECASE)
_BOUNDARY = re.compile(r'\s*;\s*boundary\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)', re.IGNORECASE)


class HeaderPolicy(Protocol):
    """Judges the values of headers."""

    def same(self, name: str, left: list[str], right: list[str]) -> bool:
        """Whether the values of a header stand for one another; both sides have it."""
        ...

    def cookies(self, left: list[str], right: list[str]) -> Iterator[Difference] | None:
        """Where cookies differ; `None` if they are compared as any other header."""
        ...


class HeaderComparer:
    """Compares the headers of two answers by a policy."""

    def __init__(self, policy: HeaderPolicy, members: HeaderMembers) -> None:
        self._policy = policy
        self._members = members

    def compare(self, left: Response, right: Response) -> Iterator[Difference]:
        """Every header that differs.

        `Content-Length` counts only where both bodies are equal byte for byte; in the answer to a
        `HEAD`, where it tells of a body that is not sent, only that there is one.
        """
        ours, theirs = _by_name(left.headers), _by_name(right.headers)
        structured = dict(self._members.compare(left, right))
        for name in sorted(ours.keys() | theirs.keys()):
            mine, other = ours.get(name, []), theirs.get(name, [])
            if name in structured:
                # What is a set of words to HTTP, whatever the document says, may be equal still.
                same = structured[name] and self._policy.same(name, mine, other)
                yield from () if same else structured[name]
                continue
            cookies = self._policy.cookies(mine, other) if name == "set-cookie" else None
            if name == "content-type":
                mine, other = _without_boundary(mine), _without_boundary(other)
            if cookies is not None:
                yield from cookies
            elif not (mine and other and self._policy.same(name, mine, other)):
                yield Difference("header", f"header {name}", _shown(mine), _shown(other))
        yield from _length_difference(left, right)


def _by_name(headers: Headers) -> dict[str, list[str]]:
    """The headers that are compared: their values in order, by lower-cased name."""
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        if name.lower() not in IGNORED:
            grouped.setdefault(name.lower(), []).append(value)
    return grouped


def _without_boundary(values: list[str]) -> list[str]:
    """Media types without what only parts the parts of a body from each other."""
    return [_BOUNDARY.sub("", value) if _MULTIPART.match(value) else value for value in values]


def _shown(values: list[str]) -> str:
    return ", ".join(values) if values else "absent"


def _length_difference(left: Response, right: Response) -> Iterator[Difference]:
    """A `Content-Length` that differs although the bodies are equal byte for byte."""
    ours, theirs = left.header("content-length"), right.header("content-length")
    if ours is None or theirs is None or (left.body, left.whole) != (right.body, right.whole):
        return
    if ours != theirs and (left.body or "0" in (ours, theirs)):
        yield Difference("header", "header content-length", ours, theirs)
