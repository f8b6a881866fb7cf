"""Which names of a document refer to one type of resource."""

from __future__ import annotations

from typing import Any

import pytest

from lockstep.openapi.document import Document


def document(method: str, returned: Any) -> Document:
    """Letters with stamps; an operation on all stamps of a letter returns something."""
    letter = {"properties": {"id": {"type": "integer"}, "text": {"type": "string"}}}
    answers = {"200": {"content": {"application/json": {"schema": returned}}, "description": "ok"}}
    read = {"responses": {"200": {"description": "ok"}}}
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {
                "/letters/{letter}": {"get": read},
                "/letters/{letter}/stamps": {method: {"responses": answers}},
            },
            "components": {"schemas": {"Letter": letter}},
        }
    )


LETTER = {"$ref": "#/components/schemas/Letter"}


@pytest.mark.parametrize(
    ("method", "returned", "family"),
    [("post", LETTER, "letter"), ("get", {"type": "array", "items": LETTER}, "stamp")],
    ids=["what a stamp is put on", "letters that are stamps"],
)
def test_what_something_is_added_to_may_be_returned(
    method: str, returned: Any, family: str
) -> None:
    assert document(method, returned).families.of("letter") == family
