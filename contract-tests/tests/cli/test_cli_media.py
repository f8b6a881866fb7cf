"""`lockstep run` on responses other than JSON: endless streams, XML, files, headers."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fixtures.scripted_server import plain, scripted

from lockstep.cli import main

Serve = Callable[[BaseHTTPRequestHandler], None]


def document(folder: Path, **paths: Any) -> Path:
    """A document of GET operations without parameters, each with its 200 response."""
    raw = {
        "openapi": "3.1.0",
        "info": {"title": "Media", "version": "1"},
        "paths": {
            f"/{name}": {
                "get": {
                    "operationId": name,
                    "responses": {"200": {"description": "ok", **answer}},
                }
            }
            for name, answer in paths.items()
        },
    }
    path = folder / "openapi.json"
    path.write_text(json.dumps(raw))
    return path


def run(folder: Path, left: Serve, right: Serve, *arguments: str, **paths: Any) -> Any:
    """The JSON report of a run with few generated requests, and its terminal output."""
    text = {"content": {"application/json": {"schema": {"type": "array"}}}}
    source, report = document(folder, ready=text, **paths), folder / "report.json"
    with scripted("old", left) as old, scripted("new", right) as new:
        targets = [f"--target={each.name}={each.base_url}" for each in (old, new)]
        command = ["run", str(source), *targets, "--phase=examples", f"--json={report}", *arguments]
        result = CliRunner().invoke(main, command)
    assert report.exists(), result.output
    data = json.loads(report.read_text())
    assert result.exit_code == data["exit_code"]
    data["terminal"] = result.output
    return data


def differing(data: Any) -> list[tuple[str, str]]:
    """The kinds and places of the differences."""
    return [
        (one["kind"], one["where"]) for one in data["findings"] if one["class"] != "conformance"
    ]


def content(media_type: str, schema: Any = None) -> Any:
    """The `content` of a documented response."""
    return {"content": {media_type: {"schema": schema or {"type": "string"}}}}


def serving(name: str, serve: Serve) -> Serve:
    """A handler that calls `serve` for one path, sends JSON for `/ready`, and else 404 or 405."""

    def whole(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        path = handler.path.partition("?")[0]
        handler.close_connection = True
        if path not in (f"/{name}", "/ready"):
            refuse(handler, 404)
        elif handler.command not in ("GET", "HEAD"):
            refuse(handler, 405)
        elif path == "/ready":
            plain(handler, b"[1]", ("Content-Type", "application/json"))
        else:
            serve(handler)

    return whole


def refuse(handler: BaseHTTPRequestHandler, status: int) -> None:
    """Send a response with a status code only."""
    handler.send_response(status)
    handler.send_header("Allow", "GET, HEAD")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def streaming(event: str, *, beats: bool = False) -> Serve:
    """An endless event stream at `/ticks`."""

    def serve(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        if handler.command == "HEAD":
            return
        try:
            for number in range(10_000):
                beat = ": still here\n\n" if beats else ""
                text = f'{beat}event: {event}\ndata: {{"n": {number}}}\n\n'
                handler.wfile.write(text.encode())
                time.sleep(0.05)
        except OSError:
            handler.close_connection = True

    return serving("ticks", serve)


STREAM = ("--timeout=3", "--stream-seconds=0.3")


def test_endless_streams_are_compared(tmp_path: Path) -> None:
    schema = content("text/event-stream")
    data = run(tmp_path, streaming("tick"), streaming("tick", beats=True), *STREAM, ticks=schema)
    assert (data["verdict"], data["exit_code"], data["findings"]) == ("alike", 0, [])
    data = run(tmp_path, streaming("tick"), streaming("tock"), *STREAM, ticks=schema)
    assert (data["verdict"], data["exit_code"]) == ("not alike", 1)
    assert differing(data) == [("value", "body /*/event")]
    [finding] = data["findings"]
    assert finding["reproduced"] is True
    assert '"tock"' in finding["sentence"]


def xml(body: str) -> Serve:
    """XML at `/feed`."""
    headers = ("Content-Type", "application/xml")
    return serving("feed", lambda handler: plain(handler, body.encode(), headers))


def test_xml_is_compared_by_its_infoset(tmp_path: Path) -> None:
    schema = content("application/xml", {"type": "object"})
    left = '<feed a="1" b="2"><entry><title>x &amp; y</title></entry><entry/></feed>'
    right = (
        "<?xml version='1.0'?>\n<feed b='2' a='1'>\n <entry>\n  <title><![CDATA[x & y]]></title>"
    )
    right += "\n </entry>\n <entry></entry>\n</feed>"
    data = run(tmp_path, xml(left), xml(right), feed=schema)
    assert (data["verdict"], data["findings"]) == ("alike", [])
    data = run(tmp_path, xml(left), xml(right.replace("x & y", "x & z")), feed=schema)
    assert differing(data) == [("value", "body /feed/entry/*/title")]
    assert "`feed/entry/*/title`" in data["findings"][0]["sentence"]
    data = run(tmp_path, xml(left), xml(right[:-1]), feed=schema)
    assert ("type", "body") in differing(data)
    assert "no XML" in data["findings"][0]["sentence"]


def hanging(drips: bool) -> Serve:
    """A handler that hangs at `/slow`, sending nothing or one byte at a time."""

    def serve(handler: BaseHTTPRequestHandler) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
        handler.wfile.write(head if drips else b"")
        # Until the client disconnects.
        while not select.select([handler.connection], [], [], 0.05)[0]:
            handler.wfile.write(b"x" if drips else b"")

    return serving("slow", serve)


@pytest.mark.parametrize("drips", [True, False])
def test_hanging_operation_is_reported_and_the_rest_is_compared(
    tmp_path: Path, drips: bool
) -> None:
    began = time.monotonic()
    serve = hanging(drips)
    data = run(tmp_path, serve, serve, "--timeout=0.4", slow=content("text/plain"))
    assert time.monotonic() - began < 60
    assert data["exit_code"] == 0
    assert data["verdict"] == "alike"
    [note] = [
        line for line in data["not_judged"] if line.startswith("slow: old and new timed out ")
    ]
    assert "(stage: " in note
    assert "walk" in note
    assert note in " ".join(data["terminal"].split())
    assert "slow never succeeded on all targets" in data["untested"]
    assert "ready" not in " ".join(data["untested"])


def test_operation_that_hangs_on_one_side_is_a_difference(tmp_path: Path) -> None:
    text = ("Content-Type", "text/plain")
    fast = serving("slow", lambda handler: plain(handler, b"x", text))
    data = run(tmp_path, fast, hanging(True), "--timeout=0.4", slow=content("text/plain"))
    assert data["exit_code"] == 1
    assert [one["kind"] for one in data["findings"] if one["category"] == "parity"] == ["outcome"]


def sending(body: bytes, *headers: tuple[str, str]) -> Serve:
    """A handler that sends a body at `/file`."""
    return serving("file", lambda handler: plain(handler, body, *headers))


def test_downloads_are_compared_by_digest_without_their_bytes_in_reports(tmp_path: Path) -> None:
    png = ("Content-Type", "image/png")
    body = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
    schema = content("image/png")
    data = run(tmp_path, sending(body, png), sending(body, png), file=schema)
    assert data["findings"] == []
    html, markdown, junit = (tmp_path / name for name in ("a.html", "a.md", "a.xml"))
    reports = f"--html={html}", f"--markdown={markdown}", f"--junit={junit}"
    data = run(tmp_path, sending(body, png), sending(body[:-1], png), *reports, file=schema)
    assert differing(data) == [("bytes", "body")]
    assert "5,127 bytes, sha256 " in data["findings"][0]["sentence"]
    for text in (data["terminal"], json.dumps(data), *map(Path.read_text, (html, markdown, junit))):
        assert "iVBORw0KGgo" not in text
        assert "\\x89PNG" not in text
        assert "xyz{|}" not in text


def test_list_headers_are_checked_and_compared(tmp_path: Path) -> None:
    header = {"schema": {"type": "array", "items": {"type": "integer"}}}
    answer = {"headers": {"X-Pages": header}, **content("text/plain")}
    text = ("Content-Type", "text/plain")
    one, same = (("X-Pages", text) for text in ("1,2,3", "1, 2, 3"))
    data = run(tmp_path, sending(b"a", text, one), sending(b"a", text, same), file=answer)
    assert (data["verdict"], data["conformance"], data["findings"]) == ("alike", "kept", [])
    lie = ("X-Pages", "1,2,x")
    data = run(tmp_path, sending(b"a", text, one), sending(b"a", text, lie), file=answer)
    assert ("header", "header x-pages *") in differing(data)
    broken = [*data["findings"], *(b for one in data["findings"] for b in one["breaks"])]
    assert any(each["kind"] == "header_schema" for each in broken)
