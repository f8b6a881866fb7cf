"""A replay compared with the recording, and with an earlier replay."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fixtures.scripted_server import scripted

from lockstep.cli import main

Answers = dict[str, tuple[int, Any]]
Play = Callable[..., Result]
HEADERS = [
    {"name": "content-type", "value": "application/json"},
    {"name": "via", "value": "1.1 edge"},
    {"name": "strict-transport-security", "value": "max-age=1"},
]
SOUND: Answers = {
    "GET /tasks": (200, [{"title": "one"}]),
    "GET /tasks?page=2": (200, []),
    "GET /tasks/7": (404, {"detail": "no"}),
}


def document(*, headers: Any = None) -> dict[str, Any]:
    """Return a document of tasks; `headers` are those of its responses."""
    content: Any = {"content": {"application/json": {"schema": {}}}}
    answers = {
        status: {"description": status, "headers": headers or {}, **content}
        for status in ("200", "404")
    }
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tasks", "version": "1"},
        "paths": {
            "/tasks": {"get": {"operationId": "list", "responses": answers}},
            "/tasks/{id}": {
                "parameters": [parameter],
                "get": {"operationId": "get", "responses": answers},
            },
        },
    }


def har(answers: Answers, headers: Any = HEADERS) -> Any:
    """Return a HAR file of a server with these responses."""
    entries = []
    for asked, (status, body) in answers.items():
        method, path = asked.split(" ")
        text = json.dumps(body)
        content: Any = {"size": len(text), "mimeType": "application/json", "text": text}
        if body is None:
            del content["text"]
        response = {"status": status, "headers": headers, "content": content}
        request = {"method": method, "url": f"https://api.test{path}", "headers": []}
        entries.append({"request": request, "response": response})
    return {"log": {"entries": entries}}


def answering(answers: Answers) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked = f"{handler.command} {handler.path}"
        status, body = answers.get(asked, (404, {"detail": "no"}))
        data = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("X-Served-By", "here")
        handler.end_headers()
        handler.wfile.write(data)

    return answer


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """A function that replays a recording against servers with given responses."""
    with ExitStack() as stack:

        def run(recording: Any, *servers: Answers, options: tuple[str, ...] = ()) -> Result:
            names = ["old", "new"][: len(servers)]
            targets = [
                stack.enter_context(scripted(name, answering(answers)))
                for name, answers in zip(names, servers, strict=True)
            ]
            file, spec = tmp_path / "recorded", tmp_path / "openapi.json"
            file.write_text(recording if isinstance(recording, str) else json.dumps(recording))
            if not spec.exists():
                spec.write_text(json.dumps(document()))
            urls = [f"--target={target.name}={target.base_url}" for target in targets]
            words = ["replay", str(file), str(spec), *urls, f"--json={tmp_path / 'report.json'}"]
            return CliRunner().invoke(main, [*words, *options])

        yield run


@pytest.fixture
def report(tmp_path: Path) -> Callable[[], Any]:
    return lambda: json.loads((tmp_path / "report.json").read_text())


def test_targets_that_respond_as_recorded_are_equal(play: Play, report: Any) -> None:
    result = play(har(SOUND), SOUND, SOUND)
    assert result.exit_code == 0, result.output
    (replay,) = report()["replays"]
    assert (replay["played"], replay["as_recorded"], replay["recorded"]) == (3, 3, 3)
    assert replay["against_recording"] is True
    assert replay["entries"] == []


@pytest.mark.parametrize(
    "headers", [[], [{"name": "X-Only", "value": "1"}], [*HEADERS, {"name": "age", "value": "3"}]]
)
def test_headers_of_proxies_and_unrecorded_headers_are_no_difference(
    play: Play, headers: Any
) -> None:
    assert play(har(SOUND, headers), SOUND).exit_code == 0


@pytest.mark.parametrize(
    "text",
    [
        '[\n  {"note": "\\u00e9", "title": "one"}\n]\n',
        '[{"title":"one","note":"é"}]',
        '[{"title": "one", "note": "\\u00e9"}]',
    ],
)
def test_json_that_a_tool_has_reformatted_is_no_difference(play: Play, text: str) -> None:
    recorded = har({"GET /tasks": SOUND["GET /tasks"]})
    recorded["log"]["entries"][0]["response"]["content"] = {"size": -1, "text": text}
    servers = SOUND | {"GET /tasks": (200, [{"title": "one", "note": "é"}])}
    assert play(recorded, servers, servers).exit_code == 0
    servers = SOUND | {"GET /tasks": (200, [{"title": "one", "note": "e"}])}
    assert play(recorded, servers, servers).exit_code == 1


def test_a_documented_header_that_the_target_lacks_is_a_difference(
    play: Play, tmp_path: Path
) -> None:
    documented = {"X-Total": {"schema": {"type": "string"}}}
    (tmp_path / "openapi.json").write_text(json.dumps(document(headers=documented)))
    result = play(har(SOUND, [*HEADERS, {"name": "X-Total", "value": "1"}]), SOUND)
    assert result.exit_code == 1
    assert "x-total" in result.output.lower()


def test_a_difference_from_only_the_recording_is_found(play: Play, report: Any) -> None:
    changed = SOUND | {"GET /tasks": (200, [{"title": "two"}])}
    assert play(har(SOUND), changed, changed).exit_code == 1
    (finding,) = report()["findings"]
    assert finding["targets"] == ["recorded", "old"]
    only = ("--no-against-recording",)
    assert play(har(SOUND), changed, changed, options=only).exit_code == 0


def test_a_recorded_response_without_its_body_is_compared_by_status(
    play: Play, report: Any
) -> None:
    recorded: Answers = {"GET /tasks": (200, None), "GET /tasks/7": (200, None)}
    assert play(har(recorded), SOUND, SOUND).exit_code == 1
    (finding,) = report()["findings"]
    assert (finding["operation"], finding["kind"]) == ("get", "status")


def test_a_request_without_its_body_is_named_in_the_verdict(play: Play, report: Any) -> None:
    recorded = har(SOUND)
    recorded["log"]["entries"][0]["request"]["postData"] = {"mimeType": "application/json"}
    result = play(recorded, SOUND, SOUND)
    assert result.exit_code == 0
    assert "alike, as far as tested (1 request whose recorded bodies are missing" in result.output
    assert report()["replays"][0]["played"] == 2


@pytest.mark.parametrize("options", [(), ("--no-against-recording",)])
def test_a_replay_with_nothing_as_recorded_fails(
    play: Play, report: Any, options: tuple[str, ...]
) -> None:
    asked = "GET /tasks?page=2"
    wrong: Answers = SOUND | {asked: (400, {"detail": "no page"})}
    recorded = {asked: SOUND[asked]}
    result = play(har(recorded), wrong, wrong, options=options)
    assert result.exit_code == (2 if options else 1)
    assert "no target gave the recorded status" in result.output
    assert report()["verdict"] != "alike"


def test_a_recorded_304_may_be_a_200_in_the_replay(play: Play) -> None:
    recorded = {"GET /tasks": (304, None)}
    assert play(har(recorded), SOUND, SOUND).exit_code == 0


def test_a_logged_resource_that_no_target_has_is_no_difference(play: Play, report: Any) -> None:
    line = '- - - [12/May/2020:22:33:23 +0000] "GET /tasks/{} HTTP/1.1" 200 1\n'
    log = line.replace("/{}", "") + line.format(7)
    assert play(log, SOUND, SOUND).exit_code == 0
    assert "1 of 2 requests got their recorded status" in report()["not_judged"]


def test_entries_are_fixed_still_or_new_against_an_earlier_report(
    play: Play, report: Any, tmp_path: Path
) -> None:
    second, first, third = SOUND
    before = SOUND | {first: (500, {}), second: (200, [1])}
    now = SOUND | {second: (200, [1]), third: (404, {"detail": "gone"})}
    assert play(har(SOUND), SOUND, before).exit_code == 1
    earlier = tmp_path / "earlier.json"
    (tmp_path / "report.json").rename(earlier)
    result = play(har(SOUND), SOUND, now, options=(f"--against={earlier}",))
    assert result.exit_code == 1
    (replay,) = report()["replays"]
    assert replay["changes"] == {"FIXED": 1, "STILL": 1, "NEW": 1}
    assert [(entry["name"], entry["change"]) for entry in replay["entries"]] == [
        ("entry 1", "STILL"),
        ("entry 2", "FIXED"),
        ("entry 3", "NEW"),
    ]
    assert "FIXED entry 2: GET /tasks (recorded 200, old 200, new 200)" in result.output
    assert "NEW entry 3: GET /tasks/{id}" in result.output


@pytest.mark.parametrize(
    ("text", "message"),
    [("{}", "no schema_version"), ("nonsense", "not JSON")],
)
def test_an_invalid_earlier_report_is_refused(
    play: Play, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "earlier.json").write_text(text)
    result = play(har(SOUND), SOUND, options=(f"--against={tmp_path / 'earlier.json'}",))
    assert result.exit_code == 2
    assert message in result.output


def test_the_report_of_no_replay_has_no_entries(play: Play, report: Any, tmp_path: Path) -> None:
    play(har(SOUND), SOUND)
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps(report() | {"replays": []}))
    result = play(har(SOUND), SOUND, options=(f"--against={earlier}",))
    assert result.exit_code == 2
    assert "not the report of a replay" in result.output
