"""Selected operations get what they depend on: in their paths, and in their bodies."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from fixtures.scripted import Scripted, answer

from lockstep.drivers.walk.surroundings import Surroundings
from lockstep.openapi.document import Document
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Outcome, Request

ENTRY = "createTimeEntry"


def named(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def creation(name: str, *required: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    members = {each: {"type": "string"} for each in (*required, *optional)}
    sent = {"type": "object", "required": [*required], "properties": members}
    shown = {"type": "object", "properties": {"id": {"type": "string"}, **members}}
    return {
        "operationId": name,
        "requestBody": {"required": True, "content": {"application/json": {"schema": sent}}},
        "responses": {
            "201": {"description": "made", "content": {"application/json": {"schema": shown}}}
        },
    }


def document(annotation: dict[str, str]) -> dict[str, Any]:
    """Time entries refer to a task and, if they have one, a tag; tasks are in a project."""
    entry = creation(ENTRY, "task_id", "note", optional=("tag_id",))
    sent = entry["requestBody"]["content"]["application/json"]["schema"]
    sent["properties"]["task_id"] |= annotation
    ok = {"responses": {"200": {"description": "ok"}}}
    project, task = named("project_id"), named("task_id")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Time", "version": "1"},
        "paths": {
            "/time-entries": {"post": entry},
            "/users": {"post": creation("createUser", "email")},
            "/projects": {"post": creation("createProject", "title")},
            "/projects/{project_id}": {"get": {**ok, "parameters": [project]}},
            "/projects/{project_id}/tasks": {
                "parameters": [project],
                "post": creation("createTask", "title"),
            },
            "/projects/{project_id}/tasks/{task_id}": {
                "get": {**ok, "parameters": [project, task]}
            },
            "/tags": {"post": creation("createTag", "title")},
            "/tags/{tag_id}": {"get": {**ok, "parameters": [named("tag_id")]}},
        },
    }


class Server:
    """Makes everything, but time entries only for tasks that exist."""

    def __init__(self) -> None:
        self._numbers = itertools.count(100)
        self._tasks: set[str] = set()
        self.made: list[str] = []

    def __call__(self, request: Request) -> Outcome:
        if request.method != "POST":
            return answer({})
        body = json.loads(request.body or b"null")
        if not isinstance(body, dict):
            return answer({"error": "invalid"}, 400)
        if request.path == "/time-entries" and body.get("task_id") not in self._tasks:
            return answer({"error": "no such task"}, 404)
        name = f"n-{next(self._numbers)}"
        if request.path.endswith("/tasks"):
            self._tasks.add(name)
        self.made.append(request.path)
        return answer({"id": name, **body}, 201)


def test_what_a_body_refers_to_is_needed_with_what_that_is_in() -> None:
    needed = Surroundings(Document(document({})), {ENTRY}, {"createUser"}).needed
    assert needed == {"createTask", "createProject", "createTag"}


@pytest.mark.parametrize("annotation", [{}, {"x-generated": "id"}])
def test_a_selected_operation_gets_what_its_body_refers_to(
    tmp_path: Path, annotation: dict[str, str]
) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document(annotation)))
    run = Run(Settings(document=path, require_coverage=False))
    run.choose({ENTRY})
    left, right = Server(), Server()
    run.walk([Scripted("left", left), Scripted("right", right)])
    assert left.made.count("/time-entries") > 1
    assert left.made == right.made
    assert "/users" not in left.made
