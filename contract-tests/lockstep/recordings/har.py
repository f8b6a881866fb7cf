"""HTTP Archives (HAR 1.2), as written by browsers and proxies."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from lockstep.recordings.har_bodies import MissingBodyError, received_body, sent_body
from lockstep.recordings.headers import answer_headers, blackened, request_headers
from lockstep.recordings.recording import Captured, RecordingError
from lockstep.transport.messages import Headers, NoResponse, Outcome, Response

_SOCKETS = frozenset({"ws", "wss"})
_METHOD_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_")
_EPOCH = datetime.min.replace(tzinfo=UTC)
_LONGEST_URL = 80


class _OddEntryError(ValueError):
    """An entry is not a request that can be sent."""


class _NoHttpError(ValueError):
    """An entry is not HTTP; the message says what it is."""


def read_har(text: str, folder: Path) -> tuple[list[Captured], list[str]]:
    """Return the entries of an archive, sorted by start time, and notes on skipped entries.

    Unreadable entries are skipped, and so is the rest of a truncated file. Bodies may be in
    separate files in `folder`, as Playwright writes them. Raises `RecordingError` if the file is
    not an archive, or nothing in it can be read.
    """
    entries, notes = _entries(text)
    captured: list[Captured] = []
    odd: list[str] = []
    others = Counter[str]()
    for number, entry in _by_start(entries):
        try:
            captured.append(_entry(f"entry {number}", entry, folder))
        except _NoHttpError as error:
            others[str(error)] += 1
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            why = error if isinstance(error, _OddEntryError) else f"it is damaged ({error})"
            odd.append(f"entry {number} left out: {why}")
    if odd and not captured:
        raise RecordingError(f"no entry of the HAR file can be read: {odd[0]}")
    notes += odd
    notes += [f"{_count(count)} of {what}, which are not HTTP" for what, count in others.items()]
    return captured, notes


def _entries(text: str) -> tuple[list[Any], list[str]]:
    """Return the records of all entries, and notes on damage to the file."""
    try:
        data = json.loads(text)
    except ValueError as error:
        entries = list(_whole_entries(text))
        if not entries:
            raise RecordingError(f"not JSON: {error}") from error
        return entries, [f"the file is damaged after its entry {len(entries)}: {error}"]
    log = data.get("log", data) if isinstance(data, dict) else None
    found = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(found, list):
        raise RecordingError("not a HAR file: it has no list log.entries")
    return found, []


def _whole_entries(text: str) -> Iterator[Any]:
    """Yield the complete entries of a truncated file."""
    decoder = json.JSONDecoder()
    at = text.find("[", text.find('"entries"')) + 1 if '"entries"' in text else 0
    while at:
        at = next((i for i in range(at, len(text)) if text[i] not in ", \r\n\t"), len(text))
        try:
            entry, at = decoder.raw_decode(text, at)
        except ValueError:
            return
        yield entry


def _by_start(entries: list[Any]) -> list[tuple[int, Any]]:
    """Return entries with their numbers in the file; one without a time follows its predecessor."""
    keyed, last = [], _EPOCH
    for number, entry in enumerate(entries, 1):
        last = _start(entry) or last
        keyed.append((last, number, entry))
    keyed.sort(key=lambda item: item[:2])
    return [(number, entry) for _, number, entry in keyed]


def _start(entry: Any) -> datetime | None:
    try:
        start = datetime.fromisoformat(entry["startedDateTime"])
    except (KeyError, TypeError, ValueError):
        return None
    return start if start.tzinfo is not None else start.replace(tzinfo=UTC)


def _entry(name: str, entry: Any, folder: Path) -> Captured:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise _OddEntryError("it has no request")
    pairs = _pairs(request.get("headers"))
    url = _url(request, pairs)
    method = _method(request)
    _refuse_sockets(entry, method)
    _attach(request.get("postData"), folder)
    _attach(_response(entry).get("content"), folder)
    missing, body, media_type = "", None, None
    try:
        body, media_type = sent_body(request, pairs)
    except MissingBodyError as error:
        missing = str(error)
    answer, partial = _answer(entry, method)
    headers = pairs if media_type is None else _with_type(pairs, media_type)
    return Captured(
        method=method,
        url=url,
        headers=request_headers([*headers, *_cookies(request, pairs)]),
        body=body,
        answer=answer,
        partial=partial,
        name=name,
        missing=missing,
        blackened=blackened(pairs),
    )


def _attach(record: Any, folder: Path) -> None:
    """Load a body from its separate file into its record, if the file exists."""
    name = record.get("_file") if isinstance(record, dict) else None
    if not isinstance(name, str) or record.get("text") or Path(name).name != name:
        return
    with suppress(OSError):
        record["text"] = base64.b64encode((folder / name).read_bytes()).decode()
        record["encoding"] = "base64"


def _method(request: Mapping[str, Any]) -> str:
    method = str(request.get("method") or "").strip().upper()
    if not method or not _METHOD_CHARACTERS.issuperset(method):
        raise _OddEntryError(f"{request.get('method')!r} is not a method")
    return method


def _url(request: Mapping[str, Any], headers: Headers) -> str:
    """Return the absolute URL, completed from the pseudo-header fields and listed parameters."""
    url = str(request.get("url") or "").strip()
    if url.startswith("/") or not url:
        fields = {name.lower(): value for name, value in headers}
        authority = fields.get(":authority") or fields.get("host")
        path = url or fields.get(":path")
        if not authority or not path:
            raise _OddEntryError("it has no URL" if not url else f"its URL {url!r} has no host")
        url = f"{fields.get(':scheme') or 'http'}://{authority}{path}"
    scheme, colon, _ = url.partition(":")
    if scheme.lower() in ("http", "https"):
        return _with_query(url, request)
    if colon and scheme.lower() in _SOCKETS:
        raise _NoHttpError("web sockets")
    if colon and "/" not in scheme and "." not in scheme:
        raise _NoHttpError(f"{scheme}: URLs")
    raise _OddEntryError(f"its URL {url[:_LONGEST_URL]!r} is not absolute")


def _with_query(url: str, request: Mapping[str, Any]) -> str:
    listed = _pairs(request.get("queryString"))
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname)
    except ValueError:
        has_host = False
    if not has_host:
        raise _OddEntryError(f"its URL {url[:_LONGEST_URL]!r} has no host")
    if parts.query or not listed:
        return url
    return parts._replace(query=urlencode(listed, errors="surrogateescape")).geturl()


def _refuse_sockets(entry: Mapping[str, Any], method: str) -> None:
    status = _status(_response(entry).get("status"))
    if entry.get("_resourceType") == "websocket" or status == 101:
        raise _NoHttpError("web sockets")
    if method == "CONNECT":
        raise _NoHttpError("tunnels")


def _pairs(records: Any) -> Headers:
    """Return names and values from a list of records or an object; skip records without a name."""
    if isinstance(records, dict):
        records = [{"name": name, "value": value} for name, value in records.items()]
    named = [
        record
        for record in (records if isinstance(records, list) else ())
        if isinstance(record, dict) and record.get("name")
    ]
    return tuple(
        (str(record["name"]), _plain(value))
        for record in named
        for value in _listed(record.get("value"))
    )


def _plain(value: Any) -> str:
    """Return the text of a value, also of a typed one, as in WebDriver BiDi."""
    if isinstance(value, dict):
        value = value.get("value")
    return "" if value is None else str(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _with_type(headers: Headers, media_type: str) -> Headers:
    kept = tuple(pair for pair in headers if pair[0].lower() != "content-type")
    return (*kept, ("Content-Type", media_type))


def _cookies(request: Mapping[str, Any], headers: Headers) -> Headers:
    """Return the cookies that are listed, but not among the header fields."""
    listed = _pairs(request.get("cookies"))
    if not listed or any(name.lower() == "cookie" for name, _ in headers):
        return ()
    return (("Cookie", "; ".join(f"{name}={value}" for name, value in listed)),)


def _status(value: Any) -> int | None:
    """Return a status code; `None` without a response, which tools write as 0, -1, -999 or text."""
    text = str(value).strip()
    digits = text.partition(" ")[0].removesuffix(".0")
    return int(digits) if len(digits) == 3 and digits.isdecimal() and digits >= "100" else None


def _response(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = entry.get("response")
    return answer if isinstance(answer, dict) else {}


def _answer(entry: Mapping[str, Any], method: str) -> tuple[Outcome, bool]:
    """Return the response, and whether only its status code is known."""
    answer = _response(entry)
    status = _status(answer.get("status"))
    if status is None:
        reasons = (answer.get("_error"), answer.get("_failureText"), answer.get("status"))
        return NoResponse("dropped", str(next(filter(None, reasons), ""))), False
    pairs = _pairs(answer.get("headers"))
    body = received_body(answer, method, pairs)
    # A cached response is from another time.
    partial = body is None or bool(entry.get("_fromCache") or answer.get("_fromCache"))
    headers = answer_headers(pairs)
    return Response(status, headers, body or b"", str(answer.get("statusText") or "")), partial


def _count(number: int) -> str:
    return f"{number:,} {'entry' if number == 1 else 'entries'} left out"
