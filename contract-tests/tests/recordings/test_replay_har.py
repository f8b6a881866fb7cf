"""HAR files with the peculiarities of the browsers, proxies and test tools that write them."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import brotli
import pytest

from lockstep.openapi.document import Document
from lockstep.recordings import Recording, RecordingError, load_recording
from lockstep.transport.messages import NoResponse, Response

URL = "https://api.test/v1/notes"
ANSWER = {"status": 200, "headers": [], "content": {"size": 2, "text": "[]"}}


def entry(method: str = "GET", url: str = URL, **more: Any) -> Any:
    """An entry of a HAR file; `request` and `response` are merged into the defaults."""
    request = {"method": method, "url": url, "headers": [], **more.pop("request", {})}
    response = {**ANSWER, **more.pop("response", {})}
    return {"startedDateTime": "2026-11-23T03:20:32Z", "request": request, **more} | {
        "response": response
    }


def post(posted: Any, *headers: tuple[str, str], size: int | None = -1) -> Any:
    listed = [{"name": name, "value": value} for name, value in headers]
    return entry("POST", request={"postData": posted, "headers": listed, "bodySize": size})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recorded.har"


def load(file: Path, document: Document, *entries: Any) -> Recording:
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return load_recording(file, document)


BOUNDARY = "----WebKitFormBoundaryA1"
MULTIPART = ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
PARTS = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="title"\r\n\r\ntrip\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    f"Content-Type: text/plain\r\n\r\nhello\r\n--{BOUNDARY}--\r\n"
).encode()
PARAMS = [
    {"name": "title", "value": "trip"},
    {"name": "file", "fileName": "a.txt", "contentType": "text/plain", "value": "hello"},
]


def test_multipart_body_is_built_from_params(file: Path, document: Document) -> None:
    (step,) = load(
        file, document, post({"mimeType": MULTIPART[1], "params": PARAMS}, MULTIPART)
    ).steps
    assert step.request.body == PARTS
    assert step.request.headers == (MULTIPART,)


def test_multipart_form_without_headers_gets_a_content_type_and_boundary(
    file: Path, document: Document
) -> None:
    made = post({"mimeType": "multipart/form-data", "params": PARAMS})
    (step,) = load(file, document, made).steps
    ((name, value),) = step.request.headers
    boundary = value.partition("boundary=")[2]
    assert name == "Content-Type"
    assert step.request.body == PARTS.replace(BOUNDARY.encode(), boundary.encode())


def test_missing_boundary_is_restored_from_the_multipart_body(
    file: Path, document: Document
) -> None:
    lost = post({"text": PARTS.decode()}, ("content-type", "multipart/form-data"))
    (step,) = load(file, document, lost).steps
    assert step.request.header("content-type") == f'multipart/form-data; boundary="{BOUNDARY}"'


@pytest.mark.parametrize(
    ("posted", "header", "body"),
    [
        ({"params": [{"name": "a", "value": "1 2"}, {"name": "b"}]}, None, b"a=1+2&b="),
        ({"mimeType": "text/plain", "params": [{"name": "a", "value": "1"}]}, None, b"a=1\r\n"),
        ("a=1", None, b"a=1"),
        ({"text": {"text": "ONE"}}, "application/json", b'{"text": "ONE"}'),
        (
            {"text": "Content-Type: x/y\r\nContent-Length: 3\r\n\r\na=1"},
            "application/x-www-form-urlencoded",
            b"a=1",
        ),
        ({"text": base64.b64encode(b"\x00\xff\x01").decode()}, "application/pdf", b"\x00\xff\x01"),
        ({"text": base64.b64encode(b"[1]").decode()}, "application/json", b"[1]"),
        ({"text": base64.b64encode(PARTS + b"\r\n").decode()}, MULTIPART[1], PARTS + b"\r\n"),
        ({"text": "AP8", "encoding": "BASE64"}, "image/png", b"\x00\xff"),
        ({"text": "abcd"}, "text/plain", b"abcd"),
    ],
)
def test_request_bodies_as_written_by_tools(
    file: Path, document: Document, posted: Any, header: str | None, body: bytes
) -> None:
    headers = [("Content-Type", header)] if header else []
    (step,) = load(file, document, post(posted, *headers)).steps
    assert step.request.body == body


NO_FILE = [{"name": "file", "fileName": "a.png"}]


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (post(None, size=9), "its body was not recorded"),
        (post({"text": ""}, size=9), "its body was not recorded"),
        (post({"mimeType": "application/json"}), "its body was not recorded"),
        (post(None, ("Content-Length", "9")), "its body was not recorded"),
        (post({"text": "abc"}, ("content-length", "9")), "3 of 9 bytes of its body were recorded"),
        (post({"params": NO_FILE}, MULTIPART), "the content of the file 'a.png' was not recorded"),
        (
            post({"params": [{**NO_FILE[0], "value": "(binary)"}]}, MULTIPART),
            "the content of the file 'a.png' was not recorded",
        ),
    ],
)
def test_request_with_a_missing_body_is_left_out(
    file: Path, document: Document, odd: Any, why: str
) -> None:
    recording = load(file, document, entry(), odd)
    assert [step.request.method for step in recording.steps] == ["GET"]
    assert f"entry 2 (POST /notes) left out: {why}" in recording.notes


@pytest.mark.parametrize(
    "empty",
    [
        post(None, size=0),
        post({"text": ""}, size=None),
        post({"mimeType": ""}),
        post({"mimeType": "application/json"}, ("Content-Length", "0")),
        entry("DELETE", f"{URL}/7", request={"bodySize": -1}),
        entry(request={"bodySize": 120}),
    ],
)
def test_request_without_a_body_is_replayed(file: Path, document: Document, empty: Any) -> None:
    (step,) = load(file, document, empty).steps
    assert not step.request.body


WORDS: list[Any] = ["Error", "", None, 0, -1, -999, "(failed)", [], True]


@pytest.mark.parametrize(
    "odd",
    [
        *({"response": {"status": word}} for word in WORDS),
        {"response": None},
        {"response": {}},
        {"response": "none"},
    ],
)
def test_entry_without_a_response_is_replayed_and_counted(
    file: Path, document: Document, odd: Any
) -> None:
    recording = load(file, document, entry(), {**entry(), **odd})
    assert [type(step.answer) for step in recording.steps] == [Response, NoResponse]
    assert recording.notes[1:] == (
        "1 request without a recorded response: only the targets are compared",
    )


@pytest.mark.parametrize("status", ["200", 200.0, "200 OK"])
def test_status_may_be_a_string(file: Path, document: Document, status: Any) -> None:
    (step,) = load(file, document, entry(response={"status": status})).steps
    assert step.answer == Response(200, (), b"[]")


@pytest.mark.parametrize(
    ("content", "body", "partial"),
    [
        ({"size": None, "text": "[]"}, b"[]", False),
        ({"size": -1, "mimeType": "application/json"}, b"", True),
        ({"size": None}, b"", True),
        ({"size": 5, "text": ""}, b"", True),
        ({"size": -1, "text": ""}, b"", True),
        ({"size": 0, "mimeType": "x-unknown"}, b"", True),
        ({"size": 0, "text": ""}, b"", False),
        ({"size": 3, "text": base64.b64encode(b"[1]").decode()}, b"[1]", False),
        ({"text": "one!", "encoding": "base64"}, b"one!", False),
        ({"text": "1234", "encoding": "base64"}, b"1234", False),
        ({"text": "MTIz\nNA==", "encoding": "base64"}, b"1234", False),
        (None, b"", True),
    ],
)
def test_response_with_an_unknown_body_is_partial(
    file: Path, document: Document, content: Any, body: bytes, partial: bool
) -> None:
    (step,) = load(file, document, entry(response={"content": content})).steps
    assert isinstance(step.answer, Response)
    assert (step.answer.body, step.partial) == (body, partial)


@pytest.mark.parametrize("coding", ["br", "gzip"])
@pytest.mark.parametrize("kept", [True, False])
def test_body_may_be_recorded_as_it_was_transferred(
    file: Path, document: Document, coding: str, kept: bool
) -> None:
    body = b'{"a":1}'
    packed = brotli.compress(body) if coding == "br" else gzip.compress(body)
    text = base64.b64encode(packed if kept else body).decode()
    response = {
        "headers": [{"name": "Content-Encoding", "value": coding}],
        "content": {"encoding": "base64", "mimeType": "application/json", "text": text},
    }
    (step,) = load(file, document, entry(response=response)).steps
    assert isinstance(step.answer, Response)
    assert step.answer.body == body


def test_cached_response_is_partial(file: Path, document: Document) -> None:
    (step,) = load(file, document, entry(_fromCache="disk")).steps
    assert step.partial


@pytest.mark.parametrize(
    ("odd", "note"),
    [
        (None, "entry 2 left out: it has no request"),
        ({}, "entry 2 left out: it has no request"),
        (entry(url=""), "entry 2 left out: it has no URL"),
        (entry(url="/notes"), "entry 2 left out: its URL '/notes' has no host"),
        (entry(url="api.test/v1/notes"), "its URL 'api.test/v1/notes' is not absolute"),
        (entry(url="https://[api.test/notes"), "has no host"),
        (entry(method=""), "entry 2 left out: '' is not a method"),
        (entry(method="\x16\x03"), "is not a method"),
        (entry(url="data:text/plain,x"), "1 entry left out of data: URLs, which are not HTTP"),
        (entry(url="blob:https://api.test/9115"), "left out of blob: URLs"),
        (entry(url="chrome-extension://abc/x.js"), "left out of chrome-extension: URLs"),
        (entry(_resourceType="websocket"), "left out of web sockets"),
        (entry(response={"status": 101}), "left out of web sockets"),
        (entry("CONNECT"), "left out of tunnels"),
        (entry(url="https://ads.test/notes/1/2"), "1 request to other places left out"),
        (entry(request={"headers": None}), "taken for the API"),
    ],
)
def test_malformed_entry_is_reported_and_the_others_are_replayed(
    file: Path, document: Document, odd: Any, note: str
) -> None:
    recording = load(file, document, entry(), odd)
    assert recording.steps[0].request.path == "/notes"
    assert note in " / ".join(recording.notes)


def test_headers_may_be_an_object_or_lack_values(file: Path, document: Document) -> None:
    headers = {
        ":authority": "x",
        "X-One": "1",
        "X-Two": None,
        "X-Many": ["a", "b"],
        "bad name": "x",
    }
    odd = entry(request={"headers": headers})
    odd["response"]["headers"] = [{"name": "ETag"}, {"value": "x"}, "ETag: y"]
    (step,) = load(file, document, odd).steps
    assert step.request.headers == (("X-One", "1"), ("X-Two", ""), ("X-Many", "a"), ("X-Many", "b"))
    assert step.answer == Response(200, (("ETag", ""),), b"[]")


def test_non_latin_1_header_is_sent_as_utf_8(file: Path, document: Document) -> None:
    headers = [{"name": "X-Name", "value": "Łódź"}]
    (step,) = load(file, document, entry(request={"headers": headers})).steps
    assert step.request.headers[0][1].encode("latin-1") == "Łódź".encode()


def test_incomplete_url_is_completed_from_query_string_and_pseudo_headers(
    file: Path, document: Document
) -> None:
    query = [{"name": "limit", "value": "2"}, {"name": "q", "value": "a b"}]
    fields = [{"name": ":authority", "value": "api.test"}, {"name": ":scheme", "value": "https"}]
    recording = load(
        file,
        document,
        entry(request={"queryString": query}),
        entry(url="/v1/notes", request={"headers": fields}),
    )
    assert [step.request.path for step in recording.steps] == ["/notes?limit=2&q=a+b", "/notes"]
    assert recording.base_url == "https://api.test/v1"


def test_entries_are_sorted_by_start_time(file: Path, document: Document) -> None:
    starts = ["2026-11-23T04:00:00+02:00", None, "2026-11-23T01:00:00.1234567Z", "yesterday"]
    entries = [
        {**entry(url=f"{URL}?limit={number}"), "startedDateTime": start}
        for number, start in enumerate(starts)
    ]
    recording = load(file, document, *entries)
    paths = [step.request.path for step in recording.steps]
    assert paths == [f"/notes?limit={number}" for number in (2, 3, 0, 1)]


def test_truncated_file_yields_its_complete_entries(file: Path, document: Document) -> None:
    text = json.dumps({"log": {"entries": [entry(), entry("DELETE", f"{URL}/7"), entry()]}})
    file.write_text(text[:-20])
    recording = load_recording(file, document)
    assert [step.request.method for step in recording.steps] == ["GET", "DELETE"]
    assert recording.notes[-1].startswith("the file is damaged after its entry 2: ")


def test_bodies_may_be_in_separate_files(file: Path, document: Document) -> None:
    file.with_name("5f2c.json").write_text("[1]")
    outside = file.parent.parent / "outside.json"
    outside.write_text("[2]")
    recording = load(
        file,
        document,
        entry(response={"content": {"size": 3, "_file": "5f2c.json"}}),
        entry(response={"content": {"size": 3, "_file": "gone.json"}}),
        entry(response={"content": {"size": 3, "_file": "../outside.json"}}),
        post({"mimeType": "application/json", "_file": "5f2c.json"}),
    )
    answers = [step.answer for step in recording.steps]
    assert [one.body for one in answers if isinstance(one, Response)] == [b"[1]", b"", b"", b"[]"]
    assert [step.partial for step in recording.steps] == [False, True, True, False]
    assert recording.steps[-1].request.body == b"[1]"


def test_header_value_may_be_a_typed_object(file: Path, document: Document) -> None:
    headers = [{"name": "X-One", "value": {"type": "string", "value": "1"}}]
    (step,) = load(file, document, entry(request={"headers": headers})).steps
    assert step.request.headers == (("X-One", "1"),)


def test_trailing_null_bytes_are_ignored(file: Path, document: Document) -> None:
    file.write_bytes(json.dumps({"log": {"entries": [entry()]}}).encode() + bytes(64))
    recording = load_recording(file, document)
    assert len(recording.steps) == 1
    assert len(recording.notes) == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_mark_is_ignored(file: Path, document: Document, encoding: str) -> None:
    file.write_text(json.dumps({"log": {"entries": [entry()]}}), encoding=encoding)
    assert len(load_recording(file, document).steps) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"log": {"entries": [null, {"request": 1}]}}', "entry 1 left out: it has no request"),
        (b'{"log": {"entries": {}}}', "it has no list log.entries"),
        (b"1851:9:websocket;0:~8:response;", "no flow of the file is a request"),
        (b"\xac\xed\x00\x05sr", "Export Session"),
        (b"PK\x03\x04", "unpack it"),
    ],
)
def test_unreadable_har_file_is_rejected_with_a_message(
    file: Path, document: Document, data: bytes, message: str
) -> None:
    file.write_bytes(data)
    with pytest.raises(RecordingError, match=message):
        load_recording(file, document)


def test_har_file_with_only_missing_bodies_is_rejected(file: Path, document: Document) -> None:
    with pytest.raises(RecordingError, match=r"entry 1 \(POST /notes\): its body was not recorded"):
        load(file, document, post(None, size=9))
