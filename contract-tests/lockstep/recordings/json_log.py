"""Access logs of one JSON object a line, whatever their members are called.

Caddy, Traefik, Envoy, Kong, nginx with `escape=json`, pino and the Elastic Common Schema name the
same things in different ways: what a member is shows in the words of its name and in its value.
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
# What is a place, but not the one that was asked for.
_NO_TARGET = re.compile(
    r"refer|origin(?!al)|upstream|service|backend|redirect|location|file|pattern|template|route|tls"
)
_QUERY = re.compile(r"(?:query|querystring|args|search)$")
_HOST = re.compile(r"(?:host|authority|servername|vhost)$")
_NO_HOST = re.compile(r"remote|client|upstream|agent|server$|forwarded|^hosthost")
_STATUS = re.compile(r"status|responsecode|sc$|^code$|httpcode")
_NO_STATUS = re.compile(r"upstream|origin|cache|health|text")
# What the client wrote comes before what a server made of it.
_ASKED = re.compile(r"request|original")
_WHOLE = re.compile(r"uri|target")
_LINE = re.compile(r'"?([A-Z]{3,10}) (\S+)(?: HTTP/[\d.]+)?"?')
_STEM = re.compile(r"stem|document|normalized|rewritten")


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """What a line says of one request; the status is `None` if it does not tell."""

    method: str
    target: str
    status: int | None
    host: str = ""


def parse_object(line: str) -> dict[str, Any] | None:
    """The object of a line, also behind the text that a console or a system log puts before it."""
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
    """The request that an object tells of; `read_text` reads a text line that is a member of it."""
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
    """The status that an object tells of."""
    found = _first(list(_members(data)), _STATUS, _NO_STATUS, _as_status)
    return int(found) if found else None


def _members(data: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with the words of its place, lower-cased and without what is between them."""
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
    """The value with the shortest fitting name."""
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
    """The least is the likeliest of several targets."""
    found = _STEM.search(name), _ASKED.search(name), _WHOLE.search(name)
    stem, asked, whole = map(bool, found)
    return stem, "?" not in value, not asked, not whole, len(name)


def _request_line(members: list[tuple[str, Any]]) -> tuple[str | None, str | None]:
    """The method and the target of a member that holds both, as nginx's `$request` does."""
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
