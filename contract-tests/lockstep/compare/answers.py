"""Compares two outcomes as a whole."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from lockstep.compare.allowed import Allowed
from lockstep.compare.annotated import Annotated
from lockstep.compare.connections import Connections
from lockstep.compare.counters import Counters
from lockstep.compare.inferring import Answered, Inferring
from lockstep.compare.parsed import ParsedAnswer
from lockstep.compare.server_headers import (
    ABSENT,
    ServerHabits,
    ServerHeaders,
    are_error_pages,
)
from lockstep.inference.forms import is_random
from lockstep.matching.bijection import SymbolTable
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference
from lockstep.matching.noise import NoiseBook
from lockstep.matching.rules import Rules
from lockstep.matching.transaction import Transaction
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import Generated, Shape
from lockstep.transport.cookies import read_cookie
from lockstep.transport.messages import NoResponse, Outcome, Request, Response, header_values

Requests = tuple[Request, Request]


@dataclass(frozen=True, slots=True)
class _Pair:
    """The outcomes of one request at the leader and at the partner `name`.

    `label` names the operation for rules and noise; `requests` are the two requests sent. Outcomes
    that are not `ordered` may belong to each other's requests.
    """

    operation: Operation | None
    leader: Outcome
    partner: Outcome
    name: str
    label: str
    requests: Requests | None
    ordered: bool = True

    @property
    def place(self) -> tuple[str, str]:
        """The names of the partner and of the operation."""
        return self.name, self.label

    @property
    def request(self) -> Request | None:
        """The leader's request, if it is known."""
        return self.requests[0] if self.requests is not None else None


