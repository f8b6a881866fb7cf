"""Messages for people, whose wording a document leaves to each server.

Descriptions say so of a member: "the wording may change", "do not parse the message".
"""

from __future__ import annotations

import re
from functools import cached_property

from lockstep.matching.difference import in_body
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import merge, parts_of, place_in, response_schema
from lockstep.openapi.shapes import Path
from lockstep.transport.messages import Response

_ERRORS = 400
_MAY_CHANGE = r"[^.;]{0,30}\b(?:may|can|might)\s+(?:\w+\s+)?(?:change|differ|vary)\b"
_FREE_WORDING = re.compile(rf"\b(?:wording|phrasing)\b{_MAY_CHANGE}", re.IGNORECASE)
_FREE_MESSAGE = re.compile(
    rf"\b(?:text|message)\b{_MAY_CHANGE}|"
    r"\b(?:not|never|n't)\s+(?:\w+\s+){0,2}(?:parsed?|matched|rely|relied|depend)\b",
    re.IGNORECASE,
)


class Wordings:
    """Finds the texts of a document's responses that need not be equal."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def is_free(self, operation: Operation | None, answer: Response, path: Path) -> bool:
        """Whether the document says of a text in the body of a response that its wording is free.

        Of an error other words will do, as a note whose text may change is no message; and an error
        that is not documented is taken for one like the others.
        """
        is_error = answer.status >= _ERRORS
        schema = response_schema(operation, answer.status, answer.media_type)
        if schema is None:
            return is_error and len(path) == 1 and path[0] in self._members_of_errors
        place = place_in(self._document, schema, parts_of(in_body(path)))
        return _is_free(place.schema.get("description"), is_error=is_error)

    @cached_property
    def _members_of_errors(self) -> frozenset[str]:
        """The members of documented errors of which the document says so."""
        return frozenset(
            name
            for operation in self._document.operations.values()
            for status, response in operation.responses.items()
            if status.startswith(("4", "5"))
            for content in response.media_types.values()
            for name, member in merge(self._document, content.get("schema"))
            .get("properties", {})
            .items()
            if _is_free(merge(self._document, member).get("description"), is_error=True)
        )


def _is_free(description: object, *, is_error: bool) -> bool:
    text = description if isinstance(description, str) else ""
    patterns = (_FREE_WORDING, _FREE_MESSAGE) if is_error else (_FREE_WORDING,)
    return any(pattern.search(text) for pattern in patterns)
