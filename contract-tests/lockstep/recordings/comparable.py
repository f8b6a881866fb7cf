"""Selects what of a recorded response can be compared with a live one."""

from __future__ import annotations

import json
from collections.abc import Set
from dataclasses import replace
from itertools import product
from typing import Any

from lockstep.inference.forms import is_random
from lockstep.transport.messages import Headers, Response

# Header fields that are meaningful whether the document has them or not.
_TELLING = frozenset(
    {
        "allow",
        "content-disposition",
        "content-type",
        "etag",
        "link",
        "location",
        "retry-after",
        "set-cookie",
        "www-authenticate",
    }
)
# JSON styles of servers: separators, and whether non-ASCII characters are escaped.
_STYLES = tuple(product(((",", ":"), (", ", ": ")), (False, True)))


def comparable(
    recorded: Response, live: Response, documented: Set[str]
) -> tuple[Response, Response]:
    """Return two responses reduced to what depends on the servers, not on the tools between them.

    Tools omit cookies or all header fields, and reformat JSON; undocumented header fields may be
    added by proxies in front of the recorded server. `documented` holds the lower-case names of the
    documented ones.
    """
    names = {name.lower() for name, _ in recorded.headers}
    own = {name.lower() for name, _ in live.headers}
    kept = names & (_TELLING | documented)
    kept |= {name for name in names & own if _is_made(recorded, name) and _is_made(live, name)}
    if names - {"content-type"}:
        kept |= documented - {"set-cookie"}
    headers = recorded.headers
    if "content-type" not in names:
        kept.add("content-type")
        headers += tuple(pair for pair in live.headers if pair[0].lower() == "content-type")
    body, live_body = _in_one_form(recorded.body, live.body)
    return (
        # No recording shows whether the connection was kept open.
        replace(recorded, headers=_only(headers, kept), body=body, closes=live.closes),
        replace(live, headers=_only(live.headers, kept), body=live_body),
    )


def is_newer(recorded: Response, live: Response) -> bool:
    """Whether a client's cached copy was fresh then and is stale now: its entity tag is old."""
    return recorded.status == 304 and live.status == 200


def _only(headers: Headers, names: Set[str]) -> Headers:
    return tuple(pair for pair in headers if pair[0].lower() in names)


def _is_made(answer: Response, name: str) -> bool:
    """Whether a header field holds a generated value, which later requests may have to send."""
    return is_random(answer.header(name) or "")


def _in_one_form(recorded: bytes, live: bytes) -> tuple[bytes, bytes]:
    """Return two JSON bodies in the live one's member order and, if possible, formatting.

    Other bodies are returned unchanged.
    """
    if recorded == live:
        return recorded, live
    try:
        then, now = json.loads(recorded), json.loads(live)
        then = _ordered_like(then, now)
        for separators, ascii_only in _STYLES:
            if _dumped(now, separators, ascii_only) == live.strip():
                end = live[len(live.rstrip()) :]
                return _dumped(then, separators, ascii_only) + end, live
        separators, ascii_only = _STYLES[0]
        return _dumped(then, separators, ascii_only), _dumped(now, separators, ascii_only)
    except (ValueError, RecursionError):
        return recorded, live


def _dumped(node: Any, separators: tuple[str, str], ascii_only: bool) -> bytes:
    text = json.dumps(node, separators=separators, ensure_ascii=ascii_only)
    return text.encode("utf-8", "surrogatepass")


def _ordered_like(node: Any, other: Any) -> Any:
    if isinstance(node, dict) and isinstance(other, dict):
        names = [name for name in other if name in node]
        rest = [name for name in node if name not in other]
        return {name: _ordered_like(node[name], other.get(name)) for name in (*names, *rest)}
    if isinstance(node, list) and isinstance(other, list) and other:
        return [_ordered_like(one, other[min(at, len(other) - 1)]) for at, one in enumerate(node)]
    return node
