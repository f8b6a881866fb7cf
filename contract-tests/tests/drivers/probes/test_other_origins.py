"""Web applications of other origins read responses that allow them, after preflight requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.probes.driver import probe
from lockstep.drivers.walk.driver import walk
from lockstep.results.findings import PARITY
from lockstep.transport.messages import Outcome, Request

NOTE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
JSON = {"content": {"application/json": {"schema": NOTE}}}
PATHS: dict[str, Any] = {
    "/notes": {
        "get": {
            "operationId": "listNotes",
            "parameters": [{"name": "X-Trace", "in": "header", "schema": {"type": "string"}}],
            "responses": {"200": {"description": "all"}},
        },
        "post": {
            "operationId": "createNote",
            "requestBody": {"required": True, **JSON},
            "responses": {"201": {"description": "made", **JSON}},
        },
    }
}
APPLICATION = "https://app.example.com"

Allowed = Callable[[Request], dict[str, str]]


def allowing(*origins: str) -> Allowed:
    """Return the header fields for requests of some origins."""

    def fields(request: Request) -> dict[str, str]:
        origin = request.header("origin")
        if origin not in origins:
            return {}
        found = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        if request.method == "OPTIONS":
            found |= {
                "Access-Control-Allow-Methods": "GET, POST",
                "Access-Control-Allow-Headers": request.header("access-control-request-headers")
                or "",
            }
        return found

    return fields


def nothing(_request: Request) -> dict[str, str]:
    return {}


def server(allowed: Allowed) -> Callable[[Request], Outcome]:
    """Return a server of notes."""

    def respond(request: Request) -> Outcome:
        fields = allowed(request)
        if request.path.partition("?")[0] != "/notes":
            return answer({}, 404, fields)
        if request.method == "OPTIONS":
            return answer(None, 204 if fields else 405, fields)
        if request.method == "POST":
            return answer({"text": "made"}, 201, fields)
        return answer([], 200 if request.method == "GET" else 405, fields)

    return respond


def differences(
    left: Allowed, right: Allowed, origins: Sequence[str] = (), told: str = ""
) -> tuple[set[str], list[Request]]:
    """Return where two servers of notes differ, and what was sent to the first one.

    `told` is the description of the API.
    """
    both, targets = exchanger(server(left), server(right), paths=PATHS)
    both.ledger.document.modern["info"]["description"] = told
    probe(walk(both, None, lambda *_: None), origins)
    every = (each for each in both.ledger.findings.all() if each.category == PARITY)
    found = {f"{each.operation} {each.where}" for each in every}
    return found, targets[0].sent


def preflights(sent: Sequence[Request]) -> list[tuple[tuple[str, str], ...]]:
    return [
        each.headers
        for each in sent
        if each.path == "/notes" and each.header("access-control-request-method") is not None
    ]


def test_a_usual_origin_is_found_and_asks_before_each_operation() -> None:
    local = allowing("http://localhost:3000")

    found, sent = differences(local, local)

    assert found == set()
    assert [dict(each) for each in preflights(sent)] == [
        {
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": name,
        }
        for method, name in (("GET", "x-trace"), ("POST", "content-type"))
    ]


def test_an_origin_that_a_description_names_is_found() -> None:
    found, _ = differences(allowing(APPLICATION), nothing, told=f"The page {APPLICATION} uses it.")

    assert any("access-control-allow-origin" in each for each in found)


def test_nothing_more_is_sent_where_no_origin_is_allowed() -> None:
    found, sent = differences(nothing, nothing)

    assert found == set()
    assert preflights(sent) == []


@pytest.mark.parametrize(
    ("left", "right"), [(allowing(APPLICATION), nothing), (nothing, allowing(APPLICATION))]
)
def test_an_origin_that_one_side_allows_is_found(left: Allowed, right: Allowed) -> None:
    found, _ = differences(left, right, [APPLICATION])

    assert any("access-control-allow-origin" in each for each in found)
    assert any(each.startswith("OPTIONS") and each.endswith("status") for each in found)


def test_an_origin_that_one_side_allows_to_anyone_is_found() -> None:
    known, anyone = allowing(APPLICATION), allowing(APPLICATION, "https://lockstep.example")

    found, _ = differences(known, anyone, [APPLICATION])

    assert any("access-control-allow-origin" in each for each in found)


def test_a_preflight_request_without_a_header_field_on_one_side_is_found() -> None:
    def shorter(request: Request) -> dict[str, str]:
        fields = allowing(APPLICATION)(request)
        fields.pop("Access-Control-Allow-Headers", None)
        return fields

    found, _ = differences(allowing(APPLICATION), shorter, [APPLICATION])

    assert {each.partition(" header ")[2] for each in found} == {"access-control-allow-headers"}


def test_preflight_requests_that_allow_different_header_fields_are_found() -> None:
    def fewer(request: Request) -> dict[str, str]:
        fields = allowing(APPLICATION)(request)
        if "Access-Control-Allow-Headers" in fields:
            fields["Access-Control-Allow-Headers"] = "authorization"
        return fields

    found, sent = differences(allowing(APPLICATION), fewer, [APPLICATION])

    assert {each.partition(" header ")[2] for each in found} == {"access-control-allow-headers"}
    asked = {dict(each)["Access-Control-Request-Headers"] for each in preflights(sent)}
    assert asked == {"x-trace", "content-type"}
