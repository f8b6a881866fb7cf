"""Compares two responses by the names and formats of their values."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from lockstep.bodies.labels import relabelled
from lockstep.compare.allowed import Allowed
from lockstep.compare.contents import compare_contents
from lockstep.compare.counters import Counters
from lockstep.compare.digests import Digests
from lockstep.compare.header_members import HeaderMembers
from lockstep.compare.headers import HeaderComparer
from lockstep.compare.inferred_headers import InferredHeaderPolicy
from lockstep.compare.inferred_policy import InferredPolicy
from lockstep.compare.judge import Judge
from lockstep.compare.parsed import ParsedAnswer
from lockstep.compare.sent import Sent, read_sent
from lockstep.compare.server_headers import ServerHabits, is_of_another_stack
from lockstep.compare.walker import Place, Walker
from lockstep.compare.wording import Wordings
from lockstep.inference.answers import made_values
from lockstep.inference.links import Links
from lockstep.inference.requests import RequestReader
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference, in_body
from lockstep.matching.transaction import Transaction
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import parts_of, place_in, response_schema
from lockstep.openapi.shapes import Generated, Path, Shape
from lockstep.transport.messages import Request, Response

_CREATED = 201


@dataclass(frozen=True, slots=True)
class Answered:
    """The context of two responses: the operation, its shape, and both requests, if known.

    Responses that are not `ordered` may belong to each other's requests.
    """

    operation: Operation | None
    shape: Shape | None
    requests: tuple[Request, Request] | None
    ordered: bool = True


class Inferring:
    """Compares responses by a document without annotations for server-generated values.

    `sent` holds the values that clients sent recently. With `same_target` both responses are those
    of one server. `habits` collect how servers write numbers, which is compared without them.
    """

    def __init__(
        self,
        document: Document,
        urls: Mapping[str, str],
        sent: Container[str],
        counters: Counters,
        *,
        same_target: bool = False,
        habits: ServerHabits | None = None,
    ) -> None:
        self._document = document
        self._habits = habits
        self._wordings = Wordings(document)
        self._families = document.families
        self._reader = RequestReader(document, document.families)
        self._links = {name: Links(document, document.families, url) for name, url in urls.items()}
        self._nowhere = Links(document, document.families, "")
        self._everywhere = (*self._links.values(), self._nowhere)
        self._sent = sent
        self._counters = counters
        self._same_target = same_target
        self._digests: dict[str, Digests] = {}

    def compare(
        self,
        answers: tuple[Response, Response],
        what: Answered,
        names: tuple[str, str],
        learnt: Transaction,
        clock: Clock,
        allowed: Allowed,
    ) -> Iterator[Difference]:
        """Yield every difference in bodies and header fields of the two targets in `names`."""
        left, right = answers
        judge = self._judge(left, what, names, learnt, clock)
        bodies = relabelled(left), relabelled(right)
        ours, theirs = (ParsedAnswer(each).json for each in bodies)
        owner = self._owner(what.operation, what.shape)
        is_of_style = partial(self._is_of_style, what.operation, answers, names)
        is_worded_freely = partial(self._is_worded_freely, what.operation, answers, names)
        walker = Walker(InferredPolicy(judge, is_of_style, is_worded_freely), allowed)
        if ours is NotImplemented or theirs is NotImplemented:
            yield from compare_contents(bodies, walker, Place(owner=owner), judge.same_text)
        else:
            walker.compare(ours, theirs, Place(shape=what.shape, owner=owner))
            if not walker.differences and left.body != right.body:
                walker.compare_text(left.body.decode(), right.body.decode())
            yield from walker.differences
        members = HeaderMembers(
            self._document, what.operation, lambda: Walker(InferredPolicy(judge), allowed), owner
        )
        policy = InferredHeaderPolicy(judge, left, right)
        yield from HeaderComparer(policy, members).compare(left, right)
        _release(judge, what.operation, left)

    def made(
        self, operation: Operation | None, answer: ParsedAnswer, shape: Shape | None
    ) -> Iterator[Generated]:
        """Yield the identifying values of a response, in its body and its header fields."""
        body = ParsedAnswer(relabelled(answer.response))
        if body.value is not NotImplemented:
            owner = self._owner(operation, shape)
            known = shape if body.json is not NotImplemented else None
            yield from made_values(self._families, body.value, known, owner)
        tag = answer.response.header("etag")
        if tag is not None:
            yield Generated("etag", tag, ("etag",))
        if answer.response.status == _CREATED:
            yield from self._located(answer.response.header("location") or "")

    def _located(self, url: str) -> Iterator[Generated]:
        """Yield the ids of a created resource from its URL alone (RFC 9110, section 15.3.2)."""
        every = (links.read(links.localised(url)) for links in self._everywhere)
        link = next(filter(None, every), None)
        for named in link.named if link is not None else ():
            if named.role.kind == "id":
                yield Generated("id", named.value, ("location",), family=named.role.family)

    def _is_of_style(
        self,
        operation: Operation | None,
        answers: tuple[Response, Response],
        names: tuple[str, str],
        path: Path,
    ) -> bool:
        """Whether equal numbers at a place of a body may be written differently: `12.0` and `12`.

        JSON knows numbers only (RFC 8259, section 6). Where the document promises no integers, or
        nothing of the response, it depends on the language of a server, and is noted as a habit;
        two servers of the same software have the same.
        """
        answer, other = answers
        if self._habits is None or operation is None or not is_of_another_stack(answer, other):
            return False
        schema = response_schema(operation, answer.status, answer.media_type)
        types = place_in(self._document, schema, parts_of(in_body(path))).types
        if schema is not None and ("number" not in types or "integer" in types):
            return False
        self._habits.json.note(names, "the fractions of whole numbers", operation.name)
        return True

    def _is_worded_freely(
        self,
        operation: Operation | None,
        answers: tuple[Response, Response],
        names: tuple[str, str],
        path: Path,
    ) -> bool:
        """Whether the wording of a text is left to each server; that is noted as a habit."""
        if self._habits is None or not self._wordings.is_free(operation, answers[0], path):
            return False
        label = operation.name if operation is not None else "undocumented"
        self._habits.note_wording(names, label)
        return True

    def _owner(self, operation: Operation | None, shape: Shape | None) -> str:
        """Return the resource type that an operation returns."""
        owner = self._families.about(operation.path) if operation is not None else ""
        if shape is not None and shape.thing:
            return self._families.inside("", owner, shape.thing)
        return owner

    def _judge(
        self,
        answer: Response,
        what: Answered,
        names: tuple[str, str],
        learnt: Transaction,
        clock: Clock,
    ) -> Judge:
        digests = self._digests.setdefault(names[1], Digests())
        sent = Sent()
        if what.requests is not None:
            sent = read_sent(self._reader, *what.requests)
            digests.note(*what.requests)
        makes = ""
        if sent.writes and 200 <= answer.status < 300:
            makes = self._owner(what.operation, what.shape)
        left, right = (self._links.get(name, self._nowhere) for name in names)
        return Judge(
            self._families,
            learnt,
            clock,
            sent,
            self._sent,
            left,
            right,
            digests,
            partial(self._counters.note, names) if what.ordered else None,
            makes,
            self._same_target,
        )


def _release(judge: Judge, operation: Operation | None, answer: Response) -> None:
    """Allow the name of a deleted resource to be reused; ids are never reused."""
    sent = judge.request
    if sent.method != "DELETE" or answer.status >= 300 or not sent.named or operation is None:
        return
    last = sent.named[-1]
    if operation.path.endswith("}") and last.role.kind == "key":
        judge.learnt.release(judge.kind(last.role, last.left), last.left)
