"""Compares two responses by the annotations of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockstep.compare.allowed import Allowed
from lockstep.compare.annotated_policy import AnnotatedHeaderPolicy, AnnotatedPolicy
from lockstep.compare.contents import compare_contents
from lockstep.compare.header_members import HeaderMembers
from lockstep.compare.headers import HeaderComparer
from lockstep.compare.parsed import ParsedAnswer
from lockstep.compare.prometheus import compare_metrics, is_volatile
from lockstep.compare.walker import Place, Walker
from lockstep.matching.bijection import SymbolTable
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference, in_body
from lockstep.matching.transaction import Transaction
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import MATCHED_KINDS, Generated, Shape
from lockstep.transport.messages import Response


class Annotated:
    """Compares responses by a document that marks server-generated values."""

    def __init__(self, document: Document, table: SymbolTable, clock: Clock) -> None:
        self._document = document
        self._table = table
        self._clock = clock

    def compare(
        self,
        answers: tuple[Response, Response],
        shape: Shape | None,
        learnt: Transaction,
        allowed: Allowed,
        operation: Operation | None,
    ) -> Iterator[Difference]:
        """Yield every difference in bodies and header fields; record server-generated values.

        In a volatile body of metrics, only the metric names are compared.
        """
        if is_volatile(operation, answers[0]):
            yield from compare_metrics(answers[0].body, answers[1].body)
        else:
            yield from self._bodies(*answers, shape, learnt, allowed)
        # The entity tag of a body with clock-dependent seconds may change on one side alone.
        drifts = self._table.interval_seen and shape is not None and shape.has("elapsed")
        shapes = self._document.header_shapes
        policy = AnnotatedHeaderPolicy(shapes, learnt, self._clock, drifts=drifts)
        members = HeaderMembers(
            self._document,
            operation,
            lambda: Walker(AnnotatedPolicy(learnt, self._table, self._clock), allowed),
        )
        yield from HeaderComparer(policy, members).compare(*answers)

    def made(self, answer: ParsedAnswer, shape: Shape | None) -> Iterator[Generated]:
        """Yield the annotated values of a response, in its body and its header fields."""
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
        learnt: Transaction,
        allowed: Allowed,
    ) -> Iterator[Difference]:
        ours, theirs = ParsedAnswer(left).json, ParsedAnswer(right).json
        if ours is NotImplemented or theirs is NotImplemented:
            walker = Walker(AnnotatedPolicy(learnt, self._table, self._clock), allowed)

            def same_text(ours: bytes, theirs: bytes) -> bool:
                return learnt.translate(ours.decode("latin-1")).encode("latin-1") == theirs

            yield from compare_contents((left, right), walker, Place(), same_text)
        elif left.body == right.body and shape is not None:
            yield from _learn_equal(shape, ours, learnt)
        elif left.body != right.body:
            walker = Walker(AnnotatedPolicy(learnt, self._table, self._clock), allowed)
            walker.compare(ours, theirs, Place(shape=shape))
            if not walker.differences:
                walker.compare_text(left.body.decode(), right.body.decode())
            yield from walker.differences


def _learn_equal(shape: Shape, value: Any, learnt: Transaction) -> Iterator[Difference]:
    for item in shape.generated(value):
        if item.kind not in MATCHED_KINDS:
            continue
        wrong = learnt.learn(item.kind, item.value, item.value)
        if wrong is not None:
            text = f"{item.value} instead of {wrong.expected}"
            yield Difference("symbol", in_body(item.path), item.value, text)
