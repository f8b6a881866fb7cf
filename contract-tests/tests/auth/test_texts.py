"""Strings generated from a pattern: reproducible, and different for each user and request."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lockstep.auth.texts import draw, drawn, plain_text


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": "^[A-Z]{2,6}$"},
        {"pattern": r"^\d{4}-\d{4}$"},
        {"pattern": "^[a-z]+$", "minLength": 3, "maxLength": 8},
        {"pattern": r"^(97[89])?\d{9}[\dX]$"},
    ],
    ids=str,
)
def test_strings_are_generated_from_a_pattern(schema: dict[str, Any]) -> None:
    texts = [draw(drawn(schema), f"0a0b{number}") for number in range(20)]
    assert len(set(texts)) > 12
    assert all(re.search(schema["pattern"], text, re.ASCII) for text in texts)
    assert all(text.isprintable() for text in texts)
    assert all(len(text) <= schema.get("maxLength", 99) for text in texts)


@pytest.mark.parametrize(
    "pattern",
    [
        *("^[a-z]{3,20}$", "^[A-Z]{9,10}$", r"^\d{8}$"),
        *("^[A-Z]{3}-[0-9]{4}$", "^[A-Z][a-z]{2,9}$", "^#[0-9a-f]{6}$", r"^X\d{6}$"),
    ],
)
def test_no_two_of_many_users_have_one_name_by_a_pattern(pattern: str) -> None:
    placeholder = drawn({"pattern": pattern})
    texts = [draw(placeholder, f"0a0b{number:04}") for number in range(200)]
    assert len(set(texts)) == len(texts)
    assert all(re.fullmatch(pattern, text) for text in texts)


def test_generated_string_is_the_same_for_the_same_user() -> None:
    placeholder = drawn({"pattern": "^[A-Z]{2,6}$"})
    assert draw(placeholder, "0a0b") == draw(placeholder, "0a0b")


@pytest.mark.parametrize("schema", [{}, {"maxLength": 3}, {"pattern": "^a+$", "enum": ["a"]}])
def test_schema_without_a_usable_pattern_has_no_placeholder(schema: dict[str, Any]) -> None:
    assert drawn(schema) == ""
    assert draw("${actor} and a text", "0a0b") == "${actor} and a text"


def test_pattern_with_one_match_gives_that_match() -> None:
    schema = {"pattern": "^only$"}
    assert {draw(drawn(schema), str(number)) for number in range(3)} == {plain_text(schema)}
