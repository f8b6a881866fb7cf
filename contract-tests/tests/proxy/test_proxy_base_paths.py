"""A base path in a target's URL, in clients' paths, or in both, is handled or reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from fixtures.proxied import proxied
from fixtures.scripted_server import plain, scripted

from lockstep.proxy import ProxySettings
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request
from lockstep.transport.targets import Target

READS = ProxySettings(port=0)
OPERATION = {"responses": {"200": {"description": "Fine", "content": {"application/json": {}}}}}


def document(folder: Path, base: str, path: str = "/tasks") -> Path:
    raw: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Tasks", "version": "1"},
        "servers": [{"url": base}],
        "paths": {path: {"get": {"operationId": "listTasks", **OPERATION}}},
    }
    file = folder / "openapi.json"
    file.write_text(json.dumps(raw))
    return file


def below(base: str, asked: Queue[str]) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return a server that has `/tasks` below a base path only."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.put(handler.path)
        if handler.path.partition("?")[0] == f"{base}/tasks":
            plain(handler, b"[]", ("Content-Type", "application/json"))
        else:
            handler.send_response(404)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    return answer


@pytest.mark.parametrize(
    ("base_path", "clients", "expected"),
    [
        # The target's URL has the base path, and clients still use it, or do not.
        ("/api/v1", "/api/v1/tasks", "/api/v1/tasks"),
        ("/api/v1", "/api/v1/tasks?limit=3", "/api/v1/tasks?limit=3"),
        ("/api/v1", "/tasks", "/api/v1/tasks"),
        # Only the document and the clients have it.
        ("", "/api/v1/tasks", "/api/v1/tasks"),
    ],
)
def test_the_base_path_is_requested_once(
    tmp_path: Path, base_path: str, clients: str, expected: str
) -> None:
    run = Run(Settings(document(tmp_path, "https://example.com/api/v1"), require_coverage=False))
    asked: dict[str, Queue[str]] = {"old": Queue(), "new": Queue()}
    with ExitStack() as stack:
        targets = []
        for name, queue in asked.items():
            server = stack.enter_context(scripted(name, below("/api/v1", queue)))
            targets.append(stack.enter_context(closing(Target(name, server.base_url + base_path))))
        work = stack.enter_context(proxied(run, targets, READS))
        assert work.send("GET", clients).status == 200
        assert work.end().mirrored == 1
    assert {name: queue.get(timeout=10) for name, queue in asked.items()} == dict.fromkeys(
        asked, expected
    )
    assert run.ledger.findings.all() == []
    assert run.warrant is not None
    route = run.warrant.route("GET /tasks")
    assert route is not None
    assert (route.requests, route.alike) == (1, 1)


def test_a_mirror_may_have_another_base_path(tmp_path: Path) -> None:
    run = Run(Settings(document(tmp_path, "/api/v1"), require_coverage=False))
    asked: Queue[str] = Queue()
    with (
        scripted("old", below("/api/v1", Queue())) as old,
        scripted("new", below("/next", asked)) as new,
        closing(Target("old", f"{old.base_url}/api/v1")) as leader,
        closing(Target("new", f"{new.base_url}/next")) as mirror,
        proxied(run, [leader, mirror], READS) as work,
    ):
        assert work.send("GET", "/api/v1/tasks").status == 200
        assert work.end().mirrored == 1
        assert asked.get(timeout=10) == "/next/tasks"
        assert "request paths may begin with /api/v1 or omit it" in work.said[0]
    assert run.ledger.findings.all() == []


def test_a_documented_path_with_the_base_path_as_prefix_is_unchanged(tmp_path: Path) -> None:
    run = Run(Settings(document(tmp_path, "/", "/api/tasks"), require_coverage=False))
    asked: Queue[str] = Queue()
    with (
        scripted("old", below("/api/api", asked)) as old,
        scripted("new", below("/api/api", Queue())) as new,
        closing(Target("old", f"{old.base_url}/api")) as leader,
        closing(Target("new", f"{new.base_url}/api")) as mirror,
        proxied(run, [leader, mirror], READS) as work,
    ):
        assert work.send("GET", "/api/tasks").status == 200
        assert asked.get(timeout=10) == "/api/api/tasks"


def test_only_undocumented_paths_are_reported_in_one_sentence(tmp_path: Path) -> None:
    run = Run(Settings(document(tmp_path, "/api/v1"), require_coverage=False))
    with (
        scripted("old", below("/other", Queue())) as old,
        scripted("new", below("/other", Queue())) as new,
        proxied(run, [old, new], READS) as work,
    ):
        for number in range(30):
            assert work.client.send(Request("GET", f"/v2/tasks/{number}"))
        work.end()
    said = [line for line in work.said if "404" in line]
    assert len(said) == 1
    assert "has returned 404 to the first 20 requests" in said[0]
    assert "GET /v2/tasks/0" in said[0]


def test_a_404_of_a_documented_path_is_not_reported(tmp_path: Path) -> None:
    run = Run(Settings(document(tmp_path, "/"), require_coverage=False))
    with (
        scripted("old", below("", Queue())) as old,
        scripted("new", below("", Queue())) as new,
        proxied(run, [old, new], READS) as work,
    ):
        work.send("GET", "/tasks")
        for number in range(25):
            work.send("GET", f"/favicon-{number}.ico")
        work.end()
    assert work.said == []
