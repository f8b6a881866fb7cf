"""Messages may be worded differently where the document leaves that to each server."""

from __future__ import annotations

import pytest
from fixtures.scripted import answer

from lockstep.compare.answers import Comparer
from lockstep.compare.server_headers import ServerHabits
from lockstep.matching.bijection import SymbolTable
from lockstep.matching.clock import Clock
from lockstep.openapi.document import Document
from lockstep.transport.messages import Response

WORDING = "For people; its wording may change at any time."


@pytest.mark.parametrize(
    ("description", "status", "left", "right", "alike"),
    [
        (WORDING, 404, "No such book.", "There is no book.", True),
        ("A message. Clients should not rely on it.", 404, "No such book.", "None.", True),
        ("Never parse the text.", 404, "No such book.", "None.", True),
        ("The text may vary between versions.", 404, "No such book.", "None.", True),
        (WORDING, 207, "No such book.", "There is no book.", True),
        # Nothing is not another wording, and a text that may change is no message.
        (WORDING, 404, "No such book.", "", False),
        ("The text may change until it is printed.", 200, "One.", "Two.", False),
        ("A message for people.", 404, "No such book.", "There is no book.", False),
        ("Why it failed; it does not change.", 404, "No such book.", "None.", False),
        (None, 404, "No such book.", "There is no book.", False),
    ],
)
def test_document_may_leave_the_wording_of_errors_to_each_server(
    description: str | None, status: int, left: str, right: str, alike: bool
) -> None:
    habits = ServerHabits()
    document = described(description, status)
    places = differing(document, habits, status, left, right)
    assert places == ([] if alike else ["body /detail"])
    assert any("word messages differently" in each for each in habits.sentences()) is alike


@pytest.mark.parametrize(("description", "alike"), [(WORDING, True), ("Why.", False)])
def test_errors_that_are_not_documented_are_like_the_others(description: str, alike: bool) -> None:
    document = described(description, 422)
    places = differing(document, ServerHabits(), 404, "No such book.", "There is no book.")
    assert places == ([] if alike else ["body /detail"])


def described(description: str | None, status: int) -> Document:
    """A document of one response, whose `detail` has a description."""
    detail = {"type": "string"} | ({"description": description} if description else {})
    content = {"schema": {"type": "object", "properties": {"detail": detail}}}
    response = {"description": "one", "content": {"application/json": content}}
    operation = {"operationId": "get", "responses": {str(status): response}}
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "books", "version": "1"},
            "paths": {"/book": {"get": operation}},
        }
    )


def differing(
    document: Document, habits: ServerHabits, status: int, left: str, right: str
) -> list[str]:
    """Where two responses differ that have these details."""
    comparer = Comparer(document, SymbolTable(["right"]), Clock(), leader="left", habits=habits)
    ours, theirs = (response(status, text) for text in (left, right))
    found = comparer.compare(document.operations["get"], ours, theirs, "right")
    return [one.where for one in found]


def response(status: int, detail: str) -> Response:
    return answer({"detail": detail}, status)
