"""--include and --exclude limit a run to some operations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask
import pytest
from click.testing import CliRunner, Result
from fixtures.flask_servers import Variant, pair

from lockstep.cli import main

ANSWER = {"description": "ok", "content": {"application/json": {"schema": {}}}}
ITEM = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
BODY = {"required": True, "content": {"application/json": {"schema": ITEM}}}
IDENT = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
RAW: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "lists", "version": "1"},
    "paths": {
        "/items": {
            "get": {"operationId": "listItems", "responses": {"200": ANSWER}},
            "post": {
                "operationId": "createItem",
                "requestBody": BODY,
                "responses": {"201": ANSWER, "400": ANSWER},
            },
            "delete": {"operationId": "clear", "responses": {"204": {"description": "gone"}}},
        },
        "/items/{id}": {
            "get": {
                "operationId": "getItem",
                "parameters": [IDENT],
                "responses": {"200": ANSWER, "404": ANSWER},
            }
        },
        "/shutdown": {"post": {"operationId": "shutDown", "responses": {"202": ANSWER}}},
        "/ping": {"get": {"operationId": "ping", "responses": {"200": ANSWER}}},
    },
}
SEEN: Counter[str] = Counter()


def make(variant: Variant) -> flask.Flask:
    """A server; with the fault `shouts`, `/ping` and single items are in upper case."""
    app = flask.Flask("lists")
    items: dict[int, str] = {}

    def rendered(text: str) -> str:
        return text.upper() if variant.has("shouts") else text

    @app.before_request
    def note() -> None:
        SEEN[f"{flask.request.method} {flask.request.path}"] += 1

    @app.get("/items")
    def list_items() -> Any:
        return [{"id": ident, "text": text} for ident, text in items.items()]

    @app.post("/items")
    def create_item() -> Any:
        body = flask.request.get_json(silent=True)
        if not isinstance(body, dict) or not isinstance(body.get("text"), str):
            return {"error": "bad"}, 400
        items[len(items) + 1] = body["text"]
        return {"id": len(items), "text": body["text"]}, 201

    @app.delete("/items")
    def clear() -> Any:
        items.clear()
        return "", 204

    @app.get("/items/<int:ident>")
    def get_item(ident: int) -> Any:
        if ident not in items:
            return {"error": "none"}, 404
        return {"id": ident, "text": items[ident], "kind": rendered("item")}

    @app.post("/shutdown")
    def shut_down() -> Any:
        return {"bye": True}, 202

    @app.get("/ping")
    def ping() -> Any:
        return {"pong": rendered("yes")}

    return app


@contextmanager
def servers() -> Iterator[list[str]]:
    """The options for two servers, the second of which shouts."""
    SEEN.clear()
    with pair(make, "shouts") as targets:
        yield [f"--target={each.name}={each.base_url}" for each in targets]


def lockstep(folder: Path, command: str, *options: str) -> tuple[Result, dict[str, Any]]:
    """The result of the command against both servers, and its report."""
    document, report = folder / "openapi.json", folder / "report.json"
    document.write_text(json.dumps(RAW))
    given = [*options] if command == "replay" else [str(document), *options]
    given += [str(document)] if command == "replay" else ["--profile=quick", "--no-self-check"]
    with servers() as targets:
        done = CliRunner().invoke(main, [command, *given, *targets, f"--json={report}"])
    return done, json.loads(report.read_text()) if report.exists() else {}


@pytest.fixture(autouse=True)
def no_raw_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable slow stages that belong to no operation."""
    monkeypatch.setattr("lockstep.run.Run.general_traps", lambda *_: None)


def test_no_request_is_sent_to_an_excluded_operation(tmp_path: Path) -> None:
    done, report = lockstep(tmp_path, "run", "--exclude=shutDown", "--exclude=DELETE /items")
    assert done.exit_code == 1, done.output
    assert SEEN["POST /items"] > 0
    assert (SEEN["POST /shutdown"], SEEN["DELETE /items"]) == (0, 0)
    assert "`POST /shutdown` is excluded." in report["not_tested"]
    assert "`DELETE /items` is excluded." in report["not_tested"]


def test_without_exclude_all_operations_are_requested(tmp_path: Path) -> None:
    lockstep(tmp_path, "run")
    assert SEEN["POST /shutdown"] > 0
    assert SEEN["DELETE /items"] > 0


def test_only_included_operations_are_compared(tmp_path: Path) -> None:
    done, report = lockstep(tmp_path, "run", "--include=getItem")
    assert done.exit_code == 1, done.output
    places = {place["operation"] for one in report["findings"] for place in one["places"]}
    assert places == {"getItem"}
    assert (SEEN["DELETE /items"], SEEN["POST /shutdown"]) == (0, 0)
    # Prerequisite requests, which create an item, are sent as well.
    assert SEEN["POST /items"] > 0
    assert "only getItem: the rest was not judged" in report["untested"]


def test_included_operations_without_a_difference_are_alike(tmp_path: Path) -> None:
    done, report = lockstep(tmp_path, "run", "--include=listItems", "--include=createItem")
    assert (done.exit_code, report["findings"]) == (0, []), done.output


def test_unknown_operation_is_rejected_with_a_suggestion(tmp_path: Path) -> None:
    done, report = lockstep(tmp_path, "run", "--exclude=shutdwn")
    assert (done.exit_code, report) == (2, {})
    assert "no operation matches 'shutdwn'; did you mean shutDown or" in done.output


def test_replay_respects_the_selected_operations(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    line = '127.0.0.1 - - [01/Jan/2026:00:00:0{} +0000] "GET {} HTTP/1.1" 200 9 "-" "-"\n'
    log.write_text("".join(line.format(at, p) for at, p in enumerate(("/ping", "/items"))))
    assert lockstep(tmp_path, "replay", str(log))[0].exit_code == 1
    done, report = lockstep(tmp_path, "replay", str(log), "--exclude=ping")
    assert (done.exit_code, SEEN["GET /ping"]) == (0, 0), done.output
    assert "1 request of the recording, to excluded operations" in report["not_tested"]
    done, report = lockstep(tmp_path, "replay", str(log), "--include=listItems")
    assert (done.exit_code, SEEN["GET /ping"] > 0) == (0, True), done.output
