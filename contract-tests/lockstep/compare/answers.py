"""Compares two outcomes as a whole."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from lockstep.compare.allowed import Allowed
from lockstep.compare.annotated import Annotated
from lockstep.compare.connections import Connections
from lockstep.compare.cookies import read_cookie
from lockstep.compare.inferring import Inferring
from lockstep.compare.parsed import ParsedAnswer
from lockstep.compare.prometheus import is_volatile
from lockstep.inference.forms import is_random
from lockstep.matching.bijection import SymbolTable
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference
from lockstep.matching.noise import NoiseBook
from lockstep.matching.rules import Rules
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import Generated, Shape
from lockstep.transport.messages import NoResponse, Outcome, Request, Response, header_values

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
        self._connections = Connections()
        self._annotated = Annotated(document, table, clock)
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
        allowed = Allowed(label, self._rules, self._noise)
        if isinstance(leader, NoResponse) or isinstance(partner, NoResponse):
            left, right = _outcome(leader), _outcome(partner)
            missing = [] if left == right else [Difference("outcome", "outcome", left, right)]
            return allowed.counted(missing)
        if leader.status != partner.status:
            wrong = Difference("status", "status", _status(leader), _status(partner))
            return allowed.counted([wrong])
        answers = leader, partner
        sent = requests[0] if requests is not None else None
        found = self._compared(operation, answers, name, requests, allowed)
        found += self._connections.compare((name, label), sent, *answers)
        return allowed.counted(found)

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
        if self._inferring is not None:
            yield from self._inferring.made(operation, answer, shape)
        else:
            yield from self._annotated.made(answer, shape)

    def _compared(
        self,
        operation: Operation | None,
        answers: tuple[Response, Response],
        name: str,
        requests: Requests | None,
        allowed: Allowed,
    ) -> list[Difference]:
        """Where two answers of one status differ; what they teach is learnt."""
        bijection, shape = self._table.to(name), self.shape(operation, answers[0])
        if self._inferring is None:
            volatile = is_volatile(operation, answers[0])
            return list(self._annotated.compare(answers, shape, bijection, allowed, volatile))
        judge = self._inferring.judge(bijection, self._clock, (self._leader, name), requests)
        found = list(self._inferring.compare(judge, operation, answers, shape, allowed))
        judge.draft.confirm()
        return found


def _outcome(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, NoResponse) else f"answered {_status(outcome)}"


def _status(response: Response) -> str:
    return str(response.status)
