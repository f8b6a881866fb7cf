"""Commands that send a request again."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from lockstep.report.curl import curl
from lockstep.transport.messages import Request


@pytest.mark.parametrize(
    "body", [b"it's $HOME", b"@file", b"", b"\xff\xfe", b"a\nb", b"a\x00b", "\u2028é".encode()]
)
def test_a_curl_line_sends_the_body_to_the_byte(body: bytes) -> None:
    line = curl(Request("POST", "/x", (("A", "it's"),), body), "http://h")
    script = line.replace("curl ", "show ", 1) if not line.startswith("printf") else line
    show = (
        "show() { local last; while [ $# -gt 0 ]; do "
        'if [ "$1" = --data-binary ]; then last=$2; fi; shift; done; printf %s "$last"; }; '
        "curl() { cat; }; "
    )
    shown = subprocess.run(["bash", "-c", show + script], capture_output=True, check=True)
    assert shown.stdout == body


def test_a_curl_line_is_quoted_for_the_shell() -> None:
    line = curl(Request("HEAD", "/x?a='b'&c", (("A", "$(x)"), ("B", ""))), "http://h")
    words = shlex.split(line)
    assert words[-1] == "http://h/x?a='b'&c"
    assert "A: $(x)" in words
    assert "B;" in words
