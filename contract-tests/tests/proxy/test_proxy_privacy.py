"""Users' data stays private: it is masked in all output of a proxy."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fixtures.proxied import Proxied, admin_of, proxied, read, until
from fixtures.scripted_server import plain, scripted

from lockstep.proxy import ProxySettings
from lockstep.proxy.keeping import NOT_KEPT, Keeper
from lockstep.proxy.settings import Kept
from lockstep.report.data import as_data
from lockstep.report.forms import FORMS
from lockstep.results.exchange import Exchange
from lockstep.results.findings import Finding
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request
from lockstep.warrant.forms import FORMS as WARRANT_FORMS

EMAIL, PASSWORD, TOKEN, PIN = "maria.gomez@mail.example", "hunter2", "tok_5f2ab99c41d7", "9f31"
ADMIN = ("127.0.0.1", 0)
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Accounts", "version": "1"},
    "paths": {
        "/accounts": {
            "post": {
                "operationId": "makeAccount",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "email": {"type": "string", "format": "email"},
                                    "password": {"type": "string", "format": "password"},
                                    "pin": {"type": "string", "format": "password"},
                                },
                            }
                        }
                    }
                },
                "responses": {"201": {"description": "Made"}},
            }
        },
        "/accounts/{email}": {
            "get": {
                "operationId": "getAccount",
                "parameters": [
                    {"name": "email", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "responses": {"200": {"description": "It"}},
            }
        },
    },
}


def account(name: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return a server that echoes its input; values that differ or change contain secrets, too."""
    numbers = count()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        shown: dict[str, Any] = {
            "email": f"{name}.{EMAIL}",
            "contact": f"write to {EMAIL} or call {name}",
            "access_token": f"{TOKEN}-{name}",
            "pin": PIN,
            "members": {EMAIL: name},
            # It changes on each request, on the same server as well.
            "greeting": f"{next(numbers)} mails wait for {EMAIL}",
        }
        cookie = ("Set-Cookie", f"session={TOKEN}; Path=/")
        body = json.dumps(shown).encode()
        plain(handler, body, ("Content-Type", "application/json"), cookie)

    return answer


def use(work: Proxied) -> None:
    """Send requests like real users."""
    headers = (("Content-Type", "application/json"), ("Authorization", f"Bearer {TOKEN}"))
    body = json.dumps({"email": EMAIL, "password": PASSWORD, "pin": PIN}).encode()
    work.client.send(Request("POST", "/accounts", headers, body))
    form = f"email=maria.gomez%40mail.example&password={PASSWORD}".encode()
    sent = (("Content-Type", "application/x-www-form-urlencoded"),)
    work.client.send(Request("POST", "/accounts", sent, form))
    work.client.send(Request("GET", f"/accounts/{EMAIL}?token={TOKEN}", headers))
    encoded = base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()
    basic = (("Authorization", f"Basic {encoded}"),)
    work.client.send(Request("GET", "/accounts/maria.gomez%40mail.example", basic))


def leaks(text: str) -> list[str]:
    """Return the planted texts that are found in a text."""
    encoded = base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()
    planted = (EMAIL, "maria.gomez", PASSWORD, TOKEN, f'"{PIN}"', f"{PIN}\\", encoded)
    return [each for each in planted if each in text]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with a document that declares secrets."""
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(DOCUMENT))
    return Run(Settings(document, require_coverage=False))


@pytest.mark.parametrize("kept", [Kept(), Kept(requests=0)], ids=["masked", "none"])
def test_no_secret_reaches_a_page_a_file_or_the_terminal(
    run: Run, kept: Kept, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = ProxySettings(port=0, methods=None, admin=ADMIN, kept=kept)
    with (
        scripted("old", account("old")) as old,
        scripted("new", account("new")) as new,
        proxied(run, [old, new], settings) as work,
    ):
        use(work)
        until(admin_of(work), lambda now: now.total.diverged >= 4)
        for path in ("/warrant", "/warrant.html", "/warrant.md", "/metrics"):
            assert leaks(read(admin_of(work) + path)) == [], path
        work.end()
    data = as_data(run.finish())
    assert data["findings"]
    assert {text for noise in data["noise"] for text in noise["examples"]} == {NOT_KEPT}
    for form, text_of in FORMS.items():
        assert leaks(text_of(data)) == [], form
    assert run.warrant is not None
    for ending, warrant_text_of in WARRANT_FORMS.items():
        assert leaks(warrant_text_of(run.warrant)) == [], ending
    assert leaks("".join(capfd.readouterr())) == []


def test_without_keeping_only_counts_and_places_are_kept(run: Run) -> None:
    settings = ProxySettings(port=0, methods=None, kept=Kept(requests=0))
    with (
        scripted("old", account("old")) as old,
        scripted("new", account("new")) as new,
        proxied(run, [old, new], settings) as work,
    ):
        use(work)
        work.end()
    findings = run.ledger.findings.all()
    assert findings
    assert all(not one.sequence and not one.exemplars and not one.lately for one in findings)
    assert {value for one in findings for value in one.values.values()} == {NOT_KEPT}
    data = as_data(run.finish())
    assert data["verdict"] == "not alike"
    assert all(not finding["steps"] for finding in data["findings"])
    assert run.warrant is not None
    route = run.warrant.route("makeAccount")
    assert route is not None
    assert route.diverged == 2


def finding(operation: str) -> tuple[Finding, Exchange]:
    """Return a finding with steps, and an exchange that shows it."""
    exchange = Exchange(1, Request("GET", "/"), operation, {}, {}, {})
    found = Finding("parity", operation, "value", "body", ("new",), {"new": "1"}, [exchange])
    exchange.findings.append(found)
    return found, exchange


def test_only_the_latest_findings_are_kept() -> None:
    keeper = Keeper(Kept(requests=2))
    every = [finding(name) for name in ("a", "b", "c")]
    for _, exchange in every:
        keeper.note(exchange)
    assert [bool(found.sequence) for found, _ in every] == [False, True, True]


def test_old_findings_are_not_kept() -> None:
    time = [0.0]
    keeper = Keeper(Kept(seconds=60), clock=lambda: time[0])
    (old, first), (new, second) = finding("a"), finding("b")
    keeper.note(first)
    time[0] = 100.0
    keeper.note(second)
    assert not old.sequence
    assert new.sequence
