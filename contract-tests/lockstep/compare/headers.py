"""Compares header names and values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lockstep.matching.bijection import Bijection
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference
from lockstep.openapi.shapes import Shape
from lockstep.transport.messages import Headers, Response

# Hop-by-hop (RFC 9110, 7.6.1), or made by the server's own stack.
IGNORED = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
)
_VALUE = re.compile(r"[A-Za-z0-9_.\-]{16,}")


class HeaderComparer:
    """Compares the headers of two answers; annotated ones are matched by their kind.

    With `drifts` an entity tag may change on one side alone: the last one then counts.
    """

    def __init__(
        self, shapes: Mapping[str, Shape], bijection: Bijection, clock: Clock, drifts: bool
    ) -> None:
        self._shapes = shapes
        self._bijection = bijection
        self._clock = clock
        self._drifts = drifts

    def compare(self, left: Response, right: Response) -> Iterator[Difference]:
        """Every header that differs.

        `Content-Length` counts only where both bodies are equal to the byte.
        """
        ours, theirs = by_name(left.headers), by_name(right.headers)
        for name in sorted(ours.keys() | theirs.keys()):
            mine, other = ours.get(name, []), theirs.get(name, [])
            pairs = zip(mine, other, strict=False)
            if len(mine) != len(other) or not all(self._same(name, *pair) for pair in pairs):
                yield Difference("header", f"header {name}", shown(mine), shown(other))
        yield from length_difference(left, right)

    def _same(self, name: str, a: str, b: str) -> bool:
        shape = self._shapes.get(name)
        if shape is None or shape.kind is None:
            return a == b or self._bijection.translate(a) == b
        if shape.kind == "elapsed":
            return self._clock.close_text(a, b)
        if shape.kind == "time":
            return self._clock.same_instant(a, b)
        return shape.accepts(a) and shape.accepts(b) and self._match(shape.kind, a, b)

    def _match(self, kind: str, a: str, b: str) -> bool:
        """Match the values inside two header values whose other text is equal."""
        if _VALUE.sub("", a) != _VALUE.sub("", b):
            return False
        replace = self._drifts and kind == "etag"
        pairs = zip(_VALUE.findall(a), _VALUE.findall(b), strict=True)
        learnt = (self._bijection.learn(kind, *pair, replace=replace) for pair in pairs)
        return all(mismatch is None for mismatch in learnt)


def by_name(headers: Headers) -> dict[str, list[str]]:
    """The headers that are compared: their values in order, by lower-cased name."""
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        if name.lower() not in IGNORED:
            grouped.setdefault(name.lower(), []).append(value)
    return grouped


def shown(values: list[str]) -> str:
    """The values of a header for people."""
    return ", ".join(values) if values else "absent"


def length_difference(left: Response, right: Response) -> Iterator[Difference]:
    """A `Content-Length` that differs although the bodies are equal to the byte."""
    ours, theirs = left.header("content-length"), right.header("content-length")
    if ours is None or theirs is None or left.body != right.body or not left.body:
        return
    if ours != theirs:
        yield Difference("header", "header content-length", ours, theirs)
