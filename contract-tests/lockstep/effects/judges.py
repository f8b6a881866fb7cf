"""Judges for the side effects of one request, which use what requests and responses have shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from lockstep.compare.digests import Digests
from lockstep.compare.judge import Judge
from lockstep.compare.sent import read_sent
from lockstep.effects.matches import RowMatches
from lockstep.inference.links import Links
from lockstep.inference.requests import RequestReader
from lockstep.matching.bijection import Bijection
from lockstep.matching.bounded_dict import BoundedDict
from lockstep.matching.clock import Clock
from lockstep.openapi.document import Document
from lockstep.transport.messages import Request

_KEPT = 20_000


@dataclass(slots=True)
class Judges:
    """Creates the judge for each request to a leader and one partner.

    `answers` has the values matched by responses, `beside` those matched by rows and calls.
    `same_target` is true if the two sides are one target, called twice.
    """

    document: Document
    clock: Clock
    answers: Bijection
    beside: Bijection
    same_target: bool
    _reader: RequestReader = field(init=False)
    _links: Links = field(init=False)
    _sent: BoundedDict[str, None] = field(default_factory=lambda: BoundedDict(_KEPT))

    def __post_init__(self) -> None:
        families = self.document.families
        self._reader = RequestReader(self.document, families)
        self._links = Links(self.document, families, "")

    def judge(self, requests: tuple[Request, Request]) -> tuple[Judge, RowMatches]:
        """Return the judge for a request's side effects, and the transaction that it learns in."""
        learnt = RowMatches(self.beside, self.answers)
        sent = read_sent(self._reader, *requests)
        for text, several in sent.echo.items():
            if several == {text}:
                self._sent[text] = None
        judge = Judge(
            *(self.document.families, learnt, self.clock, sent, self._sent),
            *(self._links, self._links, Digests()),
            same_target=self.same_target,
        )
        return judge, learnt
