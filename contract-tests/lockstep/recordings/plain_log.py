"""Log lines with an unquoted request.

Console output of frameworks, logs with tab-separated columns, and pairs such as `method=GET
path=/x` (logfmt).
"""

from __future__ import annotations

import re

from lockstep.recordings.json_log import METHODS, LoggedRequest

_METHOD = "|".join(sorted(METHODS))
_TARGET = r"(?:/|https?://)\S*"
_BARE = re.compile(rf"(?<![\w/])(?P<method>{_METHOD}) (?P<target>{_TARGET})(?!\S)")
# `GET /x HTTP/1.1`, with any text between it and the status.
_WITH_VERSION = re.compile(rf"(?<![\w/])(?P<method>{_METHOD}) (?P<target>{_TARGET}) HTTP/[\d.]+")
# `GET /x 200`, as morgan and Vite write it.
_WITH_STATUS = re.compile(
    rf"(?<![\w/])(?P<method>{_METHOD}) (?P<target>{_TARGET})[ \t]+(?P<status>[1-5]\d\d)(?!\S)"
)
# `| 200 | 3ms | 10.0.0.1 | GET "/x"` of Gin, and `Started GET "/x" for 10.0.0.1` of Rails.
_QUOTED = re.compile(rf'(?<![\w/])(?P<method>{_METHOD})\s+"(?P<target>{_TARGET}?)"')
# `[200]: GET /x`, as PHP's own server writes it.
_STATUS_FIRST = re.compile(
    rf"\[(?P<status>[1-5]\d\d)\]: (?P<method>{_METHOD}) (?P<target>{_TARGET})"
)
_COLUMN = re.compile(r"\|\s*([1-5]\d\d)\s*\|")
_NEXT = re.compile(r"[\s,;|]+(?:[^\s,;|]+[\s,;|]+){0,2}?([1-5]\d\d)(?![^\s,;|])")
_PAIR = re.compile(r'(?<!\S)([A-Za-z_][\w.\-]*)=("(?:\\.|[^"\\])*"|[^\s"]*)')
_FEWEST_PAIRS = 2


def read_pairs(line: str) -> dict[str, str]:
    """Return the pairs of a logfmt line; empty if there are fewer than two."""
    pairs = _PAIR.findall(line)
    return {name: value.strip('"') for name, value in pairs} if len(pairs) >= _FEWEST_PAIRS else {}


def read_plain(line: str, status: int | None = None) -> LoggedRequest | None:
    """Return the request of a line, `None` if there is none; `status` is that of a logfmt pair."""
    for pattern in (_STATUS_FIRST, _WITH_STATUS):
        found = pattern.search(line)
        if found is not None:
            return LoggedRequest(found["method"], found["target"], int(found["status"]))
    for pattern, behind in ((_WITH_VERSION, _NEXT), (_QUOTED, _COLUMN)):
        found = pattern.search(line)
        if found is not None:
            match = behind.match(line, found.end()) or _COLUMN.search(line[: found.start()])
            code = int(match[1]) if match else None
            return LoggedRequest(found["method"], found["target"], code)
    found = _BARE.search(line) if status is not None else None
    return LoggedRequest(found["method"], found["target"], status) if found else None
