"""Writes that are refused the second time are raced with themselves, on any server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fixtures.scripted_server import scripted

from lockstep.drivers.races import repeats
from lockstep.report.data import as_data
from lockstep.run import Run
from lockstep.settings import Settings

HALL = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
ANSWERS = {
    "201": {"description": "", "content": {"application/json": {"schema": HALL}}},
    "default": {"description": "", "content": {"application/json": {}}},
}
# No document says that a hall is booked only once.
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Halls", "version": "1"},
    "paths": {
        "/halls": {
            "post": {
                "operationId": "addHall",
                "parameters": [
                    {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}
                ],
                "requestBody": {"content": {"application/json": {"schema": HALL}}},
                "responses": ANSWERS,
            }
        },
        "/halls/{id}/booking": {
            "post": {
                "operationId": "bookHall",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
                ],
                "responses": ANSWERS,
            }
        },
    },
}


class Halls:
    """Halls that are booked once; without `locks` another request fits between check and write."""

    def __init__(self, *, locks: bool) -> None:
        self._ids, self._keys = count(1), count()
        self._halls: dict[str, dict[str, Any]] = {}
        # The responses to retries, by idempotency key.
        self._added: dict[str, dict[str, Any]] = {}
        self._booked: set[str] = set()
        self._lock = threading.Lock() if locks else None

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        parts = handler.path.strip("/").split("/")
        if parts == ["halls"]:
            name = str(json.loads(body or b"{}").get("name"))
            return respond(handler, *self._safely(self._add, name, handler))
        if parts[2:] == ["booking"] and parts[1] in self._halls:
            return respond(handler, *self._safely(self._book, parts[1]))
        return respond(handler, 404, {"error": "not found"})

    def _safely(self, act: Callable[..., tuple[int, Any]], *given: Any) -> tuple[int, Any]:
        with self._lock or nullcontext():
            return act(*given)

    def _pause(self) -> None:
        time.sleep(0 if self._lock else 0.03)

    def _add(self, name: str, handler: BaseHTTPRequestHandler) -> tuple[int, Any]:
        key = handler.headers.get("Idempotency-Key") or str(next(self._keys))
        is_new = key not in self._added
        self._pause()
        if is_new:
            number = next(self._ids)
            self._halls[str(number)] = self._added[key] = {"id": number, "name": name}
        return 201, self._added[key]

    def _book(self, hall: str) -> tuple[int, Any]:
        is_booked = hall in self._booked
        self._pause()
        self._booked.add(hall)
        return (409, {"error": "booked already"}) if is_booked else (201, {"booked": True})


def respond(handler: BaseHTTPRequestHandler, status: int, body: Any) -> None:
    text = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text)


def raced(folder: Path, *locks: bool) -> dict[str, Any]:
    """Return the report of a walk and its races, on servers that lock or do not."""
    path = folder / "openapi.json"
    path.write_text(json.dumps(DOCUMENT))
    run = Run(Settings(document=path, require_coverage=False))
    run.confirms_at_the_end = True
    with ExitStack() as stack:
        targets = [
            stack.enter_context(scripted(name, Halls(locks=one).answer))
            for name, one in zip(("old", "new"), locks, strict=True)
        ]
        run.listen(targets)
        run.walk(targets)
        run.race_repeats(targets)
        run.confirm_all(targets)
        return as_data(run.finish())


def test_races_that_are_left_out_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "MOST_SECONDS", -1.0)
    report = raced(tmp_path, True, False)
    assert report["races"] == []
    assert "races of repeats: some were left out for lack of time" in report["not_tested"]


def test_a_check_apart_from_its_write_is_found(tmp_path: Path) -> None:
    report = raced(tmp_path, True, False)
    assert {(one["operation"], *one["targets"]) for one in report["findings"]} == {
        ("addHall", "new"),
        ("bookHall", "new"),
    }
    for one in report["findings"]:
        assert "both of two equal requests have an effect" in one["values"]["new"]
    assert report["verdict"] == "not alike"


@pytest.mark.parametrize("locks", [True, False])
def test_servers_that_lose_the_same_races_are_alike(tmp_path: Path, locks: bool) -> None:
    report = raced(tmp_path, locks, locks)
    assert report["findings"] == []
    names = ["addHall: one Idempotency-Key, twice", "bookHall: the same request, twice"]
    assert [race["name"] for race in report["races"]] == names
    for name in names:
        sentence = f"{name}: on all targets both requests have an effect at times"
        assert (sentence in report["notes"]) is not locks
