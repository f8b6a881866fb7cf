"""A recorder counts the results of exchanges, and names the parts that were never seen."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.results.exchange import Exchange
from lockstep.results.findings import Finding
from lockstep.transport.messages import NoResponse, Outcome, Request, Response
from lockstep.warrant.forms import html_text, markdown_text, write
from lockstep.warrant.model import Route
from lockstep.warrant.recorder import Recorder, request_id_of

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1"},
    "security": [{"oauth": ["orders.read"]}, {"key": []}],
    "paths": {
        "/orders/{id}": {
            "put": {
                "operationId": "putOrder",
                "security": [{"oauth": ["orders.write", "admin"]}, {}],
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "notify", "in": "query", "schema": {"type": "boolean"}},
                    {"name": "dry", "in": "query", "schema": {"type": "boolean"}},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "state": {"enum": ["open", "paid"]},
                                    "lines": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "properties": {"sku": {}, "count": {}},
                                        },
                                    },
                                },
                            }
                        }
                    }
                },
                "responses": {
                    "200": {
                        "description": "Changed",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "id": {"type": "integer"},
                                        "total": {"type": "object", "properties": {"tax": {}}},
                                        "secret": {"type": "string", "writeOnly": True},
                                    },
                                }
                            }
                        },
                    },
                    "404": {"description": "None"},
                },
            },
            "get": {"operationId": "getOrder", "responses": {"200": {"description": "It"}}},
        }
    },
    "components": {
        "securitySchemes": {
            "oauth": {"type": "oauth2", "flows": {}},
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        }
    },
}


@pytest.fixture
def recorder() -> Recorder:
    """A recorder for two targets."""
    document = Document(DOCUMENT)
    return Recorder(document, Conformance(document), ["old", "new"], lambda text, _: text)


def exchange(
    request: Request, old: Outcome, new: Outcome, *found: str, excused: str = "", known: int = 0
) -> Exchange:
    """Return an exchange with findings of these kinds."""
    label = "putOrder" if request.method == "PUT" else "getOrder"
    requests = {"old": request, "new": request}
    shown = Exchange(1, request, label, requests, {"old": old, "new": new}, {})
    shown.excused, shown.known = excused, known
    shown.seconds = {"old": 0.01, "new": 0.02}
    for kind in found:
        values = {"old": "1", "new": "2"}
        finding = Finding("parity", label, kind, "body /id", ("old", "new"), values, [shown])
        shown.findings.append(finding)
    return shown


def route_of(recorder: Recorder, name: str = "putOrder") -> Route:
    route = recorder.warrant().route(name)
    assert route is not None
    return route


GET = Request("GET", "/orders/7")
FINE = Response(200, (("Content-Type", "application/json"),), b'{"id": 7}')


def test_an_exchange_counts_as_alike_or_known_or_diverged_or_unclear(recorder: Recorder) -> None:
    recorder.note(exchange(GET, FINE, FINE))
    recorder.note(exchange(GET, FINE, FINE, known=2))
    recorder.note(exchange(GET, FINE, FINE, "value", "header", known=1))
    recorder.note(exchange(GET, FINE, FINE, excused="states had diverged"))
    route = route_of(recorder, "getOrder")
    assert (route.alike, route.known, route.diverged, route.unclear) == (1, 1, 1, 1)
    assert route.kinds == {"value": 1, "header": 1}
    assert route.latency["new"].count == 4


def test_an_equal_violation_on_both_sides_is_no_divergence(recorder: Recorder) -> None:
    broken = exchange(GET, FINE, FINE)
    values = {"old": "more than documented"}
    broken.findings.append(
        Finding("conformance", "getOrder", "body_schema", "body", ("old",), values)
    )
    recorder.note(broken)
    assert route_of(recorder, "getOrder").alike == 1


def test_missing_responses_are_counted_by_target(recorder: Recorder) -> None:
    recorder.note(exchange(GET, FINE, NoResponse("dropped"), "outcome"))
    recorder.failed("GET", "/orders/7", "old")
    assert route_of(recorder, "getOrder").failed == {"new": 1, "old": 1}


def test_setup_requests_are_not_counted(recorder: Recorder) -> None:
    prepares = exchange(GET, FINE, FINE)
    prepares.sets_up = True
    recorder.note(prepares)
    assert route_of(recorder, "getOrder").compared == 0


def test_a_finding_has_the_id_of_its_latest_request(recorder: Recorder) -> None:
    first = exchange(GET.with_header("X-Request-Id", "a"), FINE, FINE, "value")
    recorder.note(first)
    again = exchange(GET.with_header("X-Request-Id", "b"), FINE, FINE)
    again.findings = first.findings
    recorder.note(again)
    (finding,) = route_of(recorder, "getOrder").findings
    assert (finding.count, finding.request_id) == (2, "b")
    assert "`id`" in finding.sentence or "`Order.id`" in finding.sentence


def bearer(claims: dict[str, Any]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"Bearer eyJhbGciOiJub25lIn0.{payload}.c2ln"


def test_unseen_parts_of_the_document_are_named(recorder: Recorder) -> None:
    body = json.dumps({"state": "open", "lines": [{"sku": "a"}]}).encode()
    headers = (
        ("Content-Type", "application/json"),
        ("Authorization", bearer({"scope": "orders.write profile"})),
    )
    request = Request("PUT", "/orders/7?notify=true", headers, body)
    recorder.note(exchange(request, FINE, FINE))
    assert route_of(recorder).never_seen == {
        "parameters": {"query dry"},
        "values": {"state = paid"},
        "request_members": {"lines/*/count"},
        "media_types": frozenset(),
        "credentials": {"oauth admin", "none"},
        "statuses": {"404"},
        "response_members": {"200 total", "200 total/tax"},
    }
    recorder.note(exchange(Request("PUT", "/orders/8?dry=1"), Response(404), Response(404)))
    seen = route_of(recorder).never_seen
    assert seen["parameters"] == seen["statuses"] == frozenset()
    assert seen["credentials"] == {"oauth admin"}


def test_security_of_the_document_applies_to_its_operations(recorder: Recorder) -> None:
    recorder.note(exchange(GET.with_header("X-Key", "k"), FINE, FINE))
    assert route_of(recorder, "getOrder").never_seen["credentials"] == {
        "oauth",
        "oauth orders.read",
    }


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-Request-ID", "abc-1", "abc-1"),
        ("X-Correlation-Id", "abc-2", "abc-2"),
        ("traceparent", f"00-{'a' * 32}-{'b' * 16}-01", "a" * 32),
        ("X-Request-ID", "maria@mail.example", None),
        ("X-Request-ID", "a" * 200, None),
        ("traceparent", "nonsense", None),
    ],
)
def test_a_request_has_an_id_from_its_headers(name: str, value: str, expected: str | None) -> None:
    assert request_id_of(GET.with_header(name, value)) == expected


def test_pages_escape_what_servers_send(recorder: Recorder, tmp_path: Path) -> None:
    evil = exchange(GET, FINE, FINE, "value")
    evil.findings[0].values = {"old": '"<script>"', "new": '"|</td>"'}
    recorder.note(evil)
    warrant = recorder.warrant(["a `note` <b>"])
    assert "<script>" not in html_text(warrant)
    assert "<script>" not in markdown_text(warrant)
    assert "a <code>note</code> \\<b\\>" in markdown_text(warrant)
    write(warrant, tmp_path / "new" / "warrant.md")
    assert (tmp_path / "new" / "warrant.md").read_text() == markdown_text(warrant)
    with pytest.raises(ValueError, match=r"written as \.json, \.html, \.md"):
        write(warrant, tmp_path / "warrant.txt")
