"""Recordings in the formats that recording tools write: HAR, cassettes, GoReplay, logs, reports."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from lockstep.openapi.document import Document
from lockstep.recordings import Recording, RecordingError, Step, load_recording
from lockstep.recordings.uniquify import Uniquifier
from lockstep.transport.messages import NoResponse, Request, Response


def entry(method: str = "GET", url: str = "https://api.test/v1/notes", **more: Any) -> Any:
    """An entry of a HAR file; `request` and `response` are merged into the defaults."""
    request = {"method": method, "url": url, "headers": [], **more.pop("request", {})}
    content = {"size": 2, "mimeType": "application/json", "text": "[]"}
    response = {"status": 200, "headers": [], "content": content, **more.pop("response", {})}
    started = more.pop("at", "2026-11-23T03:20:32.393Z")
    return {"startedDateTime": started, "request": request, "response": response, **more}


def har(path: Path, *entries: Any) -> Path:
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recorded"


def test_har_file_yields_only_requests_of_the_api(file: Path, document: Document) -> None:
    har(
        file,
        entry(url="https://www.test/index.html"),
        entry(at="2026-11-23T03:20:33.000Z", url="https://api.test/v1/notes?limit=2#top"),
        entry(url="https://api.test/v1/sessions", method="POST"),
        entry(url="https://api.test/v1/logo.svg"),
        entry(url="wss://api.test/v1/notes"),
    )
    recording = load_recording(file, document)
    sent = [(step.request.method, step.request.path) for step in recording.steps]
    assert sent == [("POST", "/sessions"), ("GET", "/notes?limit=2")]
    assert recording.base_url == "https://api.test/v1"
    assert recording.notes == (
        "taken for the API: https://api.test/v1",
        "1 request to other places left out",
        "1 request left out whose path is not in the document",
        "1 entry left out of web sockets, which are not HTTP",
    )


def test_hop_by_hop_and_pseudo_headers_are_dropped(file: Path, document: Document) -> None:
    names = [":authority", "host", "content-length", "accept-encoding", "te", "X-Kept"]
    headers = [{"name": name, "value": "x"} for name in names]
    headers.append({"name": "Authorization", "value": "Bearer [Filtered]"})
    cookies = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    answered = [
        {"name": "set-cookie", "value": "a=1\nb=2"},
        {"name": "content-encoding", "value": ""},
    ]
    har(
        file,
        entry(request={"headers": headers, "cookies": cookies}, response={"headers": answered}),
    )
    (step,) = load_recording(file, document).steps
    assert step.request.headers == (("X-Kept", "x"), ("Cookie", "a=1; b=2"))
    assert isinstance(step.answer, Response)
    assert step.answer.headers == (("set-cookie", "a=1"), ("set-cookie", "b=2"))


@pytest.mark.parametrize(
    ("posted", "body"),
    [
        ({"text": "é"}, "é".encode()),
        ({"text": base64.b64encode(b"\xff\x00").decode(), "encoding": "base64"}, b"\xff\x00"),
        ({"params": [{"name": "a b", "value": "ü"}]}, b"a+b=%C3%BC"),
        (None, None),
    ],
)
def test_request_bodies_of_a_har_file(
    file: Path, document: Document, posted: Any, body: bytes | None
) -> None:
    har(file, entry("POST", request={"postData": posted}))
    (step,) = load_recording(file, document).steps
    assert step.request.body == body


@pytest.mark.parametrize(
    ("response", "answer", "partial"),
    [
        ({"content": {"text": "WzFd", "encoding": "base64"}}, Response(200, (), b"[1]"), False),
        ({"content": {"size": 9}}, Response(200), True),
        ({"content": {"size": 0}, "status": 304}, Response(304), False),
        ({"status": 0, "_error": "aborted"}, NoResponse("dropped"), False),
    ],
)
def test_responses_of_a_har_file(
    file: Path, document: Document, response: Any, answer: object, partial: bool
) -> None:
    har(file, entry(response=response))
    (step,) = load_recording(file, document).steps
    assert (step.answer, step.partial) == (answer, partial)


CASSETTE = """command: 'st run openapi.yaml'
recorded_with: 'Schemathesis 4.32.5'
seed: 1
http_interactions:
- id: 'b'
  status: 'SUCCESS'
  recorded_at: '2026-11-23T03:20:33.000000+00:00'
  checks: []
  request:
    uri: 'http://127.0.0.1:1/notes'
    method: 'POST'
    headers:
      "Content-Type":
      - "application/json"
      "Authorization":
      - "[Filtered]"
    body:
      encoding: 'utf-8'
      string: "{\\"text\\": \\"\\xe9\\"}"
  response: null
