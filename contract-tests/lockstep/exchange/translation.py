"""Writes requests in the names that each target gave to things."""

from __future__ import annotations

from dataclasses import replace

from lockstep.inference.requests import RequestReader
from lockstep.matching.bijection import SymbolTable
from lockstep.matching.bounded_dict import BoundedDict
from lockstep.openapi.document import Document
from lockstep.transport.messages import Request

# Shorter texts are too common to tell who made them.
_MIN_SENT = 8
KEPT_SENT = 20_000


class Translator:
    """Translates the requests of one leader for its partners, and remembers what was sent.

    With an annotated document server-made values are long and are replaced wherever they stand.
    Else ids may be as short as `7`: they are replaced where paths, parameters and members name
    something.
    """

    def __init__(self, document: Document, table: SymbolTable) -> None:
        self._table = table
        self._reader = None
        if not document.is_annotated:
            self._reader = RequestReader(document, document.families)
        self.sent: BoundedDict[str, None] = BoundedDict(KEPT_SENT)

    def request(self, request: Request, partner: str) -> Request:
        """The request in the names of a partner; `KeyError` for an unknown one."""
        bijection = self._table.to(partner)
        if self._reader is not None:
            translated = self._reader.translate(request, bijection)
            self.remember(translated)
            return translated
        body = request.body
        return replace(
            request,
            path=bijection.translate(request.path),
            headers=tuple((key, bijection.translate(value)) for key, value in request.headers),
            body=bijection.translate_bytes(body) if body else body,
        )

    def text(self, text: str, partner: str) -> str:
        """A text in the names of a partner."""
        return self._table.to(partner).translate(text)

    def remember(self, request: Request) -> None:
        """Note what a client sends: such values were not made by a server."""
        if self._reader is None:
            return
        for role, value in self._reader.values(request):
            if len(value) >= _MIN_SENT and (role is None or role.kind in ("key", "time")):
                self.sent[value] = None

    def names(self, request: Request) -> frozenset[str]:
        """The keys of the things that a request names, as far as the places say."""
        return self._reader.names(request) if self._reader is not None else frozenset()
