"""Compares two answers by the annotations of their document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockstep.compare.allowed import Allowed
from lockstep.compare.body import JsonComparer
from lockstep.compare.headers import HeaderComparer
from lockstep.compare.parsed import ParsedAnswer, first_difference
from lockstep.compare.prometheus import compare_metrics
from lockstep.matching.bijection import Bijection, SymbolTable
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference, in_body
from lockstep.openapi.document import Document
from lockstep.openapi.shapes import MATCHED_KINDS, Generated, Shape
from lockstep.transport.messages import Response


class Annotated:
    """What comparing needs of a document that says which values the servers make."""

    def __init__(self, document: Document, table: SymbolTable, clock: Clock) -> None:
        self._document = document
        self._table = table
        self._clock = clock

    def compare(
        self,
        answers: tuple[Response, Response],
        shape: Shape | None,
        bijection: Bijection,
        allowed: Allowed,
        volatile: bool,
    ) -> Iterator[Difference]:
        """Every difference in bodies and headers; server-made values are learnt on the way.

        Of a `volatile` body, which shows metrics, their names alone are compared.
        """
        if volatile:
            yield from compare_metrics(answers[0].body, answers[1].body)
        else:
            yield from self._bodies(*answers, shape, bijection, allowed)
        # A tag over a body whose seconds depend on the clock may change on one side alone.
        drifts = self._table.interval_seen and shape is not None and shape.has("elapsed")
        headers = HeaderComparer(self._document.header_shapes, bijection, self._clock, drifts)
        yield from headers.compare(*answers)

    def made(self, answer: ParsedAnswer, shape: Shape | None) -> Iterator[Generated]:
        """The annotated values of an answer, in its body and its headers."""
        if shape is not None and answer.json is not NotImplemented:
            yield from shape.generated(answer.json)
        for name, header in self._document.header_shapes.items():
            value = answer.response.header(name)
            if value is not None and header.kind is not None:
                yield Generated(header.kind, value, (name,))

    def _bodies(
        self,
        left: Response,
        right: Response,
        shape: Shape | None,
        bijection: Bijection,
        allowed: Allowed,
    ) -> Iterator[Difference]:
        ours, theirs = ParsedAnswer(left).json, ParsedAnswer(right).json
        if ours is NotImplemented or theirs is NotImplemented:
            if left.body != right.body and bijection.translate_bytes(left.body) != right.body:
                yield Difference("bytes", "body", *first_difference(left.body, right.body))
        elif left.body == right.body and shape is not None:
            yield from _learn_equal(shape, ours, bijection)
        elif left.body != right.body:
            comparer = JsonComparer(bijection, self._table, self._clock, allowed)
            comparer.compare(ours, theirs, shape)
            if not comparer.differences:
                comparer.compare_text(left.body.decode(), right.body.decode())
            yield from comparer.differences


def _learn_equal(shape: Shape, value: Any, bijection: Bijection) -> Iterator[Difference]:
    for item in shape.generated(value):
        if item.kind not in MATCHED_KINDS:
            continue
        wrong = bijection.learn(item.kind, item.value, item.value)
        if wrong is not None:
            text = f"{item.value} instead of {wrong.expected}"
            yield Difference("symbol", in_body(item.path), item.value, text)
