"""Equal resources are created, and their list is read in each order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.results.findings import PARITY
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}
BOOK = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": TEXT,
        "isbn": {"type": "string", "description": "With a valid check digit."},
        "published": {"type": "string", "format": "date"},
    },
}
SORT = {"name": "sort", "in": "query", "schema": {"enum": ["title", "-title", "-published"]}}
PATHS: dict[str, Any] = {
    "/books": {
        "get": {"parameters": [SORT], "responses": {"200": {"description": "books"}}},
        "post": {
            "requestBody": {"content": {"application/json": {"schema": BOOK}}},
            "responses": {"201": {"description": "made"}},
        },
    }
}


class Books:
    """A server that sorts books; one that `reverses` returns the later of two equal ones first.

    It refuses all numbers of books, as those that a client makes up are invalid.
    """

    def __init__(self, *, reverses: bool) -> None:
        self._reverses = reverses
        self.books: list[dict[str, Any]] = []

    def __call__(self, request: Request) -> Outcome:
        if request.method == "POST":
            sent = json.loads(request.body or b"{}")
            if not isinstance(sent, dict) or "isbn" in sent or not isinstance(sent["title"], str):
                return answer({"error": "invalid"}, 422)
            self.books.append({"id": f"book-{len(self.books) + 1000}", **sent})
            return answer(self.books[-1], 201)
        name = request.path.partition("sort=-")[2].partition("&")[0]
        found = [each for each in self.books if not name or isinstance(each.get(name), str)]
        if name and self._reverses:
            found.reverse()
        return answer(sorted(found, key=lambda each: str(each.get(name)), reverse=bool(name)))


@pytest.mark.parametrize("reverses", [True, False])
def test_another_order_of_equal_resources_is_found(*, reverses: bool) -> None:
    both, _ = exchanger(Books(reverses=False), Books(reverses=reverses), paths=PATHS)

    walk(both, None, lambda *_: None)

    kinds = {each.kind for each in both.ledger.findings.all() if each.category == PARITY}
    assert kinds == ({"order"} if reverses else set())


def test_equal_resources_have_all_that_the_list_can_be_sorted_by() -> None:
    server = Books(reverses=False)
    both, _ = exchanger(server, Books(reverses=False), paths=PATHS)

    walk(both, None, lambda *_: None)

    seen: dict[str, dict[str, Any]] = {}
    pairs = [
        (seen[each["title"]], each)
        for each in server.books
        if each["title"] in seen or seen.setdefault(each["title"], each) is None
    ]
    assert any(
        "published" in one and one["published"] == other["published"] for one, other in pairs
    )
