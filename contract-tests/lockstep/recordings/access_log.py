"""Access logs as nginx, Apache, Caddy, HAProxy, load balancers of AWS and others write them.

One line is one request: in quotes, whatever stands before and behind them, in a JSON object, or in
columns that a line before it names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from lockstep.recordings.extended_log import ExtendedLog
from lockstep.recordings.json_log import LoggedRequest, parse_object, read_object
from lockstep.recordings.recording import NOWHERE, Captured, RecordingError
from lockstep.transport.messages import Response

_REQUEST = re.compile(
    r'"(?P<method>[A-Z]{3,10}) (?P<target>(?:\\.|[^"\\])+?)(?P<version> HTTP/[\d.]+)?"'
)
# Right behind the request, or behind what a log puts between: a host or a duration, say.
_STATUS = re.compile(r'^(?: (?!\d{3}\s)(?:"[^"]*"|\S+)){0,2}? (?P<status>[1-5]\d\d|-)(?!\S)')
# Before the request: the load balancer's own status and that of its target, or HAProxy's one.
_BALANCER = re.compile(r" (?:\d{3}|-1?) (?P<status>\d{3}|-)(?: -?\d+){2} $")
_HAPROXY = re.compile(r"(?: |/)[+\-]?\d+ (?P<status>-?\d+) \+?\d+ \S+ \S+ \S{4} \S+ \S+ ")
# A virtual host with its port (`%v:%p %h`), before the address of the client.
_VHOST = re.compile(
    r"(?P<host>[A-Za-z][\w\-]*(?:\.[\w\-]+)*(?::\d+)?) [\da-fA-F.:]*[.:][\da-f.:]* "
)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
# What hangs on credentials, ranges and tags, which no log has, or tells that the client had gone.
_UNTOLD = frozenset({206, 304, 401, 403, 412, 416, 444, 460, 499})
_SENT = frozenset({"GET", "HEAD"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOKED_AT = 1000
_NAMED = 5


def is_access_log(text: str) -> bool:
    """Whether one of the first lines tells of a request; others may stand before it."""
    extended = ExtendedLog()
    return any(_read(line, extended) for _, line in islice(_requests(text, extended), _LOOKED_AT))


def read_access_log(
    text: str, base_url: str | None = None, *, every: bool = False
) -> tuple[list[Captured], list[str]]:
    """The reads of a log with the statuses of their answers, and notes on what was left out.

    A log has no bodies, so nothing that writes can be sent again. With `every` line the writes are
    there too, and the statuses that hang on what a log does not have. What names no host, or that
    of `base_url`, is below `NOWHERE`. Raises `RecordingError` if no line is left.
    """
    captured: list[Captured] = []
    unread: list[int] = []
    writes = 0
    own = _origin(base_url) if base_url else None
    extended = ExtendedLog()
    for number, line in _requests(text, extended):
        logged = _read(line, extended)
        url = _url(logged, own) if logged is not None else None
        if logged is None or url is None:
            unread.append(number)
        elif logged.method not in _SENT and not every:
            writes += 1
        else:
            status = None if logged.status in _UNTOLD and not every else logged.status
            answer = Response(status) if status is not None else None
            captured.append(
                Captured(logged.method, url, answer=answer, partial=True, name=f"line {number}")
            )
    if not captured:
        raise RecordingError(f"the log has no line of a {'' if every else 'GET or HEAD '}request")
    return captured, list(_notes(writes, unread))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers; a list of objects counts as a line for each."""
    if text.lstrip().startswith(("[{", "[\n", "[\r\n", "[ ")):
        try:
            entries = json.loads(text)
        except ValueError:
            entries = None
        if isinstance(entries, list):
            yield from enumerate(map(json.dumps, entries), 1)
            return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line


def _requests(text: str, extended: ExtendedLog) -> Iterator[tuple[int, str]]:
    """The lines that are not about the log itself."""
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
    if found is None:
        return None
    target = found["target"]
    if found["version"] is None and " " in target:
        return None
    host = _VHOST.match(line)
    status = _status(line[: found.start()], line[found.end() :])
    return LoggedRequest(found["method"], _unescaped(target), status, host["host"] if host else "")


def _status(before: str, behind: str) -> int | None:
    for pattern, text in ((_BALANCER, before), (_HAPROXY, before), (_STATUS, behind)):
        found = pattern.search(text)
        if found is not None:
            return int(found["status"]) if found["status"].isdecimal() else None
    return None


def _unescaped(target: str) -> str:
    """A target without the escapes of the log; bytes stay percent-encoded."""

    def plain(found: re.Match[str]) -> str:
        return f"%{found[1].upper()}" if found[1] else found[2].replace('"', "%22")

    return _ESCAPE.sub(plain, target)


def _url(logged: LoggedRequest, own: str | None) -> str | None:
    """The absolute URL of a request; `None` for what is no path, such as `*`."""
    if logged.target.startswith("/"):
        origin = _origin(f"http://{logged.host}") if logged.host else NOWHERE
        path = logged.target
    else:
        origin = _origin(logged.target)
        parts = urlsplit(logged.target) if origin else None
        if parts is None:
            return None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if origin is None:
        return None
    return (NOWHERE if origin == own else origin) + path


def _origin(url: str) -> str | None:
    """Scheme and host of a URL, without the port that its scheme has anyway."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return None
    host = f"[{host}]" if ":" in host else host
    usual = port is None or port == _DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if usual else f":{port}")


def _notes(writes: int, unread: list[int]) -> Iterator[str]:
    if writes:
        yield f"{_count(writes)} of requests that write, whose bodies are not in a log"
    if unread:
        more = ", …" if len(unread) > _NAMED else ""
        numbers = ", ".join(map(str, unread[:_NAMED]))
        yield f"{_count(len(unread))} that could not be read: {numbers}{more}"


def _count(number: int) -> str:
    return f"{number:,} {'line' if number == 1 else 'lines'}"
