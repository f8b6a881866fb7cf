"""curl commands that repeat a request."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from fixtures.sockets import listening

from lockstep.report.curl import curl
from lockstep.transport.messages import Request

LONG = b"it's " + b"x" * 200_000 + b" @file"
EVEN_LONGER = b"\x00" + b"x" * 200_000


@pytest.mark.parametrize(
    "body",
    [
        *(b"it's $HOME", b"@file", b"", b"\xff\xfe", b"a\nb", b"a\x00b", "\u2028é".encode()),
        *(LONG, EVEN_LONGER, "é,".encode() * 50_000),
    ],
)
def test_curl_command_sends_the_body_byte_for_byte(body: bytes) -> None:
    line = curl(Request("POST", "/x", (("A", "it's"),), body), "http://h")
    script = line.replace("curl ", "show ", 1) if line.startswith("curl") else line
    show = (
        "show() { local last; while [ $# -gt 0 ]; do "
        'if [ "$1" = --data-binary ]; then last=$2; fi; shift; done; printf %s "$last"; }; '
        "curl() { cat; }; "
    )
    given = (show + script).encode()
    shown = subprocess.run(["bash"], input=given, capture_output=True, check=True)
    assert shown.stdout == body


def test_long_runs_of_a_character_are_not_written_out() -> None:
    assert len(curl(Request("POST", "/x", (), LONG), "http://h")) < 500


def test_curl_command_is_quoted_for_the_shell() -> None:
    line = curl(Request("HEAD", "/x?a='b'&c", (("A", "$(x)"), ("B", ""))), "http://h")
    words = shlex.split(line)
    assert words[-1] == "http://h/x?a='b'&c"
    assert "A: $(x)" in words
    assert "B;" in words


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/a/../b?x=[1]&y={2}"),
        Request(
            "GET", "/x", (("Accept", "text/html"), ("User-Agent", "u"), ("A", "b"), ("A", "c"))
        ),
        Request("GET", "/x", (), b"body"),
        Request("GET", "/x", (), b""),
        Request("HEAD", "/x", (("X-Empty", ""),)),
        Request("HEAD", "/x", (), b"body"),
        Request("POST", "/x"),
        Request("POST", "/x", (("Content-Type", "application/json"),), b'{"a": 1}'),
        Request("POST", "/x", (("X-Latin", "\xe9"),), b"b" * 2000),
        Request("POST", "/x", (), b"a\x00b"),
        Request("OPTIONS", "/x"),
        Request("PURGE", "/x", (("Content-Type", "text/plain"),), b"it's"),
    ],
)
def test_curl_sends_the_same_bytes_as_lockstep(request_: Request) -> None:
    with listening(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as (target, seen, _):
        line = curl(request_, target.base_url)
        subprocess.run(["bash", "-c", line], capture_output=True, timeout=20)
        (wanted, body), (sent, sent_body) = (
            data.split(b"\r\n\r\n", 1) for data in (target.encode(request_), seen[0])
        )
    first, *headers = wanted.split(b"\r\n")
    sent_first, *sent_headers = sent.split(b"\r\n")
    assert (sent_first, sent_body) == (first, body)
    # An empty value may be followed by a space.
    assert sorted(header.rstrip() for header in sent_headers) == sorted(
        header.rstrip() for header in headers
    )
