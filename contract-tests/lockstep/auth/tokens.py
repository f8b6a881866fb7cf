"""Where the answer to a log-in holds the token."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from typing import Any

from lockstep.transport.literals import pointer
from lockstep.transport.messages import Response, header_values

_NAMES = (
    r"(access|auth|id|api|session|bearer|user)?[_-]?(token|jwt)",
    r"(api|access|auth)[_-]?key|key",
    r"session([_-]?id)?|sid",
)
_SHORTEST = 6


class TokenError(Exception):
    """An answer holds no token where one was expected."""


def read_token(response: Response, source: str) -> str:
    """The token of an answer; `TokenError` when it is not there.

    `source` is a JSON pointer into the body (`/user/token`), `header:NAME` or `cookie:NAME`.
    """
    where, colon, name = source.partition(":")
    if colon and where == "header":
        found: Any = response.header(name)
    elif colon and where == "cookie":
        found = dict(cookies(response)).get(name)
    else:
        found = _at(_json(response), source)
    if not isinstance(found, str | int) or found == "":
        raise TokenError(f"no token at {source} of an answer with status {response.status}")
    return str(found)


def find_tokens(response: Response) -> list[str]:
    """Every source that may hold a token, the likeliest first."""
    in_body = sorted(_members(_json(response), ()))
    body = [pointer(path) for rank, path in in_body if rank < len(_NAMES)]
    headers = [
        f"header:{name}"
        for name, _ in response.headers
        if re.search("authorization|token|api-?key", name, re.IGNORECASE)
        and not name.lower().startswith("access-control")
    ]
    return [*body, *headers, *(f"cookie:{name}" for name, _ in cookies(response))]


def cookies(response: Response) -> Iterator[tuple[str, str]]:
    """Names and values of the cookies that an answer sets, those that it clears left out."""
    for text in header_values(response.headers, "set-cookie"):
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(text)
        except CookieError:
            continue
        yield from ((name, morsel.value) for name, morsel in jar.items() if morsel.value)


def _json(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:
        return None


def _at(node: Any, source: str) -> Any:
    for part in source.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node


def _members(node: Any, path: tuple[str | int, ...]) -> Iterator[tuple[int, tuple[str | int, ...]]]:
    if isinstance(node, dict):
        for name, member in node.items():
            if isinstance(member, str) and len(member) >= _SHORTEST:
                yield _rank(name), (*path, name)
            else:
                yield from _members(member, (*path, name))


def _rank(name: str) -> int:
    """How likely a member of this name holds the token; refresh tokens never do."""
    ranks = (rank for rank, form in enumerate(_NAMES) if re.fullmatch(form, name, re.IGNORECASE))
    return next(ranks, len(_NAMES))
