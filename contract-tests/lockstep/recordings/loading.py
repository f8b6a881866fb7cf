"""Loads recordings of any format, which is detected by content."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lockstep.openapi.document import Document
from lockstep.openapi.mistakes import page_fault
from lockstep.recordings.access_log import is_access_log, read_access_log
from lockstep.recordings.cassettes import read_cassette, read_ndjson
from lockstep.recordings.flows import read_flows
from lockstep.recordings.goreplay import BEGINS, read_goreplay
from lockstep.recordings.har import read_har
from lockstep.recordings.origins import narrow
from lockstep.recordings.recording import NOWHERE, Captured, Recording, RecordingError
from lockstep.recordings.report_steps import read_every_step, read_saved

# Mapping from the value of `--format` to its name.
FORMATS = {
    "har": "HAR file",
    "cassette": "cassette",
    "ndjson": "Schemathesis events",
    "flows": "mitmproxy flows",
    "goreplay": "GoReplay file",
    "log": "access log",
    "finding": "saved finding",
}
_BINARY: dict[str, Callable[[bytes], tuple[list[Captured], list[str]]]] = {
    "flows": read_flows,
    "goreplay": read_goreplay,
}
_CAPTURED: dict[str, Callable[[str, Path], tuple[list[Captured], list[str]]]] = {
    "har": read_har,
    "cassette": lambda text, _folder: read_cassette(text),
    "ndjson": lambda text, _folder: (read_ndjson(text), []),
}
# A file of flows starts with a dictionary whose first key is text or bytes.
_FLOWS = re.compile(rb"\d+:\d+:[a-z_]+[;,]")
# Proprietary formats of other tools, and how to get a HAR file from them.
_FOREIGN = (
    (
        re.compile(rb"\xac\xed\x00\x05"),
        "a Charles session: File, Export Session, HTTP Archive makes a HAR file of it",
    ),
    (
        re.compile(rb"PK\x03\x04"),
        "a ZIP archive: unpack it, and use the recording in it",
    ),
    (
        re.compile(rb"[\xd4\n]\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\n\r\r\n"),
        "network packets: record the traffic with a proxy that writes HAR files",
    ),
)


_DOCUMENT = "an OpenAPI document, not a recording: give the recording first, then the document"
_PACT = (
    "a Pact contract, which has examples but no recorded responses: record a HAR file while its"
    " provider is verified"
)
# JSON that is not a recording, by a top-level member.
_OTHERS = (
    ("openapi", _DOCUMENT),
    ("swagger", _DOCUMENT),
    (
        "item",
        "a Postman collection, which has no responses: run it while a proxy or a browser records a"
        " HAR file",
    ),
    ("_postman_variable_scope", "a Postman environment, not a recording"),
    ("resources", "an Insomnia export, which has no responses: record a HAR file while it runs"),
)


def load_recording(
    path: Path,
    document: Document,
    *,
    kind: str | None = None,
    base_url: str | None = None,
    finding: int | None = None,
) -> Recording:
    """Load a file, gzipped or not; raise `RecordingError` if it cannot be sent again.

    `kind` is one of `FORMATS`, detected by default. `base_url` is the URL of the recorded API,
    `finding` the number of a finding in a report, from 1.
    """
    kind, data, text = _read(path, kind)
    title = f"{FORMATS[kind]} {path.name}"
    if kind == "finding":
        return read_saved(_json(text), title, finding)
    if finding is not None:
        raise RecordingError(f"{path}: --finding needs a report, not a {FORMATS[kind]}")
    if kind == "log":
        captured, notes = read_access_log(text, base_url)
        base = NOWHERE + urlsplit(base_url).path if base_url else None
    elif kind in _BINARY:
        captured, notes = _BINARY[kind](data)
        base = base_url
    else:
        captured, notes = _CAPTURED[kind](text, path.parent)
        base = base_url
    recording = narrow(captured, document, title, base)
    return replace(recording, notes=(*recording.notes, *notes), has_bodies=kind != "log")


def load_captured(
    path: Path, *, kind: str | None = None, base_url: str | None = None
) -> tuple[list[Captured], list[str]]:
    """Return all requests of a file, of any host, and notes on skipped ones.

    A report yields the steps of all its findings, a log also its writing requests. Requests without
    a host are below `NOWHERE`. Raises `RecordingError` if nothing can be read.
    """
    kind, data, text = _read(path, kind)
    title = f"{FORMATS[kind]} {path.name}"
    try:
        if kind == "finding":
            recording = read_every_step(_json(text), title)
            return [step.captured(recording.base_url) for step in recording.steps], []
        if kind == "log":
            return read_access_log(text, base_url, every=True)
        if kind in _BINARY:
            return _BINARY[kind](data)
        return _CAPTURED[kind](text, path.parent)
    except RecordingError as error:
        named = str(error).startswith((str(path), title))
        raise RecordingError(str(error) if named else f"{title}: {error}") from error


def _read(path: Path, kind: str | None) -> tuple[str, bytes, str]:
    """Return the format of a file, its bytes, and their text."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise RecordingError(f"{path}: {error}") from error
    text = _decoded(data)
    return kind or _recognise(data, text, path), data, text


