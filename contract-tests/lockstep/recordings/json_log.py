"""Access logs with one JSON object per line, whatever their members are named.

Caddy, Traefik, Envoy, Kong, nginx with `escape=json`, pino and the Elastic Common Schema use
different names for the same fields: a member is recognised by the words in its name and by its
value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"})
_METHOD = re.compile(r"method|verb")
_TARGET = re.compile(r"uri|url|path|target|endpoint")
# Members that hold a location other than the requested one.
_NO_TARGET = re.compile(
    r"refer|origin(?!al)|upstream|service|backend|redirect|location|file|pattern|template|route|tls"
)
_QUERY = re.compile(r"(?:query|querystring|args|search)$")
_HOST = re.compile(r"(?:host|authority|servername|vhost)$")
_NO_HOST = re.compile(r"remote|client|upstream|agent|server$|forwarded|^hosthost")
_STATUS = re.compile(r"status|responsecode|sc$|^code$|httpcode")
_NO_STATUS = re.compile(r"upstream|origin|cache|health|text")
# What the client sent takes precedence over what a server derived from it.
_ASKED = re.compile(r"request|original")
_WHOLE = re.compile(r"uri|target")
_LINE = re.compile(r'"?([A-Z]{3,10}) (\S+)(?: HTTP/[\d.]+)?"?')
_STEM = re.compile(r"stem|document|normalized|rewritten")


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """The data of one logged request; the status is `None` if the line has none."""

    method: str
    target: str
    status: int | None
    host: str = ""


def parse_object(line: str) -> dict[str, Any] | None:
    """Parse the JSON object of a line, also after the prefix of a console or a system log."""
    at = line.find("{")
    if at < 0:
        return None
    try:
        data, _ = json.JSONDecoder().raw_decode(line, at)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def read_object(
    data: dict[str, Any], read_text: Callable[[str], LoggedRequest | None]
) -> LoggedRequest | None:
    """Return the request in an object; `read_text` parses a member that holds a text log line."""
    members = list(_members(data))
    method = _first(members, _METHOD, None, _as_method)
    target = _target(members)
    if method is None or target is None:
        method, target = _request_line(members)
    if method is None or target is None:
        return next(filter(None, (_within(value, read_text) for _, value in members)), None)
    status = status_of(data)
    host = _first(members, _HOST, _NO_HOST, _as_host) or ""
    return LoggedRequest(method, target, status, host)


def status_of(data: dict[str, Any]) -> int | None:
    """Return the status code in an object, `None` if it has none."""
    found = _first(list(_members(data)), _STATUS, _NO_STATUS, _as_status)
    return int(found) if found else None


def _members(data: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value with the lower-case words of its path, joined without separators."""
    if isinstance(data, dict):
        for key, value in data.items():
            plain = re.sub(r"[^a-z0-9]", "", str(key).lower())
            if not plain.endswith("headers"):
                yield from _members(value, name + plain)
    elif not isinstance(data, list):
        yield name, data


def _first(
    members: list[tuple[str, Any]],
    wanted: re.Pattern[str],
    unwanted: re.Pattern[str] | None,
    read: Callable[[Any], str | None],
) -> str | None:
    """Return the value of the matching member with the shortest name."""
    found = [
        (len(name), text)
        for name, value in members
        if wanted.search(name)
        and not (unwanted and unwanted.search(name))
        and (text := read(value)) is not None
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _target(members: list[tuple[str, Any]]) -> str | None:
    found = [
        (_rank(name, value), value)
        for name, value in members
        if _TARGET.search(name) and not _NO_TARGET.search(name) and _is_target(value)
    ]
    if not found:
        return None
    target: str = min(found, key=lambda item: item[0])[1]
    query = _first(members, _QUERY, None, _as_query)
    if "?" not in target and query:
        target += f"?{query}"
    return target


def _rank(name: str, value: str) -> tuple[bool, bool, bool, bool, int]:
    """Return a sort key for several targets; the most likely one has the lowest."""
    found = _STEM.search(name), _ASKED.search(name), _WHOLE.search(name)
    stem, asked, whole = map(bool, found)
    return stem, "?" not in value, not asked, not whole, len(name)


def _request_line(members: list[tuple[str, Any]]) -> tuple[str | None, str | None]:
    """Return method and target of a member that holds both, like nginx's `$request`."""
    lines = (_LINE.fullmatch(value) for _, value in members if isinstance(value, str))
    fits = (line for line in lines if line and line[1] in METHODS and _is_target(line[2]))
    found = next(fits, None)
    return (found[1], found[2]) if found else (None, None)


def _within(value: Any, read_text: Callable[[str], LoggedRequest | None]) -> LoggedRequest | None:
    if not isinstance(value, str):
        return None
    inner = parse_object(value)
    return read_object(inner, read_text) if inner is not None else read_text(value)


def _is_target(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("/", "http://", "https://"))


def _as_method(value: Any) -> str | None:
    return value.upper() if isinstance(value, str) and value.upper() in METHODS else None


def _as_query(value: Any) -> str | None:
    text = value.lstrip("?") if isinstance(value, str) else ""
    return None if text in ("", "-") or text.startswith(("/", "http")) else text


def _as_host(value: Any) -> str | None:
    fits = isinstance(value, str) and re.fullmatch(
        r"[\w.\-]+(?::\d+)?|\[[\da-f:]+\](?::\d+)?", value
    )
    return value.lower() if fits and value != "-" else None


def _as_status(value: Any) -> str | None:
    text = str(value).strip().removesuffix(".0")
    return text if re.fullmatch(r"[1-5]\d\d", text) else None
