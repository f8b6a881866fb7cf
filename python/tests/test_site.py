"""The documentation site: only files in its manifest, and only if all of them are valid."""

import json
import os
import re
from dataclasses import replace
from email.message import Message
from email.parser import Parser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from task_timer.api.site import load_site
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.utils.logger import configure_logging

from .servers import Server, running

POLICY = "default-src 'none'; connect-src 'self'; style-src 'self'"
PAGE = {"media_type": "text/html; charset=utf-8", "content_security_policy": POLICY}
STYLE = {"media_type": "text/css; charset=utf-8", "content_security_policy": "default-src 'none'"}
FONT = {"media_type": "font/woff2", "content_security_policy": "default-src 'none'"}
HTML = "<!DOCTYPE html>\n<title>Ünder test</title>\n"
# Each with what the log says of it.
BROKEN: dict[str, tuple[Any, str]] = {
    "a manifest that is no JSON": ("{", "UTF-8"),
    "no pages": ({}, r"^site\.json: /pages \w+ required$"),
    "no index": ({"other.html": PAGE}, r"^site\.json: /pages \w+ required$"),
    "a page that is missing": ({"index.html": PAGE, "missing.html": PAGE}, r"/missing\.html'"),
    "a name that leads elsewhere": (
        {"index.html": PAGE, "../index.html": PAGE},
        r"^site\.json: /pages \w+ ",
    ),
    "an unknown media type": (
        {"index.html": PAGE | {"media_type": "text/plain"}},
        r"^site\.json: /pages/index\.html/media_type \w+ enum$",
    ),
    "no policy": (
        {"index.html": {"media_type": "text/html; charset=utf-8"}},
        r"^site\.json: /pages/index\.html \w+ required$",
    ),
    "a policy of two lines": (
        {"index.html": PAGE | {"content_security_policy": "a\nb: c"}},
        r"^site\.json: /pages/index\.html/content_security_policy \w+ pattern$",
    ),
    "more bytes than allowed": (
        {"index.html": PAGE, "large.css": STYLE},
        r"^the files \D+ 33554432 bytes$",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text(HTML, encoding="utf-8")
    (tmp_path / "style.css").write_text("p {}")
    (tmp_path / "font.woff2").write_bytes(b"\xff\x00")
    (tmp_path / "unnamed.html").write_text(HTML, encoding="utf-8")
    write_manifest(tmp_path, {"index.html": PAGE, "style.css": STYLE, "font.woff2": FONT})
    return tmp_path


def write_manifest(folder: Path, pages: Any) -> None:
    text = pages if isinstance(pages, str) else json.dumps({"pages": pages})
    (folder / "site.json").write_text(text)


def get(server: Server, path: str, *fields: str) -> tuple[str, Message, bytes]:
    """Returns the status line, the headers and the body of a response."""
    lines = [f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *fields, "", ""]
    head, _, body = server.exchange("\r\n".join(lines).encode()).partition(b"\r\n\r\n")
    status, _, named = head.decode().partition("\r\n")
    return status, Parser().parsestr(named), body


def test_pages_are_served_according_to_the_manifest(folder: Path) -> None:
    with running(folder / "log", DOCS_PATH=str(folder)) as server:
        _, headers, body = get(server, "/docs/index.html")
        assert body == HTML.encode()
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Cache-Control"] == "no-cache"
        assert headers["X-Content-Type-Options"] == "nosniff"
        status, headers, body = get(server, "/docs/index.html", f"If-None-Match: {headers['ETag']}")
        assert status.startswith("HTTP/1.1 304 ")
        assert headers["Content-Security-Policy"] == POLICY
        assert body == b""
        assert get(server, "/docs/font.woff2")[2] == b"\xff\x00"
        for name in ("unnamed.html", "site.json"):
            assert json.loads(get(server, f"/docs/{name}")[2])["code"] == "page_not_found"
        assert get(server, "/docs")[1]["Location"] == "/docs/index.html"


def test_cors_origins_are_in_connect_src(
    settings: Settings, contract: Contract, folder: Path
) -> None:
    origins = ("https://a.example", "http://127.0.0.1:8001")
    site = load_site(replace(settings, docs_path=folder, cors_origins=origins), contract)
    assert site["index.html"].policy == POLICY.replace("'self';", f"'self' {' '.join(origins)};")
    assert site["style.css"].policy == "default-src 'none'"


def test_page_without_a_manifest_names_make_docs(
    settings: Settings, contract: Contract, folder: Path
) -> None:
    (folder / "site.json").unlink()
    site = load_site(replace(settings, docs_path=folder), contract)
    assert list(site) == ["index.html"]
    assert b"make docs" in site["index.html"].file.body
    assert site["index.html"].file.media_type == "text/html; charset=utf-8"
    policy = contract["x-response-headers"]["Content-Security-Policy"]
    assert site["index.html"].policy == policy


def test_site_of_all_allowed_bytes_is_served(
    settings: Settings, contract: Contract, folder: Path
) -> None:
    (folder / "large.css").touch()
    rest = contract["x-docs-site"]["total_bytes"] - (folder / "index.html").stat().st_size
    os.truncate(folder / "large.css", rest)
    write_manifest(folder, {"index.html": PAGE, "large.css": STYLE})
    site = load_site(replace(settings, docs_path=folder), contract)
    assert list(site) == ["index.html", "large.css"]


@pytest.mark.parametrize("name", BROKEN)
def test_invalid_site_counts_as_missing(
    settings: Settings, contract: Contract, folder: Path, name: str
) -> None:
    (folder / "large.css").touch()
    os.truncate(folder / "large.css", contract["x-docs-site"]["total_bytes"])
    pages, reason = BROKEN[name]
    write_manifest(folder, pages)
    printed = BytesIO()
    configure_logging("info", printed)
    site = load_site(replace(settings, docs_path=folder), contract)
    assert list(site) == ["index.html"]
    assert b"make docs" in site["index.html"].file.body
    line = json.loads(printed.getvalue())
    assert (line["level"], line["event"]) == ("warning", "site_unreadable")
    assert re.search(reason, line["reason"])
