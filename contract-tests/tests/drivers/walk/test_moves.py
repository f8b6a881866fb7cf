"""A walk moves a resource to another one, and reads where it was and where it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}


def schema(*names: str) -> dict[str, Any]:
    return {"type": "object", "required": [*names], "properties": dict.fromkeys(names, TEXT)}


def content(*names: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema(*names)}}}


def answers(status: str, *names: str) -> dict[str, Any]:
    return {"responses": {status: {"description": "done", **content(*names)}}}


def path_parameter(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": TEXT}]


FOLDER = {"name": "folder_id", "in": "query", "schema": TEXT}
PATHS = {
    "/folders": {
        "post": {"requestBody": content("title"), **answers("201", "id", "title")},
    },
    "/folders/{folder_id}": {
        "parameters": path_parameter("folder_id"),
        "get": answers("200", "id", "title"),
    },
    "/notes": {
        "get": {"parameters": [FOLDER], "responses": {"200": {"description": "all"}}},
        "post": {"requestBody": content("text", "folder_id"), **answers("201", "id", "folder_id")},
    },
    "/notes/{note_id}": {
        "parameters": path_parameter("note_id"),
        "get": answers("200", "id", "folder_id"),
        "patch": {"requestBody": content("folder_id"), **answers("200", "id", "folder_id")},
    },
}


class Notes:
    """A server of notes in folders."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.notes: dict[str, str] = {}

    def __call__(self, request: Request) -> Outcome:
        path, _, query = request.path.partition("?")
        sent = json.loads(request.body) if request.body else {}
        match request.method, path.strip("/").split("/"):
            case "POST", ["folders"]:
                name = f"folder-{len(self.folders) + 1000}"
                self.folders.append(name)
                return answer({"id": name, "title": sent.get("title")}, 201)
            case "GET", ["folders", name] if name in self.folders:
                return answer({"id": name, "title": "x"})
            case "GET", ["notes"]:
                folders = parse_qs(query).get("folder_id", self.folders)
                return answer([id_ for id_, folder in self.notes.items() if folder in folders])
            case "POST", ["notes"]:
                return self._put(f"note-{len(self.notes) + 1000}", sent, 201)
            case "GET", ["notes", name] if name in self.notes:
                return answer({"id": name, "folder_id": self.notes[name]})
            case "PATCH", ["notes", name] if name in self.notes:
                return self._put(name, sent, 200)
        return answer({"error": "unknown"}, 404)

    def _put(self, name: str, sent: Mapping[str, Any], status: int) -> Outcome:
        folder = sent.get("folder_id")
        if folder not in self.folders:
            return answer({"error": "no such folder"}, 422)
        self.notes[name] = str(folder)
        return answer({"id": name, "folder_id": folder}, status)


def test_lists_are_filtered_by_the_place_that_a_resource_has_left() -> None:
    server = Notes()
    both, targets = exchanger(server, Notes(), paths=PATHS)
    walk(both, None, lambda *_: None)
    sent = targets[0].sent
    moves = [at for at, request in enumerate(sent) if request.method == "PATCH"]
    folders = [json.loads(sent[at].body or b"null")["folder_id"] for at in moves]
    filters = {
        (at, request.path.partition("?folder_id=")[2])
        for at, request in enumerate(sent)
        if request.path.startswith("/notes?")
    }
    assert any(
        folder != then and any(at > later and place == folder for at, place in filters)
        for folder, then, later in zip(folders, folders[1:], moves[1:], strict=False)
        if {folder, then} <= {*server.folders}
    )
