"""Writes that are refused the second time are raced with themselves, on any server."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fixtures.blog_server import DOCUMENT as BLOG
from fixtures.blog_server import make_blog
from fixtures.flask_servers import pair
from fixtures.scripted_server import scripted

from lockstep.drivers.races import repeats
from lockstep.drivers.races.significance import fisher_exact
from lockstep.report.data import as_data
from lockstep.report.phrases import curl_lines
from lockstep.results.findings import Finding
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]

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


def test_servers_that_both_lock_have_no_findings(tmp_path: Path) -> None:
    report = raced(tmp_path, True, True)
    assert report["findings"] == []
    assert [race["name"] for race in report["races"]] == [
        "addHall: one Idempotency-Key, twice",
        "bookHall: the same request, twice",
    ]
    assert not any("at times" in note for note in report["notes"])


def test_servers_that_lose_the_same_races_are_alike(tmp_path: Path) -> None:
    report = raced(tmp_path, False, False)
    assert report["verdict"] == "alike"
    # The header promises one effect; nothing says that a hall is booked only once.
    assert {(one["operation"], one["class"]) for one in report["findings"]} == {
        ("addHall", "all wrong alike")
    }
    race = "bookHall: the same request, twice"
    assert f"{race}: on all targets both requests have an effect at times" in report["notes"]


def repeated(run: Run, targets: list[Target]) -> list[Finding]:
    """Return the findings of the races that a walk prepares."""
    run.walk(targets)
    before = len(run.ledger.findings)
    run.race_repeats(targets)
    verdict = run.finish()
    assert not verdict.problems
    return verdict.findings[before:]


@pytest.mark.parametrize(
    ("fault", "race"),
    [
        ("two_names", "registerUser: the same request, twice"),
        ("lost_update", "updateNote: one If-Match, twice"),
    ],
)
def test_what_is_checked_apart_from_its_write_is_found(
    run: Run, servers: Servers, fault: str, race: str
) -> None:
    (finding,) = repeated(run, servers(fault))
    assert (finding.where, finding.targets) == (race, ("right",))
    assert "both of two equal requests have an effect" in finding.values["right"]


def test_the_steps_of_a_race_send_both_requests_at_the_same_time(
    run: Run, servers: Servers
) -> None:
    targets = servers("two_names")
    repeated(run, targets)
    (finding,) = as_data(run.finish())["findings"]
    # On a busy machine one of the two may be answered before the other one is read.
    assert re.fullmatch(
        "`registerUser`: the same request, twice, at the same time: on right, both of two equal "
        r"requests have an effect, in \d+ of 20 rounds\.",
        finding["sentence"],
    )
    *_, first, second = curl_lines(finding, "right")
    assert first.endswith(" &  # 201")
    assert second.endswith(" & wait  # 201")
    command = ["bash", "-c", finding["script"], "script", targets[1].base_url]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.count("(was: 201)  -> 201") == 2


def test_third_party_servers_keep_names_unique() -> None:
    with pair(make_blog) as targets:
        for target in targets:
            target.move(target.base_url + "/api")
        run = Run(Settings(document=BLOG, require_coverage=False))
        run.walk(targets)
        run.race_repeats(targets)
    races = {race.name: race.outcomes for race in run.finish().races}
    outcomes = races["POST /users: the same request, twice"]
    assert [set(outcomes[name]) for name in ("old", "new")] == [{"201 + 409"}, {"201 + 409"}]


def test_a_difference_that_may_be_chance_is_not_significant(
    run: Run, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "_LOST_ROUNDS", 2)
    monkeypatch.setattr(repeats, "_TIMES", 1)
    monkeypatch.setattr(repeats, "_LEAST_ROUNDS", 2)
    monkeypatch.setattr(repeats, "_ROUNDS", 2)
    (finding,) = repeated(run, servers("two_names"))
    assert (finding.category, finding.kind, finding.targets) == (
        "race",
        "not significant",
        ("right",),
    )
    assert "in 2 of 2 rounds" in finding.values["right"]
    verdict = run.finish()
    assert (verdict.parity, verdict.conformance) == ("alike", "broken")
    assert not verdict.seen_once


def test_rounds_are_added_until_the_difference_is_significant(
    run: Run, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "_LOST_ROUNDS", 2)
    (finding,) = repeated(run, servers("two_names"))
    assert finding.kind == "impossible"
    assert "in 4 of 4 rounds" in finding.values["right"]


def test_significance_is_that_of_fishers_exact_test() -> None:
    assert (fisher_exact(0, 0, 20), fisher_exact(1, 0, 20)) == (1, 1)
    assert fisher_exact(5, 0, 20) < 0.05 < fisher_exact(4, 0, 20)
