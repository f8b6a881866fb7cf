"""Compares two answers by the names and forms of their values."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from lockstep.compare.allowed import Allowed
from lockstep.compare.inferred import InferringComparer
from lockstep.compare.inferred_headers import InferringHeaderComparer
from lockstep.compare.judge import SAME, Judge
from lockstep.compare.parsed import ParsedAnswer, first_difference
from lockstep.inference.answers import made_values
from lockstep.inference.links import Links
from lockstep.inference.requests import RequestReader
from lockstep.matching.bijection import Bijection
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference
from lockstep.matching.transaction import Transaction
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import Generated, Shape
from lockstep.transport.messages import Request, Response


class Inferring:
    """What comparing needs of a document that says nothing about server-made values.

    `sent` holds the values that clients sent lately.
    """

    def __init__(self, document: Document, urls: Mapping[str, str], sent: Container[str]) -> None:
        self._families = document.families
        self._reader = RequestReader(document, document.families)
        self._links = {name: Links(document, document.families, url) for name, url in urls.items()}
        self._nowhere = Links(document, document.families, "")
        self._sent = sent

    def judge(
        self,
        bijection: Bijection,
        clock: Clock,
        names: tuple[str, str],
        requests: tuple[Request, Request] | None,
    ) -> Judge:
        """Who judges one pair of answers, to these requests, of the targets with these names."""
        left, right = (self._links.get(name, self._nowhere) for name in names)
        echo = self._echo(*requests) if requests is not None else {}
        return Judge(self._families, Transaction(bijection), clock, echo, self._sent, left, right)

    def compare(
        self,
        judge: Judge,
        operation: Operation | None,
        answers: tuple[Response, Response],
        shape: Shape | None,
        allowed: Allowed,
    ) -> Iterator[Difference]:
        """Every difference in bodies and headers; what is learnt stays in the judge's draft."""
        left, right = answers
        ours, theirs = ParsedAnswer(left).json, ParsedAnswer(right).json
        if ours is NotImplemented or theirs is NotImplemented:
            a, b = (answer.body.decode("utf-8", "surrogateescape") for answer in answers)
            a, b = judge.left.localised(a), judge.right.localised(b)
            if a != b and judge.text(a, b) != SAME:
                yield Difference("bytes", "body", *first_difference(left.body, right.body))
        else:
            owner = self._owner(operation, shape)
            comparer = InferringComparer(judge, allowed)
            comparer.compare(ours, theirs, shape, owner)
            if not comparer.differences and left.body != right.body:
                comparer.compare_text(left.body.decode(), right.body.decode())
            yield from comparer.differences
        yield from InferringHeaderComparer(judge).compare(left, right)

    def made(
        self, operation: Operation | None, answer: ParsedAnswer, shape: Shape | None
    ) -> Iterator[Generated]:
        """The values of an answer that name something, in its body and its headers."""
        if answer.json is not NotImplemented:
            owner = self._owner(operation, shape)
            yield from made_values(self._families, answer.json, shape, owner)
        tag = answer.response.header("etag")
        if tag is not None:
            yield Generated("etag", tag, ("etag",))

    def _owner(self, operation: Operation | None, shape: Shape | None) -> str:
        """The family of what an operation answers with."""
        owner = self._families.about(operation.path) if operation is not None else ""
        if shape is not None and shape.thing:
            return self._families.inside("", owner, shape.thing)
        return owner

    def _echo(self, left: Request, right: Request) -> dict[str, frozenset[str]]:
        ours, theirs = self._reader.values(left), self._reader.values(right)
        found: dict[str, frozenset[str]] = {}
        for (_, a), (_, b) in zip(ours, theirs, strict=False):
            found[a] = found.get(a, frozenset()) | {b}
        return found
