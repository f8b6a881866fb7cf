"""Compares two outcomes as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lockstep import literals
from lockstep.compare.body import JsonComparer
from lockstep.compare.clock import Clock
from lockstep.compare.difference import Difference, in_body
from lockstep.compare.headers import HeaderComparer
from lockstep.compare.prometheus import compare_metrics
from lockstep.document import Document
from lockstep.messages import NoResponse, Outcome, Response
from lockstep.operations import Operation
from lockstep.shapes import MATCHED_KINDS, Generated, Shape
from lockstep.symbols import Bijection, SymbolTable


@dataclass
class ParsedAnswer:
    """A response with its JSON read once."""

    response: Response

    @cached_property
    def json(self) -> Any:
        """The body with its literals kept; `NotImplemented` where it is not JSON."""
        if "json" not in (self.response.media_type or "") or not self.response.body:
            return NotImplemented
        try:
            return literals.parse(self.response.body)
        except ValueError:
            return NotImplemented


class Comparer:
    """Compares the answers to one request according to one document."""

    def __init__(self, document: Document, table: SymbolTable, clock: Clock) -> None:
        self._document = document
        self._table = table
        self._clock = clock

    def compare(
        self, operation: Operation | None, leader: Outcome, partner: Outcome, name: str
    ) -> list[Difference]:
        """The differences between the leader's outcome and that of the partner `name`.

        Answers that differ in status are not compared further, and teach nothing.
        """
        if isinstance(leader, NoResponse) or isinstance(partner, NoResponse):
            left, right = _outcome(leader), _outcome(partner)
            return [] if left == right else [Difference("outcome", "outcome", left, right)]
        if leader.status != partner.status:
            return [Difference("status", "status", _status(leader), _status(partner))]
        bijection = self._table.to(name)
        shape = self.shape(operation, leader)
        differences = list(self._bodies(operation, leader, partner, shape, bijection))
        # A tag over a body whose seconds depend on the clock may change on one side alone.
        drifts = self._table.interval_seen and shape is not None and shape.has("elapsed")
        headers = HeaderComparer(self._document.header_shapes, bijection, self._clock, drifts)
        differences += headers.compare(leader, partner)
        return differences

    def compare_on_trial(
        self, operation: Operation | None, leader: Outcome, partner: Outcome, name: str
    ) -> list[Difference]:
        """Learn from two answers if they are the same; never a difference."""
        with self._table.to(name).trial() as confirm:
            if not self.compare(operation, leader, partner, name):
                confirm()
        return []

    def shape(self, operation: Operation | None, response: Response) -> Shape | None:
        """The annotations that apply to a response."""
        media_type = response.media_type
        if operation is not None:
            shape = self._document.shape_of(operation, response.status, media_type)
            if shape is not None:
                return shape
        return self._document.error_shapes.get(media_type or "")

    def generated(self, operation: Operation | None, answer: ParsedAnswer) -> Iterator[Generated]:
        """The server-made values that an answer shows, in its body and its headers."""
        shape = self.shape(operation, answer.response)
        if shape is not None and answer.json is not NotImplemented:
            yield from shape.generated(answer.json)
        for name, header in self._document.header_shapes.items():
            value = answer.response.header(name)
            if value is not None and header.kind is not None:
                yield Generated(header.kind, value, (name,))

    def _bodies(
        self,
        operation: Operation | None,
        left: Response,
        right: Response,
        shape: Shape | None,
        bijection: Bijection,
    ) -> Iterator[Difference]:
        if self._is_volatile(operation, left):
            yield from compare_metrics(left.body, right.body)
            return
        ours, theirs = ParsedAnswer(left).json, ParsedAnswer(right).json
        if ours is NotImplemented or theirs is NotImplemented:
            if left.body != right.body and bijection.translate_bytes(left.body) != right.body:
                yield Difference("bytes", "body", *_first_difference(left.body, right.body))
        elif left.body == right.body and shape is not None:
            yield from _learn_equal(shape, ours, bijection)
        elif left.body != right.body:
            comparer = JsonComparer(bijection, self._table, self._clock)
            comparer.compare(ours, theirs, shape)
            if not comparer.differences:
                comparer.compare_text(left.body.decode(), right.body.decode())
            yield from comparer.differences

    def _is_volatile(self, operation: Operation | None, response: Response) -> bool:
        documented = operation.response_for(response.status) if operation else None
        if documented is None:
            return False
        content = documented.media_types.get(response.media_type or "", {})
        return content.get("x-volatile") == "prometheus"


def _learn_equal(shape: Shape, value: Any, bijection: Bijection) -> Iterator[Difference]:
    for item in shape.generated(value):
        if item.kind not in MATCHED_KINDS:
            continue
        wrong = bijection.learn(item.kind, item.value, item.value)
        if wrong is not None:
            text = f"{item.value} instead of {wrong.expected}"
            yield Difference("symbol", in_body(item.path), item.value, text)


def _outcome(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, NoResponse) else f"answered {_status(outcome)}"


def _status(response: Response) -> str:
    return str(response.status)


def _first_difference(left: bytes, right: bytes, around: int = 40) -> tuple[str, str]:
    pairs = enumerate(zip(left, right, strict=False))
    at = next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))
    start = max(0, at - around)
    return (
        f"…{left[start : at + around]!r} ({len(left)} bytes)",
        f"…{right[start : at + around]!r} ({len(right)} bytes)",
    )
