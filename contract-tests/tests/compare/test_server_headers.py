"""What HTTP servers send by themselves: whether it is there is compared, and told once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fixtures.flask_servers import Variant, new, old, serve
from fixtures.kiosk_server import DOCUMENT, PREFIX, make_kiosk
from fixtures.scripted import plain_document
from test_planted_faults import run

from lockstep.compare.answers import Comparer
from lockstep.compare.server_headers import ServerHabits, ServerHeaders
from lockstep.matching import Clock
from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.document import Document
from lockstep.transport.messages import Headers, Request, Response

DATE = ("Date", "Sun, 29 Nov 2026 09:00:00 GMT")
PLACE = "right", "listThings"


def answer(*headers: tuple[str, str], status: int = 200, closes: bool = False) -> Response:
    return Response(status, headers, b"", closes=closes)


def found(
    left: Response,
    right: Response,
    seen: ServerHeaders | None = None,
    request: Request | None = None,
) -> list[tuple[str, str, str]]:
    differences = (seen or ServerHeaders()).compare(PLACE, request, left, right)
    return [(each.where, each.left, each.right) for each in differences]


def test_values_differ_by_nature() -> None:
    other = answer(("date", "Sun, 29 Nov 2026 09:00:01 GMT"), ("Server", "b"))
    assert found(answer(DATE, ("Server", "a")), other) == []


@pytest.mark.parametrize("name", ["Date", "Server", "Connection", "Keep-Alive"])
def test_one_that_only_one_side_sends_is_found_from_both_sides(name: str) -> None:
    with_it, without = answer((name, "a")), answer()
    assert found(with_it, without) == [(f"header {name.lower()}", "a", "absent")]
    assert found(without, with_it) == [(f"header {name.lower()}", "absent", "a")]


def test_it_is_told_once_for_an_operation_and_a_status() -> None:
    seen = ServerHeaders()
    assert len(found(answer(DATE), answer(), seen)) == 1
    assert found(answer(DATE), answer(), seen) == []
    assert len(found(answer(DATE, status=404), answer(status=404), seen)) == 1


def test_a_connection_that_is_closed_is_another_difference() -> None:
    closing = answer(("Connection", "close"), closes=True)
    assert found(closing, answer()) == []


def test_what_the_client_asked_for_is_none() -> None:
    asking = Request("GET", "/", (("Connection", "close"),))
    assert found(answer(("Connection", "close")), answer(), request=asking) == []


GET = Request("GET", "/things")
DOCUMENTED = {"Server": {"schema": {"type": "string"}}}


def differences(
    habits: ServerHabits, *, annotated: bool = False, documented: bool = False
) -> list[str]:
    """What differs where one side alone sends `Server`, by the places of the differences."""
    thing = {"type": "string", **({"x-generated": "id"} if annotated else {})}
    content = {"application/json": {"schema": {"type": "object", "properties": {"id": thing}}}}
    headers = {"headers": DOCUMENTED} if documented else {}
    response = {"description": "all", "content": content, **headers}
    document = Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "things", "version": "1"},
            "paths": {
                "/things": {"get": {"operationId": "listThings", "responses": {"200": response}}}
            },
        }
    )
    table = SymbolTable(["right"])
    comparer = Comparer(document, table, Clock(), leader="left", habits=habits)
    operation = document.operations["listThings"]
    pair = answer(("Server", "a")), answer()
    found = comparer.compare(operation, *pair, "right", requests=(GET, GET), label="listThings")
    return [one.where for one in found]


def test_habits_of_servers_are_a_note_where_the_document_is_silent() -> None:
    habits = ServerHabits()
    assert differences(habits) == []
    sentence = "only the HTTP server of left, not that of right, sends `Server` (1 operation)"
    assert list(habits.sentences()) == [sentence]


@pytest.mark.parametrize(("annotated", "documented"), [(True, False), (False, True)])
def test_they_are_a_difference_where_it_speaks(annotated: bool, documented: bool) -> None:
    habits = ServerHabits()
    found = differences(habits, annotated=annotated, documented=documented)
    assert found == ["header server"]
    assert list(habits.sentences()) == []


def closings(habits: ServerHabits, answers: list[bool]) -> list[str]:
    """What differs where the leader closes connections as told, and its partner none."""
    document = Document(plain_document())
    comparer = Comparer(document, SymbolTable(["right"]), Clock(), leader="left", habits=habits)
    pairs = [(answer(closes=closes), answer()) for closes in answers]
    every = [comparer.compare(None, *pair, "right", requests=(GET, GET)) for pair in pairs]
    return [one.where for found in every for one in found]


def test_server_that_closes_all_connections_is_a_note() -> None:
    habits = ServerHabits()
    assert closings(habits, [True, True, True]) == []
    told = "the HTTP server of left closes the connection after every response, that of right"
    assert list(habits.sentences()) == [f"{told} keeps it open"]


def test_server_that_closes_some_connections_differs() -> None:
    habits = ServerHabits()
    assert closings(habits, [False, True, True]) == ["connection"]
    assert list(habits.sentences()) == []


HABITS: Headers = (("Keep-Alive", "timeout=5"),)


def compare(right: Variant) -> dict[str, Any]:
    with (
        serve("old", make_kiosk, old(), PREFIX) as one,
        serve("new", make_kiosk, right, PREFIX) as other,
    ):
        return run(DOCUMENT, [one, other], "--phase=examples")


def test_servers_with_other_habits_are_alike() -> None:
    report = compare(replace(new(), habits=HABITS, unsent=frozenset({"date", "server"})))
    assert (report["exit_code"], report["findings"]) == (0, [])
    told = [note for note in report["notes"] if note.startswith("only the HTTP server of")]
    assert [note.partition(" sends ")[0] for note in told] == [
        "only the HTTP server of new, not that of old,",
        "only the HTTP server of old, not that of new,",
    ]
    assert "`Keep-Alive`" in told[0]
    assert "`Date`" in told[1]
    assert "`Server`" in told[1]
