"""Reads a recording of any kind; which one it is shows in its content."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lockstep.openapi.document import Document
from lockstep.recordings.access_log import is_access_log, read_access_log
from lockstep.recordings.cassettes import read_cassette, read_ndjson
from lockstep.recordings.har import read_har
from lockstep.recordings.origins import narrow
from lockstep.recordings.recording import NOWHERE, Captured, Recording, RecordingError
from lockstep.recordings.report_steps import read_saved

# By the name that `--format` takes, with what each is called.
FORMATS = {
    "har": "HAR file",
    "cassette": "Schemathesis cassette",
    "ndjson": "Schemathesis events",
    "log": "access log",
    "finding": "saved finding",
}
_CAPTURED: dict[str, Callable[[str], list[Captured]]] = {
    "har": lambda text: read_har(_json(text)),
    "cassette": read_cassette,
    "ndjson": read_ndjson,
}


def load_recording(
    path: Path,
    document: Document,
    *,
    kind: str | None = None,
    base_url: str | None = None,
    finding: int | None = None,
) -> Recording:
    """Read a file, gzipped or not; `RecordingError` says why it cannot be sent again.

    `kind` is one of `FORMATS`, by default the one that the content shows. `base_url` is where the
    recorded API was, `finding` the number of a finding in a report, from 1.
    """
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (OSError, ValueError, EOFError) as error:
        raise RecordingError(f"{path}: {error}") from error
    kind = kind or _recognise(text, path)
    title = f"{FORMATS[kind]} {path.name}"
    if kind == "finding":
        return read_saved(_json(text), title, finding)
    if finding is not None:
        raise RecordingError(f"{path}: a number of a finding needs a report, not a {FORMATS[kind]}")
    if kind == "log":
        captured, notes = read_access_log(text)
        base = NOWHERE + urlsplit(base_url).path if base_url else None
        recording = narrow(captured, document, title, base)
        return replace(recording, notes=(*recording.notes, *notes), has_bodies=False)
    return narrow(_CAPTURED[kind](text), document, title, base_url)


def _recognise(text: str, path: Path) -> str:
    start = text.lstrip()
    if start.startswith("{"):
        if '"Initialize"' in start.partition("\n")[0]:
            return "ndjson"
        return "har" if "log" in _json(start) else "finding"
    if "\nhttp_interactions:" in text:
        return "cassette"
    if is_access_log(start):
        return "log"
    raise RecordingError(
        f"{path}: neither a {', '.join(FORMATS.values())}; --format names what it is"
    )


def _json(text: str) -> Any:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise RecordingError(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise RecordingError("not a JSON object")
    return data
