"""Compares two outcomes as a whole."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from lockstep.compare.allowed import Allowed
from lockstep.compare.annotated import Annotated
from lockstep.compare.connections import Connections
from lockstep.compare.inferring import Answered, Inferring
from lockstep.compare.parsed import ParsedAnswer
from lockstep.compare.server_headers import ServerHabits, ServerHeaders
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


class Comparer:
    """Compares the responses to one request according to one document.

    The document's annotations decide what may differ; without annotations, the names and formats of
    values do. `urls` maps target names to their URLs; `sent` holds the values that clients sent
    recently. With `same_target` both responses are those of one server to the same request.
    `habits` collect which headers of their own the HTTP servers send, where the document is silent
    about them; without it they are not compared: a recording may lack them. They also collect how
    servers write JSON, which is compared without them.
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
            self._inferring = Inferring(document, urls or {}, sent, same_target=same_target)

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
        pair, place = (leader, partner), (name, label)
        found = self._compare(operation, pair, place, requests, learnt, again=again)
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
        pair, place = (leader, partner), (name, label)
        # Differences that are reported only once do not count as reported here.
        if not self._compare(operation, pair, place, requests, learnt, again=True):
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

    def _compare(
        self,
        operation: Operation | None,
        outcomes: tuple[Outcome, Outcome],
        place: tuple[str, str],
        requests: Requests | None,
        learnt: Transaction,
        *,
        again: bool,
    ) -> list[Difference]:
        """Return the differences that count; `place` is the partner's and the operation's name."""
        leader, partner = outcomes
        allowed = Allowed(place[1], self._rules, self._noise)
        if isinstance(leader, NoResponse) or isinstance(partner, NoResponse):
            left, right = _outcome(leader), _outcome(partner)
            missing = [] if left == right else [Difference("outcome", "outcome", left, right)]
            return allowed.counted(missing)
        if leader.status != partner.status:
            wrong = [Difference("status", "status", _status(leader), _status(partner))]
            if _both_made(leader, partner):
                found = self._answers(operation, (leader, partner), place, requests, learnt)
                wrong += [one for one in found if one.where.startswith("body")]
            return allowed.counted(wrong)
        found = self._answers(operation, (leader, partner), place, requests, learnt)
        if not again:
            sent = requests[0] if requests is not None else None
            found += self._endings(operation, (leader, partner), place, sent)
            found += self._own_headers(operation, (leader, partner), place, sent)
        return allowed.counted(found)

    def _endings(
        self,
        operation: Operation | None,
        answers: tuple[Response, Response],
        place: tuple[str, str],
        request: Request | None,
    ) -> Iterator[Difference]:
        """Yield the difference if only one connection stays open; see `_own_headers`.

        A server that closes all of them has no persistent connections, which is no matter of the
        API; one that closes some has a reason.
        """
        names = self._leader, place[0]
        for one in self._connections.compare(self._leader, place, request, *answers):
            closing, keeping = names if answers[0].closes else names[::-1]
            told = self._tells_of(operation, answers[0], "connection")
            if self._habits is None or told or not self._connections.always_closes(closing):
                yield one
            else:
                self._habits.note_closing(closing, keeping, place[1])

    def _own_headers(
        self,
        operation: Operation | None,
        answers: tuple[Response, Response],
        place: tuple[str, str],
        request: Request | None,
    ) -> Iterator[Difference]:
        """Yield which header fields of the HTTP servers themselves only one of them sends.

        They are part of the API where the document is annotated, or names them.
        """
        if self._habits is None:
            return
        for one in self._server_headers.compare(place, request, *answers):
            if self._tells_of(operation, answers[0], one.where.removeprefix("header ")):
                yield one
            else:
                self._habits.note(self._leader, place[0], one, place[1])

    def _tells_of(self, operation: Operation | None, answer: Response, name: str) -> bool:
        """Whether a header field that HTTP servers send of their own is part of the API."""
        response = operation.response_for(answer.status) if operation is not None else None
        return self._inferring is None or (response is not None and name in response.headers)

    def _answers(
        self,
        operation: Operation | None,
        answers: tuple[Response, Response],
        place: tuple[str, str],
        requests: Requests | None,
        learnt: Transaction,
    ) -> list[Difference]:
        """Return the differences in the bodies and header fields of two responses."""
        shape = self.shape(operation, answers[0])
        allowed = Allowed(place[1], self._rules, self._noise)
        if self._inferring is None:
            return list(self._annotated.compare(answers, shape, learnt, allowed, operation))
        names, what = (self._leader, place[0]), Answered(operation, shape, requests)
        found = list(self._inferring.compare(answers, what, names, learnt, self._clock, allowed))
        if self._habits is None:
            return found
        return self._habits.json.differing(found, names, answers, place[1])


def _both_made(left: Response, right: Response) -> bool:
    """Whether two responses of different status codes return a resource, like 200 and 201."""
    succeeded = left.status < 300 and right.status < 300
    return succeeded and left.media_type == right.media_type and bool(left.body and right.body)


def _outcome(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, NoResponse) else f"answered {_status(outcome)}"


def _status(response: Response) -> str:
    return str(response.status)
