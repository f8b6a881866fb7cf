"""Access logs in the formats of nginx, Apache, Caddy, HAProxy, AWS load balancers and others.

One line is one request: in quotes, with any text before and after them, in a JSON object, or in
columns named by a preceding line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from lockstep.recordings.extended_log import ExtendedLog
from lockstep.recordings.json_log import LoggedRequest, parse_object, read_object, status_of
from lockstep.recordings.plain_log import read_pairs, read_plain
from lockstep.recordings.recording import NOWHERE, Captured, RecordingError, origin_of
from lockstep.transport.messages import Response

_REQUEST = re.compile(
    r'"(?P<method>[A-Z]{3,10}) (?P<target>(?:\\.|[^"\\])+?)(?P<version> HTTP/[\d.]+)?"'
)
# Directly after the request, or after up to two other fields: a host or a duration, for example.
_STATUS = re.compile(r'^(?: (?!\d{3}\s)(?:"[^"]*"|\S+)){0,2}? (?P<status>[1-5]\d\d|-)(?!\S)')
# Before the request: the status of the load balancer and of its target, or HAProxy's single one.
_BALANCER = re.compile(r" (?:\d{3}|-1?) (?P<status>\d{3}|-)(?: -?\d+){2} $")
_HAPROXY = re.compile(r"(?: |/)[+\-]?\d+ (?P<status>-?\d+) \+?\d+ \S+ \S+ \S{4} \S+ \S+ ")
# After the request and the client, as chi (Go) writes it.
_FROM = re.compile(r"^ from \S+ - (?P<status>[1-5]\d\d)(?!\S)")
# A virtual host with its port (`%v:%p %h`), before the address of the client.
_VHOST = re.compile(
    r"(?P<host>[A-Za-z][\w\-]*(?:\.[\w\-]+)*(?::\d+)?) [\da-fA-F.:]*[.:][\da-f.:]* "
)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
# Statuses that depend on credentials, ranges and entity tags, which no log records, or that mean
# that the client closed the connection.
_CONDITIONAL = frozenset({206, 304, 401, 403, 412, 416, 444, 460, 499})
_SENT = frozenset({"GET", "HEAD"})
_LOOKED_AT = 1000
_NAMED = 5


def is_access_log(text: str) -> bool:
    """Whether one of the first lines contains a request; other lines may precede it."""
    extended = ExtendedLog()
    return any(_read(line, extended) for _, line in islice(_requests(text, extended), _LOOKED_AT))


def read_access_log(
    text: str, base_url: str | None = None, *, every: bool = False
) -> tuple[list[Captured], list[str]]:
    """Return the read requests of a log with their status codes, and notes on skipped lines.

    A log has no bodies, so writing requests cannot be sent again. With `every` they are included,
    and so are status codes that depend on what a log does not record. Requests without a host, or
    to that of `base_url`, are below `NOWHERE`. Raises `RecordingError` if no line is left.
    """
    captured: list[Captured] = []
    unread: list[int] = []
    writes = 0
    own = origin_of(base_url) if base_url else None
    extended = ExtendedLog()
    for number, line in _requests(text, extended):
        logged = _read(line, extended)
        url = _url(logged, own) if logged is not None else None
        if logged is None or url is None:
            unread.append(number)
        elif logged.method not in _SENT and not every:
            writes += 1
        else:
            status = None if logged.status in _CONDITIONAL and not every else logged.status
            answer = Response(status) if status is not None else None
            captured.append(
                Captured(logged.method, url, answer=answer, partial=True, name=f"line {number}")
            )
    if not captured:
        raise RecordingError(f"the log has no line of a {'' if every else 'GET or HEAD '}request")
    return captured, list(_notes(writes, unread))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers; a JSON object over several lines counts as one."""
    entries = _entries(text.strip())
    if entries:
        yield from enumerate(map(json.dumps, entries), 1)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line


def _entries(text: str) -> list[Any]:
    """Return the objects of a JSON array, or of a text with one multi-line object after another.

    Returns an empty list for all other texts.
    """
    decoder = json.JSONDecoder()
    found: list[Any] = []
    at = 0
    if text.startswith("{") and parse_object(text.partition("\n")[0]) is None:
        with suppress(ValueError, RecursionError):
            while at < len(text):
                one, at = decoder.raw_decode(text, at)
                found.append(one)
                at = next((i for i in range(at, len(text)) if text[i] not in ", \r\n\t"), len(text))
    elif text.startswith("["):
        with suppress(ValueError, RecursionError):
            listed = decoder.decode(text)
            found = listed if isinstance(listed, list) else []
    return found


def _requests(text: str, extended: ExtendedLog) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not directives."""
    return ((at, line) for at, line in _lines(text) if not extended.is_directive(line.strip()))


def _read(line: str, extended: ExtendedLog) -> LoggedRequest | None:
    found = extended.read(line.strip("\r\n"))
    if found is not None:
        return found
    data = parse_object(line)
    if data is not None:
        found = read_object(data, _read_text)
        if found is not None:
            return found
    return _read_text(line)


def _read_text(line: str) -> LoggedRequest | None:
    line = _COLOUR.sub("", line.strip())
    found = _REQUEST.search(line)
    if found is None or (found["version"] is None and " " in found["target"]):
        pairs = read_pairs(line)
        return read_object(pairs, lambda _: None) or read_plain(line, status_of(pairs))
    host = _VHOST.match(line)
    status = _status(line[: found.start()], line[found.end() :])
    if status is None:
        status = status_of(read_pairs(line))
    target = _unescaped(found["target"])
    return LoggedRequest(found["method"], target, status, host["host"] if host else "")


def _status(before: str, behind: str) -> int | None:
    for pattern, text in (
        (_BALANCER, before),
        (_HAPROXY, before),
        (_FROM, behind),
        (_STATUS, behind),
    ):
        found = pattern.search(text)
        if found is not None:
            return int(found["status"]) if found["status"].isdecimal() else None
    return None


def _unescaped(target: str) -> str:
    """Return a request target without the escapes of the log; bytes stay percent-encoded."""

    def plain(found: re.Match[str]) -> str:
        return f"%{found[1].upper()}" if found[1] else found[2].replace('"', "%22")

    return _ESCAPE.sub(plain, target)


def _url(logged: LoggedRequest, own: str | None) -> str | None:
    """Return the absolute URL of a request; `None` for a target that is not a path, such as `*`."""
    if logged.target.startswith("/"):
        origin = origin_of(f"http://{logged.host}") if logged.host else NOWHERE
        path = logged.target
    else:
        origin = origin_of(logged.target)
        parts = urlsplit(logged.target) if origin else None
        if parts is None:
            return None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if origin is None:
        return None
    return (NOWHERE if origin == own else origin) + path


def _notes(writes: int, unread: list[int]) -> Iterator[str]:
    if writes:
        yield f"{_count(writes)} of write requests, whose bodies are not in a log"
    if unread:
        more = ", …" if len(unread) > _NAMED else ""
        numbers = ", ".join(map(str, unread[:_NAMED]))
        yield f"{_count(len(unread))} that could not be read: {numbers}{more}"


def _count(number: int) -> str:
    return f"{number:,} {'line' if number == 1 else 'lines'}"
