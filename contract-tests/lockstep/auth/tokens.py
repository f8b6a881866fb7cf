"""The location of the token in the response to a log-in."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.auth.bodies import is_email, is_name, is_password
from lockstep.transport.cookies import is_csrf, set_cookies
from lockstep.transport.json_bodies import json_of
from lockstep.transport.literals import pointer
from lockstep.transport.messages import Response

_NAMES = (
    r"(access|auth|id|api|session|bearer|user)?[_-]?(token|jwt)",
    r"(api|access|auth)[_-]?key|key",
    r"session([_-]?id)?|sid",
)
_SHORTEST = 6


class TokenError(Exception):
    """A response contains no token where one was expected."""


def read_token(response: Response, source: str) -> str:
    """Return the token of a response; raise `TokenError` if it is missing.

    `source` is a JSON pointer into the body (`/user/token`), `header:NAME` or `cookie:NAME`; where
    several secrets are needed, it has one per line, and so has the token. For HTTP Basic see
    `read_basic`.
    """
    if "\n" in source:
        return "\n".join(read_token(response, each) for each in source.split("\n"))
    where, colon, name = source.partition(":")
    if colon and where == "header":
        found: Any = response.header(name)
    elif colon and where == "cookie":
        found = dict(cookies(response)).get(name)
    else:
        found = _at(json_of(response.body), source)
    if not isinstance(found, str | int) or found == "":
        raise TokenError(f"no token at {source} in a response with status {response.status}")
    return str(found)


def find_tokens(response: Response) -> list[str]:
    """Return every location that may hold a token, the most likely first."""
    in_body = sorted(_members(json_of(response.body), ()))
    body = [pointer(path) for rank, path in in_body if rank < len(_NAMES)]
    headers = [
        f"header:{name}"
        for name, _ in response.headers
        if re.search("authorization|token|api-?key", name, re.IGNORECASE)
        and not name.lower().startswith("access-control")
    ]
    found = [*headers, *(f"cookie:{name}" for name, _ in cookies(response))]
    return [*body, *(source for source in found if not is_csrf(source))]


def cookies(response: Response) -> Iterator[tuple[str, str]]:
    """Yield the names and values of the cookies that a response sets, except those it deletes."""
    for cookie in set_cookies(response):
        if cookie.value and not cookie.is_cleared:
            yield cookie.name, cookie.value


def basic_sources(sent: Mapping[str, Any]) -> list[str]:
    """Return every source of HTTP Basic credentials in the sent values, the most likely first.

    Such a source is `basic:NAME`, with the member that identifies the user.
    """
    known = [name for name, _ in _texts(sent)]
    if not any(map(is_password, known)):
        return []
    named = [name for name in known if is_name(name)] + [n for n in known if is_email(n, {})]
    named = named or [name for name in known if not is_password(name)]
    return [f"basic:{name}" for name in dict.fromkeys(named)]


def read_basic(sent: Mapping[str, Any], source: str) -> str:
    """Encode the sent user and password for HTTP Basic (RFC 7617, section 2).

    Raises `TokenError` if either is missing.
    """
    known = dict(_texts(sent))
    user = known.get(source.removeprefix("basic:"))
    password = next((text for name, text in known.items() if is_password(name)), None)
    if user is None or password is None:
        raise TokenError(f"no user name and password for {source}")
    return base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _texts(node: Any) -> Iterator[tuple[str, str]]:
    for name, member in node.items() if isinstance(node, Mapping) else ():
        if isinstance(member, str):
            yield name, member
        else:
            yield from _texts(member)


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
            if isinstance(member, str) and len(member) >= _SHORTEST and not is_csrf(name):
                yield _rank(name), (*path, name)
            else:
                yield from _members(member, (*path, name))


def _rank(name: str) -> int:
    """Return how likely a member of this name holds the token, 0 the most; no refresh token."""
    ranks = (rank for rank, form in enumerate(_NAMES) if re.fullmatch(form, name, re.IGNORECASE))
    return next(ranks, len(_NAMES))
