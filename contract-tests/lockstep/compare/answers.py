"""Compares two outcomes as a whole."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from lockstep.compare.body import JsonComparer
from lockstep.compare.clock import Clock
from lockstep.compare.cookies import read_cookie
from lockstep.compare.difference import Difference, Excuse, in_body
from lockstep.compare.headers import HeaderComparer
from lockstep.compare.inferring import Inferring
from lockstep.compare.judge import Judge
from lockstep.compare.parsed import ParsedAnswer, first_difference
from lockstep.compare.prometheus import compare_metrics
from lockstep.document import Document
from lockstep.inference.answers import made_values
from lockstep.inference.forms import is_random
from lockstep.messages import NoResponse, Outcome, Request, Response, header_values
from lockstep.noise import NoiseBook
from lockstep.operations import Operation
from lockstep.rules import Rules
from lockstep.shapes import MATCHED_KINDS, Generated, Shape
from lockstep.symbols import Bijection, SymbolTable

Requests = tuple[Request, Request]


class Comparer:
    """Compares the answers to one request according to one document.

    The document's annotations say what may differ; where it has none, names and forms of values do.
    `urls` are the targets' own, by name; `sent` holds the values that clients sent lately.
    """

    def __init__(
        self,
        document: Document,
        table: SymbolTable,
        clock: Clock,
        *,
        leader: str = "",
        urls: Mapping[str, str] | None = None,
        sent: Container[str] = (),
        rules: Rules | None = None,
        noise: NoiseBook | None = None,
    ) -> None:
        self._document = document
        self._table = table
        self._clock = clock
        self._leader = leader
        self._rules = rules or Rules()
        self._noise = noise or NoiseBook()
        self._inferring = None
        if not document.is_annotated:
            self._inferring = Inferring(document, urls or {}, sent)

    def compare(
        self,
        operation: Operation | None,
        leader: Outcome,
        partner: Outcome,
        name: str,
        *,
        requests: Requests | None = None,
        label: str = "",
    ) -> list[Difference]:
        """The differences between the leader's outcome and that of the partner `name`.

        Answers that differ in status are not compared further, and teach nothing. `requests` are
        what the two were sent; `label` names the operation for rules and noise.
        """
        excuse = partial(self._excuse, label)
        if isinstance(leader, NoResponse) or isinstance(partner, NoResponse):
            left, right = _outcome(leader), _outcome(partner)
            same = left == right
            return [] if same else _counted([Difference("outcome", "outcome", left, right)], excuse)
        if leader.status != partner.status:
            wrong = Difference("status", "status", _status(leader), _status(partner))
            return _counted([wrong], excuse)
        answers = leader, partner
        if self._inferring is None:
            return self._annotated(operation, answers, self._table.to(name), label)
        bijection = self._table.to(name)
        judge = self._inferring.judge(bijection, self._clock, (self._leader, name), requests)
        differences = self._inferred(judge, operation, answers, label)
        judge.draft.confirm()
        return differences

    def compare_on_trial(
        self,
        operation: Operation | None,
        leader: Outcome,
        partner: Outcome,
        name: str,
        *,
        requests: Requests | None = None,
        label: str = "",
    ) -> list[Difference]:
        """Learn from two answers if they are the same; never a difference."""
        with self._table.to(name).trial() as confirm:
            if not self.compare(operation, leader, partner, name, requests=requests, label=label):
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
        for text in header_values(answer.response.headers, "set-cookie"):
            cookie = read_cookie(text)
            if is_random(cookie.value):
                yield Generated("token", cookie.value, ("set-cookie", cookie.name))
        shape = self.shape(operation, answer.response)
        if not self._document.is_annotated:
            yield from self._made(operation, answer, shape)
            return
        if shape is not None and answer.json is not NotImplemented:
            yield from shape.generated(answer.json)
        for name, header in self._document.header_shapes.items():
            value = answer.response.header(name)
            if value is not None and header.kind is not None:
                yield Generated(header.kind, value, (name,))

    def _made(
        self, operation: Operation | None, answer: ParsedAnswer, shape: Shape | None
    ) -> Iterator[Generated]:
        families = self._document.families
        if answer.json is not NotImplemented:
            owner = families.about(operation.path) if operation is not None else ""
            if shape is not None and shape.thing:
                owner = families.inside("", owner, shape.thing)
            yield from made_values(families, answer.json, shape, owner)
        tag = answer.response.header("etag")
        if tag is not None:
            yield Generated("etag", tag, ("etag",))

    def _annotated(
        self,
        operation: Operation | None,
        answers: tuple[Response, Response],
        bijection: Bijection,
        label: str,
    ) -> list[Difference]:
        leader, partner = answers
        excuse = partial(self._excuse, label)
        shape = self.shape(operation, leader)
        differences = _counted(
            self._bodies(operation, leader, partner, shape, bijection, excuse), excuse
        )
        # A tag over a body whose seconds depend on the clock may change on one side alone.
        drifts = self._table.interval_seen and shape is not None and shape.has("elapsed")
        headers = HeaderComparer(self._document.header_shapes, bijection, self._clock, drifts)
        return differences + _counted(headers.compare(leader, partner), excuse)

    def _inferred(
        self,
        judge: Judge,
        operation: Operation | None,
        answers: tuple[Response, Response],
        label: str,
    ) -> list[Difference]:
        assert self._inferring is not None
        excuse = partial(self._excuse, label)
        if self._is_volatile(operation, answers[0]):
            return _counted(compare_metrics(answers[0].body, answers[1].body), excuse)
        shape = self.shape(operation, answers[0])
        found = self._inferring.compare(judge, operation, answers, shape, excuse)
        return _counted(found, excuse)

    def _excuse(self, label: str, difference: Difference) -> bool:
        if self._rules.excuse(label, difference):
            return True
        return self._noise.covers(label, difference)

    def _bodies(
        self,
        operation: Operation | None,
        left: Response,
        right: Response,
        shape: Shape | None,
        bijection: Bijection,
        excuse: Excuse,
    ) -> Iterator[Difference]:
        if self._is_volatile(operation, left):
            yield from compare_metrics(left.body, right.body)
            return
        ours, theirs = ParsedAnswer(left).json, ParsedAnswer(right).json
        if ours is NotImplemented or theirs is NotImplemented:
            if left.body != right.body and bijection.translate_bytes(left.body) != right.body:
                yield Difference("bytes", "body", *first_difference(left.body, right.body))
        elif left.body == right.body and shape is not None:
            yield from _learn_equal(shape, ours, bijection)
        elif left.body != right.body:
            comparer = JsonComparer(bijection, self._table, self._clock, excuse)
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


def _counted(differences: Iterable[Difference], excuse: Excuse) -> list[Difference]:
    return [difference for difference in differences if not excuse(difference)]


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
