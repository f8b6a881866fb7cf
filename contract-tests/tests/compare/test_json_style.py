"""Serializers write JSON in ways of their own; one response in another way is a difference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures.scripted import plain_document

from lockstep.compare.answers import Comparer
from lockstep.compare.json_style import style_of
from lockstep.compare.server_headers import ServerHabits
from lockstep.matching import Clock
from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.document import Document
from lockstep.transport.messages import Response

DOCUMENT = Document(plain_document())
VALUES: list[Any] = [
    {"title": "one", "done": False, "note": "a/b é"},
    {"tasks": [{"title": "two", "done": True}], "next": None},
    {"message": "no such task", "code": 404},
]
COMPACT: dict[str, Any] = {"separators": (",", ":"), "ensure_ascii": False}


class Pair:
    """Two servers that write the same values; `found` is what is compared of their responses."""

    def __init__(self) -> None:
        self.habits = ServerHabits()
        table = SymbolTable(["new"])
        self.comparer = Comparer(DOCUMENT, table, Clock(), leader="old", habits=self.habits)

    def found(self, left: str, right: str, label: str = "listTasks") -> list[str]:
        json_type = (("Content-Type", "application/json"),)
        old, new = (Response(200, json_type, text.encode()) for text in (left, right))
        return [one.kind for one in self.comparer.compare(None, old, new, "new", label=label)]


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({}, "white space and escapes"),
        ({"indent": 2, "ensure_ascii": False}, "white space and escapes"),
        ({**COMPACT, "sort_keys": True}, "the order of members"),
    ],
)
def test_the_way_of_a_serializer_is_a_note(other: dict[str, Any], what: str) -> None:
    pair = Pair()
    for value in VALUES:
        assert pair.found(json.dumps(value, **COMPACT), json.dumps(value, **other)) == []
    sentence = f"the JSON serializers of old and new differ in {what} (1 operation)"
    assert list(pair.habits.sentences()) == [sentence]


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        ('{"title": "x"}', '{"title":"x"}', "bytes"),
        ('{"title":"x","done":false}', '{"done":false,"title":"x"}', "order"),
    ],
)
def test_one_response_in_another_way_is_a_difference(left: str, right: str, kind: str) -> None:
    pair = Pair()
    for value in VALUES:
        assert pair.found(*[json.dumps(value, **COMPACT)] * 2) == []
    assert pair.found(right, left, "getTask") == [kind]
    assert pair.found(left, right, "getTask") == [kind]


def test_a_line_feed_at_the_end_of_each_text_is_a_note() -> None:
    pair = Pair()
    for value in VALUES:
        assert pair.found(json.dumps(value), json.dumps(value) + "\n") == []
    assert list(pair.habits.sentences())
    assert pair.found('{"title": "x"}\n', '{"title": "x"}') == ["bytes"]


def test_the_order_of_a_list_is_a_difference_though_all_members_are_sorted() -> None:
    assert Pair().found('{"tags":["a","b","c"]}', '{"tags":["c","a","b"]}') == ["order"]


def test_other_values_are_a_difference_however_they_are_written() -> None:
    assert Pair().found('{"title": "x"}', '{"title":"y"}') == ["value"]


def test_without_habits_the_bytes_are_compared() -> None:
    pair = Pair()
    pair.comparer = Comparer(DOCUMENT, SymbolTable(["new"]), Clock(), leader="old")
    assert pair.found('{"title": "x"}', '{"title":"x"}') == ["bytes"]


def test_a_style_says_only_what_the_text_shows() -> None:
    assert style_of("{}") == {"end": {""}}
    assert style_of("{}\r\n") == {"end": {"line"}}
    style = style_of('{"a": [1, 2], "b": "é/"}')
    assert style["after :"] == style["after ,"] == {" "}
    assert style["beyond ASCII"] == style["slash"] == {"raw"}
    style = style_of(r'"\u00e9\/"')
    assert style["beyond ASCII"] == style["slash"] == {"escaped"}
    assert "beyond ASCII" not in style_of(r'"\ud83d \u001f"')
    assert style_of(r'"\u003cb\u003e"')["markup"] == {"escaped"}


@pytest.mark.parametrize("length", range(1, 9))
def test_a_long_text_is_written_like_all_others(length: int) -> None:
    """It is not read to its end, which may be anywhere in an object."""
    objects = [{"note": "a, b: c [ ] { }" * 40, "none": {}, "no": []}] * 400
    style = style_of(json.dumps([*range(length), *objects]))
    assert all(style[f"after {mark}"] == {" "} for mark in ",:")
    assert all(
        style[f"{place}"] == {""} for place in ("after [", "after {", "before }", "before :")
    )


def test_what_follows_an_escaped_backslash_is_no_escape() -> None:
    assert style_of(r'["\\u00e9", "\\/", "\\u003c"]').keys() == {"end", "after [", "before ]"} | {
        "before ,",
        "after ,",
        "slash",
    }
    assert style_of(r'["\\\u00e9"]')["beyond ASCII"] == {"escaped"}
    pair = Pair()
    for value in [r"C:\u00e9", "é"]:
        assert pair.found(json.dumps([value], **COMPACT), json.dumps([value])) == []