def _decoded(data: bytes) -> str:
    """Decode the text of a file; bytes that are not UTF-8, as in logs, are escaped."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16", "replace")
    # Some tools pad the file with NUL bytes.
    return data.rstrip(b"\x00").decode("utf-8-sig", "surrogateescape")


def _recognise(data: bytes, text: str, path: Path) -> str:
    for pattern, what in _FOREIGN:
        if pattern.match(data):
            raise RecordingError(f"{path}: {what}")
    if _FLOWS.match(data):
        return "flows"
    if BEGINS.match(data):
        return "goreplay"
    start = text.lstrip()
    if start.startswith("{"):
        return _kind_of_object(start, path)
    if re.search(r"^(?:http_)?interactions:", text, re.MULTILINE):
        return "cassette"
    fault = _fault(text)
    if fault:
        raise RecordingError(f"{path}: {fault}")
    if is_access_log(text):
        return "log"
    raise RecordingError(
        f"{path}: not one of {', '.join(FORMATS.values())}; give its format with --format"
    )


def _fault(text: str) -> str:
    """Describe a text that is not a recording, empty if it is not recognised."""
    if not text.strip():
        return "it is empty: was anything recorded?"
    if page_fault(text, ""):
        return "an HTML page, not a recording: was it saved instead of a download?"
    if re.search(r"^version: *[\"']?api\.keploy\.io/", text, re.MULTILINE):
        return "a test case of Keploy: record a HAR file while `keploy test` runs"
    if re.match(
        r"\s*(?:<\?xml.*?\?>\s*)?(?:<!DOCTYPE.*?\]>\s*)?<items burpVersion", text, re.DOTALL
    ):
        return "items of Burp Suite: save the requests as a HAR file instead"
    if re.match(r"\s*(?:#!.*\n)?\s*curl\s", text):
        return "curl commands, which have no responses: record a HAR file while they run"
    return _DOCUMENT if re.search(r"^[\"']?(?:openapi|swagger)\b", text, re.MULTILINE) else ""


def _kind_of_object(text: str, path: Path) -> str:
    """Return the format of a text that starts with an object, one of many or truncated."""
    if '"Initialize"' in text.partition("\n")[0]:
        return "ndjson"
    try:
        whole = json.loads(text)
    except ValueError:
        if is_access_log(text):
            return "log"
        return "har" if '"entries"' in text else "finding"
    if isinstance(whole.get("log"), dict) or "entries" in whole:
        return "har"
    if {"consumer", "provider", "interactions"} <= whole.keys():
        raise RecordingError(f"{path}: {_PACT}")
    if {"http_interactions", "interactions"} & whole.keys():
        return "cassette"
    fault = next((description for name, description in _OTHERS if name in whole), None)
    if fault is not None:
        raise RecordingError(f"{path}: {fault}")
    is_line = not {"findings", "steps"} & whole.keys() and is_access_log(text)
    return "log" if is_line else "finding"


def _json(text: str) -> Any:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise RecordingError(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise RecordingError("not a JSON object")
    return data
