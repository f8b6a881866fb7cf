"""Scopes: resources numbered within a parent are distinguished by that parent."""

from __future__ import annotations

import pytest

from lockstep.openapi.document import Document


def document(*paths: str) -> Document:
    """A document with a GET operation at each path."""
    read = {"responses": {"200": {"description": "ok"}}}
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {path: {"get": read} for path in paths},
        }
    )


CARDS = ("/projects/{key}", "/projects/{key}/cards", "/projects/{key}/cards/{number}")


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/projects/AB/cards/1", "AB/card.number=1"),
        ("/projects/AB/cards?page=2", "AB/card.number=1"),
        ("/projects/A%20B/cards", "A B/card.number=1"),
        ("/cards", "card.number=1"),
    ],
)
def test_number_is_scoped_by_its_parent(path: str, key: str) -> None:
    assert document(*CARDS).scopes.key("card.number", "1", path) == key


def test_resource_with_a_top_level_path_has_no_scope() -> None:
    known = document(*CARDS, "/cards/{number}").scopes
    assert known.key("card.number", "1", "/projects/AB/cards/1") == "card.number=1"


def test_uuid_is_not_scoped() -> None:
    name = "0b8f6a9e-3a54-4c2c-9d0e-6d1b0c7f5a11"
    assert document(*CARDS).scopes.key("card.number", name, "/projects/AB/cards/1") == name


def test_keys_of_a_scoped_resource_include_the_unscoped_one() -> None:
    keys = document(*CARDS).scopes.keys("card.number", "1", "/projects/AB/cards")
    assert keys == ("AB/card.number=1", "card.number=1")
