"""Operations that take credentials, and answer without them too."""

from __future__ import annotations

from typing import Any

import pytest

from lockstep.drivers.walk.optional_credentials import takes_user
from lockstep.openapi.document import Document


def document(definition: dict[str, Any], **schemes: Any) -> Document:
    """A document of one list."""
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "Articles", "version": "1"},
            "paths": {"/articles": {"get": {"responses": {"200": {}}, **definition}}},
            "components": {"securitySchemes": schemes},
        }
    )


TOKEN: dict[str, Any] = {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}}


@pytest.mark.parametrize(
    "definition",
    [
        {"security": [{}, {"token": []}]},
        {"description": "Get recent articles. Auth is optional"},
        {"summary": "List articles (authentication optional)"},
        {"description": "An optional token tells which are favourites."},
    ],
)
def test_what_is_optional_is_sent(definition: dict[str, Any]) -> None:
    described = document(definition, **TOKEN)
    assert takes_user(described, described.operations["GET /articles"])


@pytest.mark.parametrize(
    "definition",
    [
        {"description": "Auth not required"},
        {"description": "Get recent articles, by author. Tags are optional"},
        {"description": "Filter by author, optional"},
    ],
)
def test_what_takes_no_credentials_is_sent_none(definition: dict[str, Any]) -> None:
    described = document(definition, **TOKEN)
    assert not takes_user(described, described.operations["GET /articles"])


def test_without_schemes_nothing_can_be_optional() -> None:
    described = document({"description": "Auth is optional"})
    assert not takes_user(described, described.operations["GET /articles"])
