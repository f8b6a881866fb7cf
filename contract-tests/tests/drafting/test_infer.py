"""The command `lockstep infer`, and runs of `lockstep run` with its drafts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fixtures.blog_server import make_blog
from fixtures.captured import checked
from fixtures.flask_servers import old, pair, serve
from fixtures.har_recorder import HarRecorder
from fixtures.notes_server import serve as serve_notes
from fixtures.sessions import PASSWORD, use_blog, use_notes, use_shed
from fixtures.shed_server import make_shed

from lockstep.cli import main
from lockstep.openapi.document import Document
from lockstep.openapi.loading import load_yaml
from lockstep.recordings import load_recording
from lockstep.transport.targets import Target


def lockstep(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def entry(line: str, answer: Any = None, status: int = 200, **request: Any) -> Any:
    method, _, url = line.partition(" ")
    text = json.dumps(answer)
    return {
        "request": {"method": method, "url": url, "headers": [], **request},
        "response": {
            "status": status,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": {"text": text, "size": len(text), "mimeType": "application/json"},
        },
    }


def har(file: Path, *entries: Any) -> Path:
    file.write_text(json.dumps({"log": {"entries": entries}}))
    return file


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return har(
        tmp_path / "session.har",
        entry("GET https://a.test/api/tasks", [{"id": 1, "title": "x"}]),
        entry("GET https://a.test/api/tasks/1", {"id": 1, "title": "x"}),
        entry("GET https://b.test/hits", []),
    )


def test_draft_is_written_and_gaps_are_reported(recording: Path, tmp_path: Path) -> None:
    draft, report = tmp_path / "openapi.yaml", tmp_path / "draft.json"
    result = lockstep("infer", recording, "-o", draft, "--json", report, "--title", "Tasks")
    assert result.exit_code == 0, result.output
    assert "2 operations of 2 requests, written to" in result.stderr
    assert "left out: requests to other hosts: 1" in result.stderr
    assert "one request only: listTasks, getTask" in result.stderr
    assert "resources that no request created: getTask" in result.stderr
    assert result.stderr.rstrip().endswith("a draft: review it before you rely on it")
    document = load_yaml(draft.read_text())
    checked(document)
    assert document["info"]["title"] == "Tasks"
    assert document["servers"] == [{"url": "https://a.test/api"}]
    data = json.loads(report.read_text())
    assert data["operations"][0] == {
        "operation": "listTasks",
        "method": "GET",
        "path": "/tasks",
        "requests": 1,
        "statuses": {"200": 1},
    }
    assert {"operation": "getTask", "kind": "one_sample", "what": "one request only"} in data[
        "never_seen"
    ]
    assert data["left_out"] == {"requests to other hosts": 1}


def test_existing_file_is_overwritten_only_with_force(recording: Path, tmp_path: Path) -> None:
    draft = tmp_path / "openapi.yaml"
    draft.write_text("mine")
    result = lockstep("infer", recording, "-o", draft)
    assert result.exit_code == 2
    assert (
        result.stderr == f"lockstep: {draft} already exists: choose another file, or add --force\n"
    )
    assert draft.read_text() == "mine"
    assert lockstep("infer", recording, "-o", draft, "--force").exit_code == 0


def test_stdout_contains_only_the_draft(recording: Path) -> None:
    result = lockstep("infer", recording, "-o", "-")
    assert list(load_yaml(result.stdout)["paths"]) == ["/tasks", "/tasks/{taskId}"]


def test_json_is_written_to_a_json_file_name(recording: Path, tmp_path: Path) -> None:
    assert lockstep("infer", recording, "-o", tmp_path / "draft.json").exit_code == 0
    assert json.loads((tmp_path / "draft.json").read_text())["openapi"] == "3.1.0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such file"),
        ("", "it is empty"),
        ('{"log": {"entries": []}}', "contain no request to a server"),
        ('{"findings": 5}', "no finding has steps"),
        ("{}", "no finding has steps"),
        (
            '{"log": {"entries": [{"request": {"method": "GET", "url": "ftp://x/"}}]}}',
            "no request to a server",
        ),
        ("http_interactions: 5\n", "not a cassette"),
        ("not a recording at all", "not one of HAR file"),
    ],
)
def test_unusable_recording_is_reported_in_one_line(
    tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "recorded"
    if text is not None:
        file.write_text(text)
    result = lockstep("infer", file, "-o", tmp_path / "openapi.yaml")
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.startswith("lockstep: ")
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "openapi.yaml").exists()


def test_recording_of_static_files_only_is_rejected(tmp_path: Path) -> None:
    file = har(
        tmp_path / "a.har",
        entry("GET https://a.test/static/x.js", "x"),
        entry("OPTIONS https://a.test/y"),
    )
    result = lockstep("infer", file, "-o", "-")
    assert result.exit_code == 2
    assert (
        "contain no request to an API; left out: OPTIONS requests: 1, static files: 1"
        in result.stderr
    )


def test_access_log_yields_paths_and_methods(tmp_path: Path) -> None:
    file = tmp_path / "access.log.gz"
    lines = [
        f'192.0.2.1 - annabel [12/May/2020:22:33:23 +0000] "{line} HTTP/1.1" {status} 12'
        for line, status in (
            ("GET /v1/tasks?limit=5", 200),
            ("POST /v1/tasks", 201),
            ("GET /v1/tasks/12", 200),
            ("DELETE /v1/tasks/12", 204),
            ("GET /v1/tasks/13", 401),
            ("GET /wp-admin", 404),
        )
    ]
    file.write_bytes(gzip.compress("\n".join(lines).encode()))
    result = lockstep("infer", file, "-o", "-", "--base-url", "https://a.test/v1")
    document = load_yaml(result.stdout)
    assert document["servers"] == [{"url": "https://a.test/v1"}]
    assert {path: list(item) for path, item in document["paths"].items()} == {
        "/tasks": ["get", "post"],
        "/tasks/{taskId}": ["get", "delete"],
    }
    assert "response bodies that were not recorded" in result.stderr
    assert "annabel" not in result.stdout


def test_recordings_in_several_formats_are_merged(recording: Path, tmp_path: Path) -> None:
    cassette = tmp_path / "cassette.yaml"
    cassette.write_text(
        """