- id: 'a'
  status: 'SUCCESS'
  recorded_at: '2026-11-23T03:20:32.000000+00:00'
  checks: []
  request:
    uri: 'http://127.0.0.1:1/notes/7'
    method: 'GET'
    headers:
  response:
    status:
      code: '200'
      message: "OK"
    elapsed: '0.1'
    headers:
      "content-type":
      - "application/json"
    body:
      encoding: 'utf-8'
      base64_string: 'W10='
    http_version: '1.1'
"""


def test_cassette_is_read_in_request_order(file: Path, document: Document) -> None:
    file.write_text(CASSETTE)
    first, second = load_recording(file, document).steps
    answer = Response(200, (("content-type", "application/json"),), b"[]", "OK")
    assert first == Step(Request("GET", "/notes/7"), answer)
    json_type = (("Content-Type", "application/json"),)
    body = '{"text": "é"}'.encode()
    assert second == Step(Request("POST", "/notes", json_type, body), NoResponse("dropped"))


VCR_PY = """interactions:
- request:
    body: {body}
    headers: {{Accept: ['*/*'], Content-Type: [application/json], Content-Length: ['9']}}
    method: POST
    uri: https://api.test/notes
  response:
    body: {{string: !!binary "{packed}"}}
    headers: {{Content-Encoding: [gzip], X-A: [b]}}
    status: {{code: 201, message: Created}}
version: 1
"""
VCR = """---
http_interactions:
- request:
    method: post
    uri: https://api.test/notes
    body:
      encoding: UTF-8
      string: '{"text":1}'
    headers:
      Content-Type:
      - application/json
  response:
    status: {code: 201, message: Created}
    headers:
      X-A: [b]
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        W10=
  recorded_at: Tue, 01 Nov 2011 04:58:44 GMT
