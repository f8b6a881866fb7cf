"""Links of the document that lead nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from lockstep.drivers.fuzz.links import without_broken_links

GOOD: dict[str, Any] = {"operationId": "one", "parameters": {"id": "$response.body#/id"}}


def document(link: Any) -> dict[str, Any]:
    """A document of two operations, one of which has a valid link and another one."""
    own = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    made = {"description": "made", "links": {"good": GOOD, "other": link}}
    return {
        "openapi": "3.1.0",
        "paths": {
            "/things": {"post": {"operationId": "make", "responses": {"201": made}}},
            "/things/{id}": {
                "parameters": [{"$ref": "#/components/parameters/id"}],
                "get": {"operationId": "one", "responses": {}},
            },
        },
        "components": {"parameters": {"id": own}, "links": {"one": GOOD}},
    }


@pytest.mark.parametrize(
    "link",
    [
        {"operationRef": "#/paths/~1things~1{id}/get"},
        {"operationRef": "#/paths/~1things~1%7Bid%7D/get", "parameters": {"path.id": 1}},
        {"$ref": "#/components/links/one"},
    ],
)
def test_links_to_operations_are_kept(link: Any) -> None:
    raw = document(link)
    assert without_broken_links(raw) == []
    assert raw == document(link)


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ({"operationId": "two"}, "there is no operation two"),
        ({"operationRef": "#/paths/~1a/get"}, "there is no operation #/paths/~1a/get"),
        ({"operationRef": "https://a.test/x#/paths/~1a/get"}, "there is no operation https"),
        ({"operationId": "one", "parameters": {"name": 1}}, "operation one has no parameter name"),
        ({"operationId": "one", "parameters": {"query.id": 1}}, "has no parameter query.id"),
        ({"$ref": "#/components/links/two"}, "it cannot be read"),
        ({}, "there is no operation"),
    ],
)
def test_links_that_lead_nowhere_are_removed_and_named(link: Any, fault: str) -> None:
    raw = document(link)
    (sentence,) = without_broken_links(raw)
    assert sentence.startswith("the link other of POST /things is not followed: ")
    assert fault in sentence
    made = raw["paths"]["/things"]["post"]["responses"]["201"]
    assert made["links"] == {"good": GOOD}
