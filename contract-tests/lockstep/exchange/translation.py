"""Rewrites requests with the identifiers of each target."""

from __future__ import annotations

from dataclasses import replace

from lockstep.inference.requests import RequestReader
from lockstep.matching.bijection import SymbolTable
from lockstep.matching.bounded_dict import BoundedDict
from lockstep.openapi.document import Document
from lockstep.transport.messages import Request

# Shorter texts are too common to attribute them to a client.
_MIN_SENT = 8
KEPT_SENT = 20_000


class Translator:
    """Translates the leader's requests for its partners, and remembers what clients sent.

    With an annotated document, server-generated values are long and are replaced anywhere.
    Otherwise ids may be as short as `7`: they are replaced only in path segments, parameters and
    members that are identifiers.
    """

    def __init__(self, document: Document, table: SymbolTable) -> None:
        self._table = table
        self._reader = None
        if not document.is_annotated:
            self._reader = RequestReader(document, document.families)
        self.sent: BoundedDict[str, None] = BoundedDict(KEPT_SENT)

    def request(self, request: Request, partner: str) -> Request:
        """Return the request with a partner's identifiers. Raises `KeyError` if it is unknown."""
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
        """Return a text with a partner's identifiers."""
        return self._table.to(partner).translate(text)

    def remember(self, request: Request) -> None:
        """Note the values that a client sends, as these are not server-generated."""
        if self._reader is None:
            return
        for role, value in self._reader.values(request):
            if len(value) >= _MIN_SENT and (role is None or role.kind in ("key", "time")):
                self.sent[value] = None

    def names(self, request: Request) -> frozenset[str]:
        """Return the keys of the resources that a request refers to, as far as the schema tells."""
        return self._reader.names(request) if self._reader is not None else frozenset()
