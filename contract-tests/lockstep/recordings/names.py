"""The values that requests send and responses return, which later steps may depend on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote

from lockstep.transport.json_bodies import json_of, scalars
from lockstep.transport.messages import Headers, Outcome, Request, Response

# Credentials, entity tags, cookies and ids in header fields.
_IN_HEADER = re.compile(r"[A-Za-z0-9_.~+/=\-]{8,}")
_SEGMENT = re.compile(r"[^/?&=#<>;,\s\"]+")


def named_in(request: Request) -> set[str]:
    """Return path segments, query values, JSON body members and long texts in header fields."""
    path, _, query = request.path.partition("?")
    names = {unquote(part) for part in path.split("/") if part}
    names.update(value for _, value in parse_qsl(query))
    names.update(_leaves(request.body))
    names.update(_header_values(request.headers))
    return names


def shown_in(outcome: Outcome | None) -> set[str]:
    """Return the members of a JSON body, and texts in header fields, links split into segments."""
    if not isinstance(outcome, Response):
        return set()
    shown = set(_leaves(outcome.body))
    shown.update(_header_values(outcome.headers))
    for name, value in outcome.headers:
        if name.lower() in ("location", "content-location", "link"):
            shown.update(map(unquote, _SEGMENT.findall(value)))
    return shown


def _header_values(headers: Headers) -> Iterator[str]:
    for _, value in headers:
        yield from _IN_HEADER.findall(value)


def _leaves(body: bytes | None) -> Iterator[str]:
    return filter(None, scalars(json_of(body)))
