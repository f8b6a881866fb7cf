"""Lists are read page by page, in all styles of pagination."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fixtures.scripted import answer

from lockstep.drivers.walk.pages import all_pages, first_page, next_page, whole_page
from lockstep.drivers.walk.parameters import Declared

SIZES = ("limit", "per_page")
ITEMS = [{"id": "a1"}, {"id": "b2"}]


def asks(*names: str) -> list[Declared]:
    """Return query parameters; those with a size in their name are integers."""
    kinds = {
        name: "integer" if name in ("limit", "per_page", "page") else "string" for name in names
    }
    return [Declared(name, "query", False, {"type": kind}) for name, kind in kinds.items()]


@pytest.mark.parametrize(
    ("names", "query"),
    [
        (("cursor", "limit"), {"limit": "1"}),
        (("page", "per_page"), {"per_page": "1"}),
        (("q",), {}),
    ],
)
def test_the_first_page_has_one_element(names: tuple[str, ...], query: dict[str, str]) -> None:
    assert first_page(asks(*names)) == query


@pytest.mark.parametrize(
    ("names", "body", "query"),
    [
        (("limit", "cursor"), {"data": ITEMS, "next_cursor": "c9"}, {"limit": "1", "cursor": "c9"}),
        (("limit", "after"), {"items": ITEMS, "next": "b2"}, {"limit": "1", "after": "b2"}),
        (
            ("limit", "page_token"),
            {"items": ITEMS, "meta": {"nextPageToken": "t"}},
            {"limit": "1", "page_token": "t"},
        ),
        (
            ("limit",),
            {"items": ITEMS, "next": "/items?limit=1&offset=1"},
            {"limit": "1", "offset": "1"},
        ),
        (
            ("limit",),
            {"items": ITEMS, "_links": {"next": {"href": "https://a.test/items?page=2"}}},
            {"page": "2"},
        ),
        (
            ("limit", "starting_after"),
            {"data": ITEMS, "has_more": True},
            {"limit": "1", "starting_after": "b2"},
        ),
        (("limit", "cursor"), {"data": ITEMS, "next_cursor": None}, None),
        (("limit", "cursor"), {"data": [], "next_cursor": None}, None),
        (("page",), ITEMS, None),
    ],
    ids=str,
)
def test_the_next_page_is_found_in_a_body(
    names: tuple[str, ...], body: Any, query: dict[str, str] | None
) -> None:
    assert next_page(answer(body), asks(*names), {"limit": "1"}) == query


def test_the_next_page_is_found_in_a_link() -> None:
    link = '</items?page=1>; rel="prev", <https://a.test/items?page=3&per_page=1>; rel="next"'
    query = next_page(answer(ITEMS, headers={"Link": link}), asks("page", "per_page"), {})
    assert query == {"page": "3", "per_page": "1"}


@pytest.mark.parametrize(
    ("names", "body", "headers", "query"),
    [
        (("per_page", "page"), ITEMS[:1], {"X-Total-Count": "2"}, {"per_page": "2"}),
        (("limit",), {"items": ITEMS[:1], "total": 7}, {}, {"limit": "7"}),
        (("limit",), {"items": ITEMS[:1], "page": {"totalCount": 7}}, {}, {"limit": "7"}),
        (("limit",), {"items": ITEMS[:1], "total": 1}, {}, None),
        (("limit",), {"items": ITEMS[:1], "total": True, "discount": 3}, {}, None),
        (("limit",), {"items": ITEMS[:1], "total": 51}, {}, None),
        (("q",), {"items": ITEMS[:1], "total": 7}, {}, None),
        (("limit",), ITEMS, {}, None),
    ],
    ids=str,
)
def test_a_page_ends_with_the_last_element(
    names: tuple[str, ...], body: Any, headers: dict[str, str], query: dict[str, str] | None
) -> None:
    most = {"type": "integer", "maximum": 50}
    parameters = [
        replace(each, schema=most) if each.name in SIZES else each for each in asks(*names)
    ]
    assert whole_page(answer(body, headers=headers), parameters) == query


@pytest.mark.parametrize(
    ("names", "total", "last", "every"),
    [
        (("page", "per_page"), 76, {"per_page": "38", "page": "2"}, [("50", "1"), ("50", "2")]),
        (("page", "per_page"), 53, None, [("50", "1"), ("50", "2")]),
        (("page", "per_page"), 20, {"per_page": "20"}, [("50", "1")]),
        (("per_page",), 76, None, [("50", None)]),
        (("page", "per_page"), 2, {"per_page": "2"}, []),
    ],
)
def test_large_lists_are_read_in_pages_of_which_one_ends_with_the_last_element(
    names: tuple[str, ...],
    total: int,
    last: dict[str, str] | None,
    every: list[tuple[str, str | None]],
) -> None:
    most = {"type": "integer", "maximum": 50}
    parameters = [
        replace(each, schema=most) if each.name in SIZES else each for each in asks(*names)
    ]
    body = answer({"data": ITEMS, "meta": {"total": total}})
    assert whole_page(body, parameters) == last
    assert [(each["per_page"], each.get("page")) for each in all_pages(body, parameters)] == every


def test_pages_that_are_counted_from_0_are_asked_for_so() -> None:
    size = Declared("size", "query", False, {"type": "integer", "maximum": 10})
    page = Declared("page", "query", False, {"type": "integer", "minimum": 0})
    body = answer({"data": ITEMS, "total": 20})
    assert whole_page(body, [size, page]) == {"size": "10", "page": "1"}
