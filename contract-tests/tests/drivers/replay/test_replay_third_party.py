"""Browser sessions on servers without documented ids, replayed on others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fixtures import blog_server, shed_server
from fixtures.flask_servers import Variant, pair, serve
from flask import Flask

from lockstep.confirm import ShrinkSettings
from lockstep.drivers.replay.driver import ReplaySettings
from lockstep.recordings import load_recording
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target

# The number of steps left must not depend on the load of the machine.
UNHURRIED = ShrinkSettings(seconds=300)

Make = Callable[[Variant], Flask]
Found = set[tuple[str, str, str]]


@dataclass
class Browser:
    """Sends requests to one server and records a HAR file."""

    target: Target
    headers: dict[str, str] = field(default_factory=dict)
    entries: list[Any] = field(default_factory=list)

    def send(self, method: str, path: str, body: Any = None) -> Response:
        headers = {"Accept": "*/*", ":authority": "x", **self.headers}
        text = json.dumps(body) if body is not None else None
        if text is not None:
            headers["content-type"] = "application/json"
        sent = tuple(pair for pair in headers.items() if not pair[0].startswith(":"))
        data = text.encode() if text is not None else None
        answer = self.target.send(Request(method, path, sent, data))
        assert isinstance(answer, Response)
        posted = {"mimeType": "application/json", "text": text} if text is not None else None
        self.entries.append(
            {
                "startedDateTime": f"2026-11-23T03:20:{len(self.entries):02}.000Z",
                "request": {
                    "method": method,
                    "url": self.target.base_url + path,
                    "headers": records(headers.items()),
                    **({"postData": posted} if posted else {}),
                },
                "response": {
                    "status": answer.status,
                    "headers": records(answer.headers),
                    "content": {"size": len(answer.body), "text": answer.body.decode()},
                },
            }
        )
        return answer

    def read(self, method: str, path: str, body: Any = None) -> Any:
        return json.loads(self.send(method, path, body).body)


def records(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def blog(browser: Browser) -> None:
    """Create two users, change and delete an article, and add comments with numeric ids."""
    for name in ("anna", "bert"):
        user = {"username": name, "email": f"{name}@mail.test", "password": "password1"}
        browser.read("POST", "/users", {"user": user})
        session = browser.read("POST", "/users/login", {"user": user})
        browser.headers["Authorization"] = "Token " + session["user"]["token"]
        written = {"title": f"By {name}", "description": "A day", "body": "Long", "tagList": ["a"]}
        made = browser.read("POST", "/articles", {"article": written})["article"]
        slug = made["slug"]
        comment = browser.read("POST", f"/articles/{slug}/comments", {"comment": {"body": "Oh"}})
        browser.send("GET", f"/articles/{slug}")
        browser.send("GET", f"/articles/{slug}/comments")
        browser.send("PUT", f"/articles/{slug}", {"article": {"body": "Short"}})
        browser.send("DELETE", f"/articles/{slug}/comments/{comment['comment']['id']}")
        browser.send("POST", f"/articles/{slug}/favorite")
        browser.send("GET", f"/articles?author={name}")
        browser.send("DELETE", f"/articles/{slug}")
        browser.send("GET", f"/articles/{slug}")


def shed(browser: Browser) -> None:
    """Log in with a cookie and lend a tool."""
    member = {"login": "anna", "password": "password1", "display_name": "Anna"}
    browser.send("POST", "/members", member)
    answer = browser.send("POST", "/session", member)
    browser.headers["cookie"] = (answer.header("set-cookie") or "").partition(";")[0]
    tool = browser.send("POST", "/tools", {"name": "Saw", "price": 2.5})
    tool_id = json.loads(tool.body)["id"]
    browser.send("GET", f"/tools/{tool_id}")
    browser.send("GET", "/tools?per_page=3")
    browser.headers["if-match"] = tool.header("etag") or ""
    browser.send("PATCH", f"/tools/{tool_id}", {"name": "Big saw"})
    del browser.headers["if-match"]
    browser.send("POST", f"/tools/{tool_id}/loans", {"to": "bert"})
    browser.send("DELETE", f"/tools/{tool_id}")
    browser.send("GET", f"/tools/{tool_id}")


APIS: dict[str, tuple[Make, Path, Callable[[Browser], None], str]] = {
    "blog": (blog_server.make_blog, blog_server.DOCUMENT, blog, "/api"),
    "shed": (shed_server.make_shed, shed_server.DOCUMENT, shed, ""),
}


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[[str], Path]:
    """A function that records a HAR file on a server that is stopped before the replay."""

    def record(api: str) -> Path:
        make, _, session, prefix = APIS[api]
        first = Variant(first_id=77, seed=5)
        with serve("recorded", make, first, prefix) as target:
            browser = Browser(target)
            session(browser)
        path = tmp_path / "session.har"
        path.write_text(json.dumps({"log": {"entries": browser.entries}}))
        return path

    return record


def play(api: str, har: Path, *faults: str, times: int = 1, **settings: Any) -> Run:
    make, document, _, prefix = APIS[api]
    run = Run(Settings(document, require_coverage=False, confirm=UNHURRIED))
    recording = load_recording(har, run.document)
    with pair(make, *faults, prefix=prefix) as targets:
        for _ in range(times):
            run.replay(recording, targets, ReplaySettings(**settings))
    return run


def found(run: Run) -> Found:
    return {(each.operation, each.kind, each.where) for each in run.ledger.findings.all()}


def statuses(run: Run, operation: str) -> dict[int, int]:
    return dict(run.ledger.coverage.operations[operation].statuses["new"])


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("options", [{}, {"times": 2}, {"against_recording": True}])
def test_a_session_is_replayed_on_sound_servers(
    recorded: Callable[[str], Path], api: str, options: Any
) -> None:
    run = play(api, recorded(api), **options)
    assert found(run) == set()
    assert run.not_judged == []
    failed = {
        (name, status)
        for name, record in run.ledger.coverage.operations.items()
        for status in record.statuses["new"]
        if status in (400, 401, 403, 500)
    }
    assert failed == set()


@pytest.mark.parametrize(
    ("api", "fault", "operation", "kind"),
    [
        ("blog", "lost_update", "UpdateArticle", "value"),
        ("blog", "lost_delete", "GetArticle", "status"),
        ("blog", "float", "CreateArticle", "value"),
        ("blog", "same_id", "POST /articles/{slug}/comments", "symbol"),
        ("shed", "upper_ids", "lend", "form"),
        ("shed", "delete_body", "remove-tool", "status"),
        ("shed", "http_only", "POST /session", "cookie"),
    ],
)
def test_a_planted_difference_is_found_and_shortened(
    recorded: Callable[[str], Path], api: str, fault: str, operation: str, kind: str
) -> None:
    run = play(api, recorded(api), fault)
    findings = [each for each in run.ledger.findings.all() if each.category == "parity"]
    assert (operation, kind) in {(each.operation, each.kind) for each in findings}
    for each in run.finish().findings:
        if each.category != "parity":
            continue
        assert each.reproduced is True
        assert each.sequence[0].label in ("POST /users", "sign-up")
        assert len(each.sequence) <= 10


def test_the_ids_of_a_log_are_found_in_lists(tmp_path: Path) -> None:
    make, document, _, prefix = APIS["blog"]
    run = Run(Settings(document, require_coverage=False))
    with pair(make, prefix=prefix) as targets:
        for target in targets:
            blog(Browser(target))
            browser = Browser(target)
            user = {"username": "cleo", "email": "cleo@mail.test", "password": "password1"}
            session = browser.read("POST", "/users", {"user": user})
            browser.headers["Authorization"] = "Token " + session["user"]["token"]
            new = {"title": "Kept", "description": "A day", "body": "Long", "tagList": []}
            browser.send("POST", "/articles", {"article": new})
        log = tmp_path / "access.log"
        line = '1.1.1.1 - - [23/Nov/2026:03:20:32 +0000] "GET /api/articles/{} HTTP/1.1" 200 5\n'
        log.write_text("".join(map(line.format, ("gone-1", "gone-2/comments", "gone-1"))))
        run.replay(load_recording(log, run.document), targets, ReplaySettings())
    assert run.not_judged == [
        "1 of 2 ids that the targets do not know were replaced",
        "2 of 3 requests got their recorded status",
    ]
    assert statuses(run, "GetArticle")[200] == 2
    assert found(run) == set()
