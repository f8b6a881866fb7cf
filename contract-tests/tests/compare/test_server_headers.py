"""What HTTP servers send by themselves: whether it is there is compared, and reported once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from fixtures.flask_servers import Variant, new, old, serve
from fixtures.kiosk_server import DOCUMENT, PREFIX, make_kiosk
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


@pytest.mark.parametrize("name", ["Date", "Server", "X-Powered-By", "Connection", "Keep-Alive"])
def test_one_that_only_one_side_sends_is_found_from_both_sides(name: str) -> None:
    with_it, without = answer((name, "a")), answer()
    assert found(with_it, without) == [(f"header {name.lower()}", "a", "absent")]
    assert found(without, with_it) == [(f"header {name.lower()}", "absent", "a")]


def test_a_server_header_is_reported_once_for_an_operation_and_a_status() -> None:
    seen = ServerHeaders()
    assert len(found(answer(DATE), answer(), seen)) == 1
    assert found(answer(DATE), answer(), seen) == []
    assert len(found(answer(DATE, status=404), answer(status=404), seen)) == 1


def test_a_connection_that_is_closed_is_another_difference() -> None:
    closing = answer(("Connection", "close"), closes=True)
    assert found(closing, answer()) == []


def test_a_connection_header_requested_by_the_client_is_no_difference() -> None:
    asking = Request("GET", "/", (("Connection", "close"),))
    assert found(answer(("Connection", "close")), answer(), request=asking) == []


GET = Request("GET", "/things")
ONE_SENDS_SERVER = [(answer(("Server", "a")), answer())]
DOCUMENTED = {"Server": {"schema": {"type": "string"}}}


def differences(
    habits: ServerHabits,
    *,
    annotated: bool = False,
    documented: bool = False,
    pairs: Sequence[tuple[Response, Response]] = ONE_SENDS_SERVER,
    about: str = "all",
) -> list[str]:
    """The places of what differs between two servers, of which one alone sends `Server`."""
    thing = {"type": "string", **({"x-generated": "id"} if annotated else {})}
    content = {"application/json": {"schema": {"type": "object", "properties": {"id": thing}}}}
    headers = {"headers": DOCUMENTED} if documented else {}
    response = {"description": about, "content": content, **headers}
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
    found = [
        comparer.compare(operation, *pair, "right", requests=(GET, GET), label="listThings")
        for pair in pairs
    ]
    return [one.where for several in found for one in several]


def test_habits_of_servers_are_a_note_where_the_document_is_silent() -> None:
    habits = ServerHabits()
    assert differences(habits) == []
    sentence = "only the HTTP server of left, not that of right, sends `Server` (1 operation)"
    assert list(habits.sentences()) == [sentence]


def test_so_is_whether_they_close_connections() -> None:
    habits = ServerHabits()
    closed = answer(closes=True)
    assert differences(habits, pairs=[(closed, answer())] * 2) == []
    sentence = (
        "only the HTTP server of left, not that of right, closes the connection "
        "after responses (1 operation)"
    )
    assert list(habits.sentences()) == [sentence]
    both_ways = [(answer(), closed)] * 2
    assert differences(habits, annotated=True, pairs=both_ways) == ["connection"]


@pytest.mark.parametrize(("annotated", "documented"), [(True, False), (False, True)])
def test_they_are_a_difference_where_it_speaks(annotated: bool, documented: bool) -> None:
    habits = ServerHabits()
    found = differences(habits, annotated=annotated, documented=documented)
    assert found == ["header server"]
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
    notes = [note for note in report["notes"] if note.startswith("only the HTTP server of")]
    assert [note.partition(" sends ")[0] for note in notes] == [
        "only the HTTP server of new, not that of old,",
        "only the HTTP server of old, not that of new,",
    ]
    assert "`Keep-Alive`" in notes[0]
    assert "`Date`" in notes[1]
    assert "`Server`" in notes[1]


def test_the_name_of_a_framework_is_a_note() -> None:
    habits = ServerHabits()
    pairs = [(answer(), answer(("X-Powered-By", "Express")))]
    assert differences(habits, pairs=pairs) == []
    sentence = "only the HTTP server of right, not that of left, sends `X-Powered-By` (1 operation)"
    assert list(habits.sentences()) == [sentence]
    assert differences(habits, annotated=True, pairs=pairs) == ["header x-powered-by"]


def page(status: int, text: str, *headers: tuple[str, str], media: str = "text/html") -> Response:
    return Response(status, (("Content-Type", media), *headers), text.encode())


def nowhere(
    habits: ServerHabits, left: Response, right: Response, media: str = "application/json"
) -> list[str]:
    """The places of what differs between two responses to a request that is not documented."""
    response = {"description": "all", "content": {media: {"schema": {}}}}
    document = Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "things", "version": "1"},
            "paths": {"/things": {"get": {"responses": {"200": response}}}},
        }
    )
    comparer = Comparer(document, SymbolTable(["right"]), Clock(), leader="left", habits=habits)
    found = comparer.compare(None, left, right, "right", label="PUT /things")
    return [one.where for one in found]


FLASK = page(405, "<title>405 Method Not Allowed</title>", ("Allow", "GET"))
EXPRESS = page(404, "<pre>Cannot PUT /things</pre>", ("X-Content-Type-Options", "nosniff"))


def test_error_pages_of_frameworks_for_what_is_not_documented_are_a_note() -> None:
    habits = ServerHabits()
    assert nowhere(habits, FLASK, EXPRESS) == []
    assert nowhere(habits, page(404, "<title>404 Not Found</title>"), EXPRESS) == []
    assert list(habits.sentences()) == [
        "the frameworks of left and right have different error pages for undocumented paths and "
        f"methods: {codes} (1 operation)"
        for codes in ("404", "405 and 404")
    ]


@pytest.mark.parametrize(
    ("left", "right", "media", "expected"),
    [
        # An error handler of the application, on one side or on both.
        (page(404, '{"error": "none"}', media="application/json"), EXPRESS, "", "header"),
        (FLASK, page(404, '{"error": "none"}', media="application/json"), "", "status"),
        # One side has a route.
        (page(200, "<p>all</p>"), EXPRESS, "", "status"),
        (page(401, "<p>who?</p>"), EXPRESS, "", "status"),
        (page(500, "<p>bug</p>"), page(500, "<p>a bug</p>"), "", "body"),
        # Pages are what the application serves.
        (page(404, "<title>None</title>"), EXPRESS, "text/html", "body"),
    ],
)
def test_a_refusal_by_one_application_alone_is_a_difference(
    left: Response, right: Response, media: str, expected: str
) -> None:
    habits = ServerHabits()
    found = nowhere(habits, left, right, media or "application/json")
    assert any(where.startswith(expected) for where in found)
    assert list(habits.sentences()) == []


def test_every_405_has_to_name_the_allowed_methods() -> None:
    assert nowhere(ServerHabits(), FLASK, page(405, "<p>no</p>")) == ["header allow"]


TAGGED, UNTAGGED = (
    page(200, "[]", *tag, media="application/json") for tag in ([("ETag", '"1"')], [])
)


def test_entity_tags_that_only_one_framework_sends_are_a_note() -> None:
    habits = ServerHabits()
    assert differences(habits, pairs=[(UNTAGGED, TAGGED)] * 2) == []
    sentence = "only the HTTP server of right, not that of left, sends `Etag` (1 operation)"
    assert list(habits.sentences()) == [sentence]


def test_so_they_are_not_if_either_server_does_otherwise_at_times() -> None:
    both_send = [(TAGGED, TAGGED), (UNTAGGED, TAGGED)]
    assert differences(ServerHabits(), pairs=both_send) == ["header etag"]
    neither_sends = [(UNTAGGED, UNTAGGED), (UNTAGGED, TAGGED)]
    assert differences(ServerHabits(), pairs=neither_sends) == ["header etag"]
    assert differences(ServerHabits(), pairs=[(UNTAGGED, TAGGED)], annotated=True) == [
        "header etag"
    ]


def test_so_they_are_not_if_the_document_speaks_of_them() -> None:
    pairs = [(UNTAGGED, TAGGED)]
    assert differences(ServerHabits(), pairs=pairs, about="The ETag changes.") == ["header etag"]
    assert differences(ServerHabits(), pairs=pairs, about="All stages.") == []
