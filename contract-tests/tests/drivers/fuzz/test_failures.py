"""Failures reported by Schemathesis checks are verified against the responses."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from fixtures.scripted import answer, exchanger
from fixtures.scripted_server import plain, scripted
from schemathesis.openapi.checks import EnsureResourceAvailability

from lockstep.cli import main
from lockstep.drivers.fuzz.failures import FailureFilter
from lockstep.drivers.fuzz.threads import ended_threads_noted
from lockstep.transport.messages import Outcome, Request

Answering = Callable[[BaseHTTPRequestHandler], None]

LONG = {"type": "string", "minLength": 3}
HEADER = {"name": "X-Tenant", "in": "header", "required": True, "schema": LONG}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Tenants", "version": "1"},
    "paths": {
        "/things": {
            "get": {
                "parameters": [HEADER],
                "responses": {
                    "200": {"description": "ok", "content": {"text/plain": {}}},
                    "400": {"description": "which tenant?"},
                    "401": {"description": "which tenant?"},
                },
            }
        }
    },
}


def wanting(status: int, body: bytes = b"things") -> Answering:
    """Return a server that responds with a status code if the header is missing or short."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if len(handler.headers.get("X-Tenant", "")) >= 3 or status == 200:
            plain(handler, body)
            return
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def compare(
    tmp_path: Path, old: Answering, new: Answering, text: str = json.dumps(DOCUMENT)
) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code and the findings of a short run on two servers."""
    document, report = tmp_path / "openapi.json", tmp_path / "report.json"
    document.write_text(text)
    with scripted("old", old) as first, scripted("new", new) as second:
        targets = [f"--target={each.name}={each.base_url}" for each in (first, second)]
        options = ["--profile=quick", "--phase=coverage", f"--json={report}"]
        result = CliRunner().invoke(main, ["run", str(document), *targets, *options])
    return result.exit_code, json.loads(report.read_text())["findings"]


@pytest.mark.parametrize(("status", "accepted"), [(401, False), (419, False), (200, True)])
def test_invalid_requests_may_be_refused_with_any_error_status(
    tmp_path: Path, status: int, accepted: bool
) -> None:
    exit_code, findings = compare(tmp_path, wanting(status), wanting(status))
    assert exit_code == 0
    found = [each["sentence"] for each in findings]
    assert any("Missing required header" in sentence for sentence in found) is accepted
    assert any("violating request accepted" in sentence for sentence in found) is accepted


def test_a_target_that_accepts_invalid_requests_is_named_whatever_else_differs(
    tmp_path: Path,
) -> None:
    _, found = compare(tmp_path, wanting(200), wanting(200, b"other"))
    (missing,) = [each for each in found if each["kind"] == "MissingHeaderNotRejected"]
    assert missing["sentence"].startswith("Old and new violate")


@pytest.mark.parametrize("name", ["Accept", "content-type", "Authorization"])
def test_headers_that_parameters_cannot_describe_are_not_required(
    tmp_path: Path, name: str
) -> None:
    text = json.dumps(DOCUMENT).replace("X-Tenant", name)
    _, findings = compare(tmp_path, wanting(200), wanting(200), text)
    found = [each["sentence"] for each in findings]
    assert not [sentence for sentence in found if "accepted" in sentence]


def test_json_beyond_the_limits_of_the_parser_does_not_end_the_engine(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = {"200": {"description": "ok", "content": {"application/json": {"schema": {}}}}}
    paths = {path: {"get": {"responses": content}} for path in ("/deep", "/flat")}
    seen = []

    def serve(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.path)
        body = b"[" * 5_000 + b"]" * 5_000 if handler.path == "/deep" else b"[]"
        plain(handler, body, ("Content-Type", "application/json"))

    exit_code, _ = compare(tmp_path, serve, serve, json.dumps(DOCUMENT | {"paths": paths}))
    assert exit_code == 0
    assert "/flat" in seen[seen.index("/deep") :]
    assert "Traceback" not in capfd.readouterr().err


def test_exception_in_a_thread_of_the_engine_is_noted_without_a_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise LookupError("no such thing")

    noted: list[str] = []
    with ended_threads_noted(noted.append):
        thread = Thread(target=fail, name="schemathesis_unit_tests_0")
        thread.start()
        thread.join()
    (sentence,) = noted
    assert "ended the generated requests early: LookupError: no such thing" in sentence
    assert not capfd.readouterr().err


def notes(request: Request) -> Outcome:
    """A server that loses notes, which are numbered within their card."""
    path = request.path.strip("/").split("/")
    known = {"a": 5, "b": 1}
    if request.method == "POST":
        return answer({"id": known[path[1]]}, 201)
    return answer(status=404)


def document_of_notes() -> dict[str, Any]:
    """Return the paths of notes in cards."""
    note = {"type": "object", "properties": {"id": {"type": "integer"}}}
    made = {"description": "made", "content": {"application/json": {"schema": note}}}
    gone = {"204": {"description": "gone"}, "404": {"description": "not there"}}
    return {
        "/cards/{card}/notes": {"post": {"operationId": "addNote", "responses": {"201": made}}},
        "/cards/{card}/notes/{note_id}": {
            "delete": {"operationId": "removeNote", "responses": gone}
        },
    }


@pytest.mark.parametrize(("card", "is_reported"), [("a", True), ("b", False)])
def test_a_resource_created_in_one_parent_need_not_exist_in_another(
    card: str, is_reported: bool
) -> None:
    sender, _ = exchanger(notes, notes, paths=document_of_notes())
    for each in ("a", "b"):
        sender.send(Request("POST", f"/cards/{each}/notes", actor="alice"))
    lost = sender.send(Request("DELETE", f"/cards/{card}/notes/5", actor="alice"))
    failure = EnsureResourceAvailability(
        operation="removeNote",
        created_with="addNote",
        not_available_with="removeNote",
        message="not there",
    )
    transport = SimpleNamespace(exchange_of=lambda _: lost)
    held = FailureFilter(sender, transport)  # type: ignore[arg-type]
    held.filter_failure(None, failure, SimpleNamespace(id="1"), None)  # type: ignore[arg-type]
    found = [each.kind for each in sender.ledger.findings.all()]
    assert found == (["EnsureResourceAvailability"] if is_reported else [])
