"""Flow files of mitmproxy, in the formats of its versions."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from lockstep.openapi.document import Document
from lockstep.recordings import Recording, RecordingError, load_recording
from lockstep.transport.messages import NoResponse, Response


def dumped(value: Any) -> bytes:
    """A value as a typed netstring."""
    match value:
        case None:
            return b"0:~"
        case bool():
            data, kind = str(value).lower().encode(), b"!"
        case int():
            data, kind = str(value).encode(), b"#"
        case float():
            data, kind = repr(value).encode(), b"^"
        case bytes():
            data, kind = value, b","
        case str():
            data, kind = value.encode(), b";"
        case list():
            data, kind = b"".join(map(dumped, value)), b"]"
        case _:
            parts = [dumped(part) for pair in value.items() for part in pair]
            data, kind = b"".join(parts), b"}"
    return str(len(data)).encode() + b":" + data + kind


def flow(
    method: str = "GET", path: str = "/notes", start: float = 1.0, **more: Any
) -> dict[str, Any]:
    """A flow as mitmproxy 10 writes it."""
    request = {
        "host": "10.0.0.7",
        "port": 443,
        "method": method.encode(),
        "scheme": b"https",
        "authority": b"",
        "path": path.encode(),
        "http_version": b"HTTP/1.1",
        "headers": [[b"Host", b"notes.example"], [b"X-Own", b"1"]],
        "content": b"",
        "trailers": None,
        "timestamp_start": start,
        "timestamp_end": start,
    }
    response = {
        "http_version": b"HTTP/1.1",
        "status_code": 200,
        "reason": b"OK",
        "headers": [[b"Content-Type", b"application/json"]],
        "content": b"[]",
        "trailers": None,
        "timestamp_start": start,
    }
    record = {
        "websocket": None,
        "response": {**response, **more.pop("response", {})},
        "request": {**request, **more.pop("request", {})},
        "backup": None,
        "version": 21,
        "type": "http",
        "id": "fe1c8a0e",
        "error": None,
        "client_conn": {"peername": ["127.0.0.1", 5], "tls": True},
        "intercepted": False,
    }
    return {**record, **more}


def load(folder: Path, document: Document, *flows: Any, end: bytes = b"") -> Recording:
    """The recording read from a file of these flows."""
    path = folder / "dump.mitm"
    path.write_bytes(b"".join(map(dumped, flows)) + end)
    return load_recording(path, document)


def test_flows_are_read_in_request_order(tmp_path: Path, document: Document) -> None:
    body = json.dumps({"text": "one"}).encode()
    typed = [[b"Host", b"notes.example"], [b"Content-Type", b"application/json"]]
    made = flow("POST", start=1.0, request={"content": body, "headers": typed})
    found = load(tmp_path, document, flow(start=2.0), made)
    first, second = found.steps
    assert (first.request.method, first.request.body) == ("POST", body)
    assert (second.request.method, second.request.path) == ("GET", "/notes")
    assert second.request.header("x-own") == "1"
    assert isinstance(second.answer, Response)
    assert (second.answer.status, second.answer.body) == (200, b"[]")
    assert found.base_url == "https://notes.example"
    assert (found.has_bodies, found.is_traffic) == (True, True)


def test_compressed_response_is_decoded(tmp_path: Path, document: Document) -> None:
    packed = {
        "content": gzip.compress(b'[{"id": 1}]'),
        "headers": [[b"Content-Encoding", b"gzip"], [b"Content-Type", b"application/json"]],
    }
    (step,) = load(tmp_path, document, flow(response=packed)).steps
    assert isinstance(step.answer, Response)
    assert step.answer.body == b'[{"id": 1}]'


@pytest.mark.parametrize(
    "old",
    [
        # Version 0.17: keys and all strings are bytes, and the status code has another key.
        {
            b"type": b"http",
            b"version": [0, 17],
            b"request": {
                b"host": b"notes.example",
                b"port": 80,
                b"method": b"GET",
                b"scheme": b"http",
                b"path": b"/notes",
                b"headers": [[b"Host", b"notes.example"]],
                b"content": b"",
                b"timestamp_start": 1.5,
            },
            b"response": {b"code": 200, b"msg": b"OK", b"headers": [], b"content": b"[]"},
        },
        flow(request={"headers": [], "host": "notes.example", "port": 8443}),
        flow(request={"headers": [], "authority": b"notes.example"}),
        flow(request={"headers": [[b":authority", b"notes.example"]]}),
    ],
)
def test_flows_of_other_versions_are_read(
    tmp_path: Path, document: Document, old: dict[Any, Any]
) -> None:
    (step,) = load(tmp_path, document, old).steps
    assert step.request.path == "/notes"
    assert "notes.example" in load(tmp_path, document, old).base_url


def test_unreplayable_flows_are_left_out_and_reported(tmp_path: Path, document: Document) -> None:
    socket = flow(websocket={"messages": []})
    tunnel = flow("CONNECT")
    tcp = {"type": "tcp", "messages": []}
    damaged = flow(request={"path": None, "host": None, "port": "x"})
    found = load(tmp_path, document, flow(), socket, tunnel, tcp, damaged, end=b"1200:9:webs")
    assert len(found.steps) == 1
    notes = "\n".join(found.notes)
    for text in ("1 of web sockets", "1 of tunnels", "1 of tcp flows", "flow 5 left out"):
        assert text in notes
    assert "the file is damaged after its flow 5" in notes


def test_missing_response_and_missing_body_are_recognised(
    tmp_path: Path, document: Document
) -> None:
    lost = flow(error={"msg": "connection reset", "timestamp": 1.0})
    lost["response"] = None
    streamed = flow(response={"content": None}, start=2.0)
    first, second = load(tmp_path, document, lost, streamed).steps
    assert isinstance(first.answer, NoResponse)
    assert second.partial
    sized = [[b"Host", b"notes.example"], [b"Content-Length", b"12"]]
    unkept = flow("POST", request={"content": None, "headers": sized}, start=3.0)
    assert load(tmp_path, document, flow(), unkept).unsent == 1


def test_file_without_requests_is_rejected(tmp_path: Path, document: Document) -> None:
    with pytest.raises(RecordingError, match="no flow of the file is a request"):
        load(tmp_path, document, {"type": "dns", "version": 21})
