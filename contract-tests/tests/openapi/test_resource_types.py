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


def listed(element: str) -> Any:
    """A response with a page of elements: what all pages have, and the list of this one."""
    own = {"properties": {"items": {"type": "array", "items": component(element)}}}
    page = {"allOf": [component("Page"), own]}
    return {"200": {"content": {"application/json": {"schema": page}}, "description": "ok"}}


def component(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def test_pages_with_a_common_base_list_different_resources() -> None:
    base = {"properties": {"id": {"type": "integer"}}}
    document = Document(
        {
            "openapi": "3.0.3",
            "info": {"title": "t", "version": "1"},
            "paths": {
                "/letters": {"get": {"responses": listed("Letter")}},
                "/mail/stamps": {"get": {"responses": listed("PostageStamp")}},
            },
            "components": {
                "schemas": {
                    "Page": {"properties": {"total": {"type": "integer"}}},
                    "Letter": {"allOf": [base, {"properties": {"text": {"type": "string"}}}]},
                    "PostageStamp": base,
                }
            },
        }
    )

    assert document.families.about("/letters") != document.families.about("/mail/stamps")
    assert document.families.of("postagestamp") == document.families.about("/mail/stamps")