http_interactions:
- recorded_at: '2026-11-23T03:20:32'
  request:
    uri: https://a.test/api/tasks
    method: POST
    headers: {Content-Type: [application/json], Authorization: ['[Filtered]']}
    body: {encoding: utf-8, string: '{"title": "x"}'}
  response:
    status: {code: '201', message: Created}
    headers: {Content-Type: [application/json]}
    body: {encoding: utf-8, string: '{"id": 2, "title": "x"}'}
"""
    )
    lines = json.dumps({"method": "PUT", "uri": "/api/tasks/7", "status": 200, "host": "a.test"})
    log = tmp_path / "access.jsonl"
    log.write_text(lines)
    result = lockstep("infer", recording, cassette, log, "-o", "-", "--host", "a.test")
    assert result.exit_code == 0, result.output
    document = load_yaml(result.stdout)
    assert {path: list(item) for path, item in document["paths"].items()} == {
        "/tasks": ["get", "post"],
        "/tasks/{taskId}": ["get", "put"],
    }
    assert document["paths"]["/tasks"]["post"]["security"] == [{"bearer": []}]


Served = tuple[Callable[[], AbstractContextManager[Target]], Callable[[HarRecorder], None]]
SERVED: dict[str, Served] = {
    "notes": (lambda: serve_notes("recorded"), use_notes),
    "blog": (lambda: serve("recorded", make_blog, old()), use_blog),
    "shed": (lambda: serve("recorded", make_shed, old()), use_shed),
}


def drafted(name: str, folder: Path) -> Path:
    """The draft inferred from a recorded session with a toy server."""
    start, use = SERVED[name]
    with start() as target:
        client = HarRecorder(target.base_url)
        use(client)
        recording = client.save(folder / f"{name}.har")
    draft = folder / f"{name}.yaml"
    result = lockstep("infer", recording, "-o", draft)
    assert result.exit_code == 0, result.output
    load_recording(recording, Document.load(draft))
    return draft


@pytest.mark.parametrize("name", list(SERVED))
def test_draft_contains_no_personal_data(name: str, tmp_path: Path) -> None:
    text = drafted(name, tmp_path).read_text()
    checked(load_yaml(text))
    for value in ("annabel", "bertrand", PASSWORD, "mail.test", "Whales", "Carl", "saw"):
        assert value not in text


def run(draft: Path, targets: list[Target], *options: str) -> Any:
    """The report of a run with the draft as its document."""
    target_options = [f"--target={target.name}={target.base_url}" for target in targets]
    report = draft.with_suffix(".report.json")
    few = ("--profile=quick", "--phase=examples", "--no-self-check")
    result = lockstep("run", draft, *target_options, *few, *options, "--quiet", f"--json={report}")
    assert report.exists(), result.output
    return json.loads(report.read_text()) | {"exit_code": result.exit_code}


def statuses(report: Any, operation: str) -> list[int]:
    shown = report["operations"][operation]["statuses"].values()
    return [int(status) for each in shown for status in each]


def test_run_accepts_the_draft_unchanged(tmp_path: Path) -> None:
    draft = drafted("notes", tmp_path)
    with serve_notes("left") as left, serve_notes("right") as right:
        report = run(draft, [left, right])
    assert report["exit_code"] == 0
    for name in ("createNote", "getNote", "listNotes", "closeNote", "deleteNote"):
        assert any(status < 300 for status in statuses(report, name)), name
    with serve_notes("left") as left, serve_notes("right", "text") as right:
        report = run(draft, [left, right])
    assert report["exit_code"] == 1


def test_run_with_a_draft_finds_faults_of_a_server_with_slugs(tmp_path: Path) -> None:
    draft = drafted("blog", tmp_path)
    with pair(make_blog, "favorite_twice", prefix="/api") as targets:
        report = run(draft, targets)
    assert report["exit_code"] == 1
    for name in ("createArticle", "updateUser", "favoriteArticle", "createArticleComment"):
        assert any(status < 300 for status in statuses(report, name)), name


def test_run_with_a_draft_finds_faults_behind_a_session_cookie(tmp_path: Path) -> None:
    draft = drafted("shed", tmp_path)
    with pair(make_shed, "return_twice") as targets:
        report = run(draft, targets)
    assert report["exit_code"] == 1
    for name in ("createTool", "listLoans", "returnLoan", "updateTool"):
        assert any(status < 300 for status in statuses(report, name)), name