recorded_with: VCR 6.2.0
"""
BETAMAX = {
    "http_interactions": [
        {
            "request": {
                "body": {"encoding": "utf-8", "string": '{"text":1}'},
                "headers": {"Content-Type": "application/json"},
                "method": "POST",
                "uri": "https://api.test/notes",
            },
            "response": {
                "body": {"encoding": None, "base64_string": "W10="},
                "headers": {"X-A": ["b"]},
                "status": {"code": 201, "message": "Created"},
            },
            "recorded_at": "2015-06-21T19:22:54",
        }
    ],
    "recorded_with": "betamax/0.4.2",
}
PACKED = base64.b64encode(gzip.compress(b"[]")).decode()
BODY = base64.b64encode(b'{"text":1}').decode()
OTHERS = {
    "VCR.py": VCR_PY.format(body="'{\"text\":1}'", packed=PACKED),
    "VCR.py with bytes": VCR_PY.format(body=f"!!binary {BODY}", packed=PACKED),
    "VCR.py as JSON": json.dumps({"interactions": BETAMAX["http_interactions"], "version": 1}),
    "VCR": VCR,
    "Betamax": json.dumps(BETAMAX),
}


@pytest.mark.parametrize("name", OTHERS)
def test_cassettes_of_other_tools_are_read(file: Path, document: Document, name: str) -> None:
    file.write_text(OTHERS[name])
    (step,) = load_recording(file, document).steps
    json_type = ("Content-Type", "application/json")
    sent = [each for each in step.request.headers if each != ("Accept", "*/*")]
    assert (step.request.method, step.request.path, sent) == ("POST", "/notes", [json_type])
    assert step.request.body == b'{"text":1}'
    assert step.answer == Response(201, (("X-A", "b"),), b"[]", "Created")


def test_malformed_interaction_is_left_out_and_reported(file: Path, document: Document) -> None:
    file.write_text(OTHERS["VCR.py"].replace("interactions:", "interactions:\n- request: 5"))
    recording = load_recording(file, document)
    assert len(recording.steps) == 1
    assert "interaction 1 left out: it is damaged" in recording.notes[-1]


MONKEYS = "\n\U0001f435\U0001f648\U0001f649\n"
PAYLOADS = (
    "1 932079936fa4306fc308d67588178d17d823647c 1439818823587396305\n"
    "POST /notes HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\n"
    'Content-Length: 11\r\n\r\n{"text":1}\n',
    "2 932079936fa4306fc308d67588178d17d823647c 1439818823587396306 2782013\n"
    "HTTP/1.1 201 Created\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n"
    "1;x=y\r\n[\r\n1\r\n]\r\n0\r\n\r\n",
    "1 8e091765ae902fef8a2b7d9dd960e9d52222bd8c 1439818823587396301\n"
    "GET /notes/7 HTTP/1.1\r\nHost: api.test\r\n\r\n",
    "1 8e091765ae902fef8a2b7d9dd960e9d52222bd8d 1439818823587396309\n"
    "PUT /notes/7 HTTP/1.1\r\nHost: api.test\r\nContent-Length: 500\r\n\r\n{",
    "1 cut",
)


def test_goreplay_file_is_read(file: Path, document: Document) -> None:
    file.write_bytes("".join(payload + MONKEYS for payload in PAYLOADS).encode())
    recording = load_recording(file, document)
    first, second = recording.steps
    assert first == Step(Request("GET", "/notes/7"), NoResponse("dropped"))
    json_type = (("Content-Type", "application/json"),)
    assert second.request == Request("POST", "/notes", json_type, b'{"text":1}\n')
    assert second.answer == Response(201, (("X-A", "b"),), b"[]", "Created")
    notes = "\n".join(recording.notes)
    assert "1 of 500 bytes of its body were kept" in notes
    assert "payload 5 left out: it is damaged" in notes


def test_default_port_and_case_of_the_host_are_ignored(file: Path, document: Document) -> None:
    urls = ("https://api.test/notes", "https://API.test:443/notes", "HTTPS://api.test/notes#x")
    recording = load_recording(har(file, *(entry(url=url) for url in urls)), document)
    assert [step.request.path for step in recording.steps] == ["/notes"] * 3


def test_schemathesis_events_are_read(file: Path, document: Document) -> None:
    interaction = {
        "request": {
            "method": "POST",
            "uri": "http://127.0.0.1:1/notes",
            "headers": {"Content-Type": ["application/json"]},
            "body": {"$base64": base64.b64encode(b"{}").decode()},
        },
        "response": {"status_code": 400, "headers": {}, "content": {"$base64": "W10="}},
        "timestamp": 1.0,
    }
    recorder = {"label": "POST /notes", "interactions": {"a": interaction}}
    lines = [{"Initialize": {"seed": 1}}, {"ScenarioFinished": {"recorder": recorder}}]
    file.write_text("\n".join(map(json.dumps, lines)))
    (step,) = load_recording(file, document).steps
    assert (step.request.path, step.request.body) == ("/notes", b"{}")
    assert step.answer == Response(400, (), b"[]")


LOG = """\
10.0.0.1 - - [23/Nov/2026:03:20:32 +0000] "GET /api/notes?limit=2 HTTP/1.1" 200 512
10.0.0.1 - a b [23/Nov/2026:03:20:32 +0000] "GET /api/notes/7 HTTP/2.0" 404 9 "-" "Mozilla \\"x\\""
10.0.0.1 - - [23/Nov/2026:03:20:33 +0000] "POST /api/notes HTTP/1.1" 201 99
10.0.0.1 - - [23/Nov/2026:03:20:33 +0000] "GET / HTTP/1.1" 200 99
nonsense
"""


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_get_requests_of_an_access_log_are_replayed(
    file: Path, document: Document, pack: Any
) -> None:
    file.write_bytes(pack(LOG.encode()))
    recording = load_recording(file, document)
    assert load_recording(file, document, base_url="http://old.test/api") == recording
    first, second = recording.steps
    assert first == Step(Request("GET", "/notes?limit=2"), Response(200), partial=True)
    assert second.answer == Response(404)
    assert recording.notes == (
        "taken for the API: /api",
        "1 request to other places left out",
        "1 line of write requests, whose bodies are not in a log",
        "1 line that could not be read: 5",
    )


def saved(*findings: Any) -> str:
    return json.dumps({"schema_version": 2, "findings": findings})


def step(**request: Any) -> Any:
    sent = {"method": "POST", "path": "/notes", "headers": [], "body": {"text": "é"}, **request}
    answers = {"old": {"status": 201, "headers": [["A", "b"]], "body": {"base64": "AP8="}}}
    addresses = {"old": "http://old.test"}
    return {"request": sent, "requests": {"old": sent}, "outcomes": answers, "addresses": addresses}


def test_finding_of_a_report_is_read(file: Path, document: Document) -> None:
    file.write_text(saved({"steps": []}, {"operation": "createNote", "steps": [step()]}))
    recording = load_recording(file, document, finding=2)
    (taken,) = recording.steps
    assert taken.request == Request("POST", "/notes", (), "é".encode())
    assert taken.answer == Response(201, (("A", "b"),), b"\x00\xff")
    assert recording.base_url == "http://old.test"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("plain words", {}, "not one of HAR file"),
        ("{", {}, "not JSON"),
        ('{"log": {}}', {}, "not a HAR file: it has no list"),
        ('{"log": {"entries": []}}', {}, "no request was recorded"),
        ("a: 1", {"kind": "cassette"}, "not a cassette: it has no list"),
        ("http_interactions: [5]", {}, "no interaction of the cassette can be read"),
        ("1 0123456789abcdef0 5\n", {}, "no payload of the file is a request"),
        ("", {}, "it is empty"),
        ("<!doctype html><html>", {}, "an HTML page, not a recording"),
        ("openapi: 3.1.0\npaths: {}", {}, "an OpenAPI document, not a recording"),
        ('{"swagger": "2.0"}', {}, "an OpenAPI document, not a recording"),
        ('{"info": {}, "item": []}', {}, "a Postman collection"),
        ('{"consumer": {}, "provider": {}, "interactions": []}', {}, "a Pact contract"),
        ("version: api.keploy.io/v1beta1\nkind: Http", {}, "a test case of Keploy"),
        ('<?xml version="1.0"?>\n<items burpVersion="2"/>', {}, "items of Burp Suite"),
        ("curl -X GET http://a.test/notes", {}, "curl commands"),
        ("nonsense", {"kind": "log"}, "no line of a GET"),
        (LOG, {"finding": 1}, "needs a report"),
        (saved(), {}, "0 findings"),
        (saved({}, {}), {"finding": 3}, "there is no number 3"),
        (saved({"steps": []}), {}, "has no steps"),
        ("{}", {}, "not a finding with steps"),
    ],
)
def test_unusable_file_is_rejected_with_a_message(
    file: Path, document: Document, text: str, options: Any, message: str
) -> None:
    file.write_text(text)
    with pytest.raises(RecordingError, match=message):
        load_recording(file, document, **options)


def test_missing_file_is_rejected(tmp_path: Path, document: Document) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        load_recording(tmp_path / "gone", document)


@pytest.mark.parametrize(
    "text", ["alice@mail.test", "ab12", "0c5f9e21", "Ünï-ONE", "a/b c", 'a"b', "--"]
)
def test_fresh_value_keeps_the_format_and_replaces_all_occurrences(text: str) -> None:
    fresh = Uniquifier((text,), random.Random(1))
    body = json.dumps({"name": text}).encode()
    applied = fresh.apply(Step(Request("POST", "/x", (("A", text),), body)))
    made = json.loads(applied.request.body or b"")["name"]
    assert made != text
    assert dict(applied.request.headers)["A"] == made
    assert made.partition("@")[1:] == text.partition("@")[1:]


def test_taken_name_is_replaced_only_as_a_whole_word() -> None:
    fresh = Uniquifier(rng=random.Random(1))
    body = b'{"name": "ann", "text": "annual", "size": 1}'
    taken = Step(Request("POST", "/users", (), body), Response(201))
    assert fresh.renew(taken, Response(409), 0)
    applied = fresh.apply(replace_body(taken, b'{"name": "ann", "text": "annual"}'))
    assert b'"annual"' in (applied.request.body or b"")
    assert b'"ann"' not in (applied.request.body or b"")
    assert not fresh.renew(taken, Response(201), 0)
    assert not fresh.renew(Step(taken.request, Response(409)), Response(409), 0)


@pytest.mark.parametrize(
    ("said", "renewed"),
    [("The badge of a bike is taken.", True), ("The colour of a bike is odd.", False)],
)
def test_a_value_that_a_refusal_names_is_replaced_by_one_of_its_format(
    said: str, renewed: bool
) -> None:
    fresh = Uniquifier(rng=random.Random(1))
    body = b'{"badge": "VP204411", "rackId": "badge"}'
    taken = Step(Request("POST", "/bikes", (), body), Response(201))
    assert fresh.renew(taken, Response(409, (), said.encode()), 2) is renewed
    sent = json.loads(fresh.apply(taken).request.body or b"")
    assert (sent["badge"] != "VP204411") is renewed
    assert re.fullmatch("[A-Z]{2}[0-9]{6}", sent["badge"])
    assert sent["rackId"] == "badge"


def replace_body(taken: Step, body: bytes) -> Step:
    return Step(Request(taken.request.method, taken.request.path, (), body), taken.answer)


def test_recording_has_a_title(file: Path, document: Document) -> None:
    har(file, entry())
    recording = load_recording(file, document)
    assert isinstance(recording, Recording)
    assert recording.title == "HAR file recorded"
