"""Accounts and resources older than the shadow are reported once and not judged."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from fixtures.notes_server import DOCUMENT as NOTES
from fixtures.proxied import Proxied, admin_of, proxied, until
from fixtures.scripted_server import plain, scripted

from lockstep.proxy import ProxySettings
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target
from lockstep.warrant import Route

Servers = Callable[..., list[Target]]
ALL = ProxySettings(port=0, methods=None)
ACCOUNT = {"name": "alice", "password": "secret"}


def directly(target: Target, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """Send a request to a server before there is a proxy; returns the JSON of the response."""
    headers = [("Content-Type", "application/json")]
    if token:
        headers.append(("Authorization", f"Bearer {token}"))
    data = json.dumps(body).encode() if body is not None else None
    answer = target.send(Request(method, path, tuple(headers), data))
    assert isinstance(answer, Response)
    return json.loads(answer.body)


def route_of(run: Run, name: str) -> Route:
    assert run.warrant is not None
    route = run.warrant.route(name)
    assert route is not None
    return route


@pytest.fixture
def targets(servers: Servers) -> list[Target]:
    """Two sound servers, each with its own database."""
    return servers()


def log_in(work: Proxied) -> str:
    return str(json.loads(work.send("POST", "/sessions", ACCOUNT).body)["access_token"])


def test_a_user_missing_in_the_shadow_is_reported_once(run: Run, targets: list[Target]) -> None:
    directly(targets[0], "POST", "/users", ACCOUNT)
    token = directly(targets[0], "POST", "/sessions", ACCOUNT)["access_token"]
    with proxied(run, targets, ALL) as work:
        for _ in range(30):
            assert work.send("GET", "/notes", None, token).status == 200
        counts = work.end()
    assert counts.set_aside == 30
    assert run.ledger.findings.all() == []
    assert run.not_judged == ["GET /notes: 1 account unknown to right, 30 requests not judged"]
    route = route_of(run, "GET /notes")
    assert route.set_aside == {"account unknown to right": 30}
    assert (route.compared, route.requests) == (0, 30)


def test_a_log_in_of_a_user_missing_in_the_shadow_is_not_judged(
    run: Run, targets: list[Target]
) -> None:
    directly(targets[0], "POST", "/users", ACCOUNT)
    with proxied(run, targets, ALL) as work:
        token = log_in(work)
        work.send("GET", "/notes", None, token)
        work.end()
    assert run.ledger.findings.all() == []
    assert run.not_judged == [
        "GET /notes: 1 account unknown to right, 1 request not judged",
        "POST /sessions: 1 account unknown to right, 1 request not judged",
    ]


def test_a_user_who_registers_later_is_judged_from_then_on(run: Run, targets: list[Target]) -> None:
    with proxied(run, targets, ALL) as work:
        token = work.log_in()
        work.send("GET", "/notes", None, token)
        counts = work.end()
    assert (counts.set_aside, counts.mirrored) == (0, 3)
    assert route_of(run, "GET /notes").alike == 1


def test_a_user_that_the_shadow_forgets_is_a_divergence(run: Run) -> None:
    forgotten = threading.Event()

    def forgets(handler: BaseHTTPRequestHandler) -> None:
        if not forgotten.is_set():
            listing(handler)
        else:
            handler.send_response(401)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    with (
        scripted("left", listing) as left,
        scripted("right", forgets) as right,
        proxied(run, [left, right], replace(ALL, admin=("127.0.0.1", 0))) as work,
    ):
        work.send("GET", "/notes", None, "a-token-of-somebody")
        until(admin_of(work), lambda now: now.total.compared == 1)
        forgotten.set()
        work.send("GET", "/notes", None, "a-token-of-somebody")
        work.end()
    assert (route_of(run, "GET /notes").alike, route_of(run, "GET /notes").diverged) == (1, 1)


def listing(handler: BaseHTTPRequestHandler) -> None:
    plain(handler, b'{"data": [], "next_cursor": null}', ("Content-Type", "application/json"))


def test_a_resource_missing_in_the_shadow_is_reported_once(run: Run, targets: list[Target]) -> None:
    with proxied(run, targets, ALL) as work:
        token = work.log_in()
        note = directly(targets[0], "POST", "/notes", {"text": "old"}, token)["id"]
        for _ in range(5):
            assert work.send("GET", f"/notes/{note}", None, token).status == 200
        work.end()
    assert run.ledger.findings.all() == []
    assert "GET /notes/{note_id}: 1 thing unknown to right, 5 requests not judged" in run.not_judged


def test_a_resource_missing_with_a_shared_database_is_a_divergence(servers: Servers) -> None:
    run = Run(Settings(NOTES, require_coverage=False))
    targets = servers()
    directly(targets[0], "POST", "/users", ACCOUNT)
    token = directly(targets[0], "POST", "/sessions", ACCOUNT)["access_token"]
    with proxied(run, targets, ProxySettings(port=0)) as work:
        work.send("GET", "/notes", None, token)
        work.end()
    assert route_of(run, "GET /notes").diverged == 1