class Comparer:
    """Compares the responses to one request according to one document.

    The document's annotations decide what may differ; without annotations, the names and formats of
    values do. `urls` maps target names to their URLs; `sent` holds the values that clients sent
    recently. With `same_target` both responses are those of one server to the same request.
    `habits` collect which headers of their own the HTTP servers send, where the document is silent
    about them; without it they are not compared: a recording may lack them. They also collect how
    servers write JSON, which is compared without them. `counters` recognise the numbers of created
    resources.
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
        same_target: bool = False,
        habits: ServerHabits | None = None,
        counters: Counters | None = None,
    ) -> None:
        self._document = document
        self._table = table
        self._clock = clock
        self._leader = leader
        self._rules = rules or Rules()
        self._noise = noise or NoiseBook()
        self._connections = Connections()
        self._habits = habits
        self._server_headers = ServerHeaders()
        self._annotated = Annotated(document, table, clock)
        self._inferring = None
        if not document.is_annotated:
            self._inferring = Inferring(
                document,
                urls or {},
                sent,
                counters or Counters(),
                same_target=same_target,
                habits=habits,
            )

    def compare(
        self,
        operation: Operation | None,
        leader: Outcome,
        partner: Outcome,
        name: str,
        *,
        requests: Requests | None = None,
        label: str = "",
        again: bool = False,
    ) -> list[Difference]:
        """Return the differences between the leader's outcome and that of the partner `name`.

        Responses with different status codes are not compared further, and nothing is recorded from
        them, unless both succeeded with a body. `requests` are the two requests sent; `label` names
        the operation for rules and noise. `again` is true if the same responses were compared
        before.
        """
        learnt = Transaction(self._table.to(name))
        pair = _Pair(operation, leader, partner, name, label, requests)
        found = self._compare(pair, learnt, again=again)
        learnt.confirm()
        return found

    def compare_on_trial(
        self,
        operation: Operation | None,
        leader: Outcome,
        partner: Outcome,
        name: str,
        *,
        requests: Requests | None = None,
        label: str = "",
        again: bool = False,  # noqa: ARG002
    ) -> list[Difference]:
        """Record the matched values of two responses if they are equal; return no differences."""
        learnt = Transaction(self._table.to(name))
        pair = _Pair(operation, leader, partner, name, label, requests, ordered=False)
        # Differences that are reported only once do not count as reported here.
        if not self._compare(pair, learnt, again=True):
            learnt.confirm()
        return []

    def shape(self, operation: Operation | None, response: Response) -> Shape | None:
        """Return the annotations that apply to a response."""
        media_type = response.media_type
        if operation is not None:
            shape = self._document.shape_of(operation, response.status, media_type)
            if shape is not None:
                return shape
        return self._document.error_shapes.get(media_type or "")

    def generated(self, operation: Operation | None, answer: ParsedAnswer) -> Iterator[Generated]:
        """Yield the server-generated values of a response, in its body and its header fields."""
        for text in header_values(answer.response.headers, "set-cookie"):
            cookie = read_cookie(text)
            if is_random(cookie.value):
                yield Generated("token", cookie.value, ("set-cookie", cookie.name))
        shape = self.shape(operation, answer.response)
        if self._inferring is not None:
            yield from self._inferring.made(operation, answer, shape)
        else:
            yield from self._annotated.made(answer, shape)

    def _compare(self, pair: _Pair, learnt: Transaction, *, again: bool) -> list[Difference]:
        """Return the differences that count."""
        leader, partner = pair.leader, pair.partner
        allowed = Allowed(pair.label, self._rules, self._noise)
        if isinstance(leader, NoResponse) or isinstance(partner, NoResponse):
            left, right = _outcome(leader), _outcome(partner)
            missing = [] if left == right else [Difference("outcome", "outcome", left, right)]
            return allowed.counted(missing)
        answers = (leader, partner)
        if self._habits is not None and self._has_no_route(pair, answers):
            self._habits.note_pages(self._leader, pair.name, answers, pair.label)
            return allowed.counted(_allowing(answers))
        if leader.status != partner.status:
            wrong = [Difference("status", "status", _status(leader), _status(partner))]
            if _both_made(leader, partner):
                found = self._answers(pair, answers, allowed, learnt)
                wrong += [one for one in found if one.where.startswith("body")]
            return allowed.counted(wrong)
        found = self._answers(pair, answers, allowed, learnt)
        if not again:
            found += self._endings(pair, answers)
            found += self._own_headers(pair, answers)
        return allowed.counted(found)

    def _endings(self, pair: _Pair, answers: tuple[Response, Response]) -> Iterator[Difference]:
        """Yield the difference if only one connection stays open; see `_own_headers`.

        A server that closes all of them has no persistent connections, which is no matter of the
        API; one that closes some has a reason.
        """
        names = self._leader, pair.name
        for one in self._connections.compare(self._leader, pair.place, pair.request, *answers):
            closing, keeping = names if answers[0].closes else names[::-1]
            documented = self._tells_of(pair.operation, answers[0], "connection")
            if self._habits is None or documented or not self._connections.always_closes(closing):
                yield one
            else:
                self._habits.note_closing(closing, keeping, pair.label)

    def _own_headers(self, pair: _Pair, answers: tuple[Response, Response]) -> Iterator[Difference]:
        """Yield which header fields of the HTTP servers themselves only one of them sends.

        They are part of the API where the document is annotated, or names them.
        """
        if self._habits is None:
            return
        for one in self._server_headers.compare(pair.place, pair.request, *answers):
            if self._tells_of(pair.operation, answers[0], one.where.removeprefix("header ")):
                yield one
            else:
                self._habits.note(self._leader, pair.name, one, pair.label)

    def _tells_of(self, operation: Operation | None, answer: Response, name: str) -> bool:
        """Whether a header field that HTTP servers send of their own is part of the API."""
        response = operation.response_for(answer.status) if operation is not None else None
        return self._inferring is None or (response is not None and name in response.headers)

    def _has_no_route(self, pair: _Pair, answers: tuple[Response, Response]) -> bool:
        """Whether two frameworks refuse what is not documented, and not the application.

        An API that serves HTML may have error pages of its own.
        """
        return (
            pair.operation is None
            and self._inferring is not None
            and not self._document.serves_html
            and are_error_pages(*answers)
        )

    def _answers(
        self,
        pair: _Pair,
        answers: tuple[Response, Response],
        allowed: Allowed,
        learnt: Transaction,
    ) -> list[Difference]:
        """Return the differences in the bodies and header fields of two responses."""
        shape = self.shape(pair.operation, answers[0])
        if self._inferring is None:
            return list(self._annotated.compare(answers, shape, learnt, allowed, pair.operation))
        names = self._leader, pair.name
        what = Answered(pair.operation, shape, pair.requests, pair.ordered)
        found = list(self._inferring.compare(answers, what, names, learnt, self._clock, allowed))
        if self._habits is None:
            return found
        if not self._document.tells_of_entity_tags:
            found = list(self._without_tags(found, pair, answers, self._habits))
        return self._habits.json.differing(found, names, answers, pair.label)

    def _without_tags(
        self,
        found: list[Difference],
        pair: _Pair,
        answers: tuple[Response, Response],
        habits: ServerHabits,
    ) -> Iterator[Difference]:
        """Yield the differences without that of an entity tag which only a framework sends."""
        names = self._leader, pair.name
        for name, answer in zip(names, answers, strict=True):
            habits.tags.note(name, pair.request, answer)
        for one in found:
            if habits.tags.is_habit(one, *names):
                habits.note(*names, one, pair.label)
            else:
                yield one


def _allowing(answers: tuple[Response, Response]) -> list[Difference]:
    """Return the difference if only one of two pages names the allowed methods, as both must."""
    left, right = answers
    allow = [each.header("allow") for each in answers]
    if left.status != right.status or (allow[0] is None) == (allow[1] is None):
        return []
    shown = (ABSENT if value is None else value for value in allow)
    return [Difference("header", "header allow", *shown)]


def _both_made(left: Response, right: Response) -> bool:
    """Whether two responses of different status codes return a resource, like 200 and 201."""
    succeeded = left.status < 300 and right.status < 300
    return succeeded and left.media_type == right.media_type and bool(left.body and right.body)


def _outcome(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, NoResponse) else f"answered {_status(outcome)}"


def _status(response: Response) -> str:
    return str(response.status)
