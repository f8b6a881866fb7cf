"""The states that a member of a body selects are tried in each order that they allow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fixtures.flask_servers import Variant, pair
from flask import Flask, jsonify, request

from lockstep.drivers.walk.states import acts
from lockstep.openapi.document import Document
from lockstep.run import Run
from lockstep.settings import Settings

STATES = ["open", "held", "closed"]
# A closed job stays closed, and an open one has to be held first.
NEXT = {"open": {"open", "held"}, "held": {"held", "open", "closed"}, "closed": {"closed"}}
TEXT = {"type": "string"}
STATUS = {"type": "string", "enum": STATES}


def document(change: dict[str, Any], **methods: Any) -> Document:
    """Return a document of jobs; `change` is the schema of the body that changes one."""
    members = {"id": {"type": "integer"}, "title": TEXT, "status": STATUS}
    job = {"application/json": {"schema": {"type": "object", "properties": members}}}
    made = {"type": "object", "required": ["title"], "properties": {"title": TEXT}}
    reasons = {"400": "invalid", "404": "unknown", "409": "not in this state"}
    refused = {status: {"description": reason} for status, reason in reasons.items()}

    def operation(name: str, status: str, schema: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = {"operationId": name}
        found["responses"] = {status: {"description": "done", "content": job}, **refused}
        if schema is not None:
            found["requestBody"] = {"content": {"application/json": {"schema": schema}}}
        return found

    item = {"get": operation("getJob", "200"), "patch": operation("changeJob", "200", change)}
    number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "Jobs", "version": "1"},
            "paths": {
                "/jobs": {"post": operation("createJob", "201", made)},
                "/jobs/{id}": {**item, **methods, "parameters": [number]},
            },
        }
    )


def make_jobs(variant: Variant) -> Flask:
    """Create a server of jobs. Its fault is that a closed one can be opened again."""
    app = Flask("jobs")
    variant.govern(app)
    jobs: dict[int, dict[str, Any]] = {}

    @app.post("/jobs")
    def create() -> Any:
        title = (request.get_json(silent=True) or {}).get("title")
        if not isinstance(title, str):
            return "", 400
        number = variant.first_id + len(jobs)
        jobs[number] = {"id": number, "title": title, "status": "open"}
        return jsonify(jobs[number]), 201

    @app.get("/jobs/<int:number>")
    def get(number: int) -> Any:
        return jsonify(jobs[number]) if number in jobs else ("", 404)

    @app.patch("/jobs/<int:number>")
    def change(number: int) -> Any:
        if number not in jobs:
            return "", 404
        asked = (request.get_json(silent=True) or {}).get("status", "open")
        reopens = variant.has("reopens") and jobs[number]["status"] == "closed"
        if asked not in NEXT[jobs[number]["status"]] and not reopens:
            return "", 409
        jobs[number]["status"] = asked
        return jsonify(jobs[number])

    return app


CHANGE = {"type": "object", "properties": {"title": TEXT, "status": STATUS}}


def test_each_state_that_a_body_can_select_is_an_action() -> None:
    delete = {"operationId": "deleteJob", "responses": {"204": {"description": "gone"}}}
    (able,) = acts(document(CHANGE, delete=delete))
    shown = [(each.operation.name, each.state) for each in able]
    assert shown == [*(("changeJob", state) for state in STATES), ("deleteJob", "")]
    assert [each.is_deletion for each in able] == [False, False, False, True]


@pytest.mark.parametrize(
    "members",
    [
        {"title": TEXT},
        {"colour": {"type": "string", "enum": ["red", "blue"]}},
        {"status": {"type": "string", "enum": ["open"]}},
        {"status": {**STATUS, "readOnly": True}},
    ],
)
def test_other_members_select_no_state(members: dict[str, Any]) -> None:
    assert list(acts(document({"type": "object", "properties": members}))) == []


@pytest.mark.parametrize(("faults", "where"), [((), []), (("reopens",), ["status"])])
def test_a_transition_that_one_target_alone_allows_is_found(
    faults: tuple[str, ...], where: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document(CHANGE).raw))
    with pair(make_jobs, *faults) as targets:
        run = Run(Settings(path, require_coverage=False))
        run.walk(targets)
        findings = run.finish().findings
    assert [each.where for each in findings] == where


# Each action is allowed in one state only, and leads to the next one.
CHAIN = {"parts": ("new", "full"), "order": ("full", "ordered")}
EVENTS = {"sent": ("ordered", "sent"), "seen": ("sent", "seen"), "lost": ("seen", "lost")}


def crates() -> Document:
    """Return a document of crates, to which parts, an order, and events are added in this order."""
    crate = {"type": "object", "properties": {"id": {"type": "integer"}, "state": TEXT}}
    content = {"application/json": {"schema": crate}}
    codes = {"404": "unknown", "409": "not in this state", "422": "invalid"}
    refused = {status: {"description": reason} for status, reason in codes.items()}
    kind = {"type": "string", "enum": list(EVENTS)}
    at = {"type": "string", "format": "date-time", "description": "Not before 2020."}
    event = {"type": "object", "required": ["type", "at"], "properties": {"type": kind, "at": at}}
    example = {"type": "sent", "at": "2026-01-01T12:00:00+01:00"}
    body = {
        "required": True,
        "content": {"application/json": {"schema": event, "example": example}},
    }

    def operation(name: str, status: str, **more: Any) -> dict[str, Any]:
        done = {"description": "done", "content": content}
        return {"operationId": name, "responses": {status: done, **refused}, **more}

    number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    inside = {
        "parts": {"post": operation("addPart", "201")},
        "order": {"post": operation("order", "201")},
        "events": {"post": operation("addEvent", "201", requestBody=body)},
        "ticket": {"get": operation("getTicket", "200")},
    }
    paths = {
        "/crates": {"post": operation("createCrate", "201")},
        "/crates/{id}": {"get": operation("getCrate", "200"), "parameters": [number]},
        **{f"/crates/{{id}}/{k}": {**v, "parameters": [number]} for k, v in inside.items()},
    }
    return Document({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths})


def make_crates(variant: Variant) -> Flask:
    """Create a server of crates.

    Its faults: `lost_early` skips a state, `ticket` is another one of what is on its way, and
    with `compares_texts` an event must not be earlier, by its text, than the one before.
    """
    app = Flask("crates")
    variant.govern(app)
    crates: dict[int, dict[str, Any]] = {}

    @app.post("/crates")
    def create() -> Any:
        number = variant.first_id + len(crates)
        crates[number] = {"id": number, "state": "new"}
        return jsonify(crates[number]), 201

    @app.get("/crates/<int:number>")
    def get(number: int) -> Any:
        if number not in crates:
            return "", 404
        return jsonify({k: v for k, v in crates[number].items() if k != "at"})

    @app.get("/crates/<int:number>/ticket")
    def ticket(number: int) -> Any:
        if number not in crates or crates[number]["state"] != "sent":
            return "", 404 if number not in crates else 409
        return jsonify({"id": number, "state": "on" if variant.has("ticket") else "off"})

    @app.post("/crates/<int:number>/<action>")
    def act(number: int, action: str) -> Any:
        if number not in crates:
            return "", 404
        given = request.get_json(silent=True) or {}
        if action == "events" and (
            given.get("type") not in EVENTS or not str(given.get("at")) > "2020"
        ):
            return "", 422
        before, after = EVENTS[given["type"]] if action == "events" else CHAIN[action]
        if variant.has("compares_texts") and action == "events":
            last = crates[number].setdefault("at", given["at"])
            crates[number]["at"] = given["at"]
            if given["at"] < last:
                return "", 409
        early = variant.has("lost_early") and (crates[number]["state"], after) == ("sent", "lost")
        if crates[number]["state"] != before and not early:
            return "", 409
        crates[number]["state"] = after
        return jsonify({k: v for k, v in crates[number].items() if k != "at"}), 201

    return app


@pytest.mark.parametrize(
    ("fault", "operation"),
    [
        ("", []),
        ("lost_early", ["addEvent"]),
        ("compares_texts", ["addEvent"]),
        ("ticket", ["getTicket"]),
    ],
)
def test_actions_that_only_others_allow_are_followed_to_the_end(
    fault: str, operation: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(crates().raw))
    with pair(make_crates, *filter(None, (fault,))) as targets:
        run = Run(Settings(path, require_coverage=False))
        run.walk(targets)
        findings = run.finish().findings
    assert [each.operation for each in findings] == operation
