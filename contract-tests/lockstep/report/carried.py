"""Finds the texts of later requests that originate from earlier responses, and where."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, unquote_plus

from lockstep.openapi.naming import is_id, is_unique, noun, split
from lockstep.report.steps import Data
from lockstep.transport.cookies import read_cookie

# Texts of this length are recognised anywhere; shorter ones only as a whole value.
_LONG = 12
_SEGMENT = re.compile(r"[^/?&=#;,]+")
_MEMBER = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*(\[[^\[\]{}]*\]|"(?:[^"\\]|\\.)*"|-?\d+)')
_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+')
_WORD = re.compile(r"[^\s;,=]+")
_LOCATIONS = frozenset({"location", "content-location"})
# Response header fields whose values requests may send.
_CARRIED = re.compile(
    r"etag|last-modified|.*(token|csrf|xsrf|session|authorization|api-?key).*|x-.*"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The position of a value in a response: the number of the step, and the place in its response.

    `kind` is `member` with the parts of a JSON pointer as `place`, `header` or `cookie` with a
    name, or `segment` with the name of a header field that ends in this path segment.
    """

    step: int
    kind: str
    place: tuple[str, ...]
    value: str
    collection: str

    @property
    def name(self) -> str:
        """The name of the member, the header field or the cookie."""
        named = [part for part in self.place if not part.isdecimal()]
        return named[-1] if named else "value"


@dataclass(frozen=True, slots=True)
class Use:
    """A variable part of a text: `start` to `end` holds the value of `origin`."""

    start: int
    end: int
    origin: Origin


class Origins:
    """The values that responses have returned so far, and that no client had sent before."""

    def __init__(self) -> None:
        self._shown: dict[str, list[Origin]] = {}
        self._named: set[str] = set()
        # Names that a server derived from a text of the client's, by collection: slugs.
        self._derived: dict[tuple[str, str], Origin] = {}

    def note_request(self, request: Data) -> None:
        """Record the values of a request as the client's own, unless a response returned them."""
        path, _, query = request["path"].partition("?")
        found = {unquote(part) for part in path.split("/")}
        found |= {unquote_plus(pair.partition("=")[2]) for pair in query.split("&")}
        found |= {value for _, value in _leaves(_parsed(request["body"]))}
        found |= {value for _, value in request["headers"]}
        self._named |= {text for text in found if text not in self._shown}

    def note_answer(self, number: int, request: Data, outcome: Data) -> None:
        """Record the values that a response is the first to return."""
        collection = request["path"].partition("?")[0].rstrip("/")
        sent = {place[-1] for place, _ in _leaves(_parsed(request["body"])) if place}
        for kind, place, value in _values(outcome):
            origin = Origin(number, kind, place, value, collection)
            if value not in self._named or (kind == "member" and is_id(origin.name)):
                self._shown.setdefault(value, []).append(origin)
            elif kind == "member" and _identifies(origin.name) and origin.name not in sent:
                self._derived.setdefault((collection, value), origin)

    def in_path(self, path: str) -> list[Use]:
        """Return the path segments and query values of a request target that responses returned."""
        uses = []
        for match in _SEGMENT.finditer(path):
            value = unquote(match.group())
            before = path[: match.start()].rstrip("/")
            found = self._whole(value, before) or self._derived.get((before, value))
            if found is not None:
                uses.append(Use(*match.span(), found))
        return uses or self._long(path)

    def in_header(self, value: str) -> list[Use]:
        """Return the parts of a header value that responses returned: all, a cookie, a token."""
        whole = self._whole(value, "") if len(value) > 1 else None
        if whole is not None:
            return [Use(0, len(value), whole)]
        uses = [
            Use(*match.span(), found)
            for match in _WORD.finditer(value)
            if len(match.group()) >= 6
            and (found := self._whole(unquote(match.group()), "")) is not None
        ]
        return uses or self._long(value)

    def in_body(self, text: str) -> list[Use]:
        """Return the parts of a JSON or form body that responses returned."""
        if not text.lstrip().startswith(("{", "[", '"')):
            return self.in_path(text)
        uses = []
        for member in _MEMBER.finditer(text):
            for scalar in _SCALAR.finditer(text, *member.span(2)):
                found = self._in_member(member[1], scalar.group())
                if found is not None:
                    quotes = scalar.group().startswith('"')
                    uses.append(Use(scalar.start() + quotes, scalar.end() - quotes, found))
        return uses

    def _in_member(self, name: str, literal: str) -> Origin | None:
        value = _unquoted(literal)
        origins = self._shown.get(value, [])
        if len(value) < _LONG and not is_id(name):
            origins = [one for one in origins if one.name == name and value not in self._named]
        about = split(name)[0]
        related = [one for one in origins if about and about == noun(_last(one.collection))]
        return next(iter(related or origins[::-1]), None) if len(value) < _LONG else _first(origins)

    def _whole(self, value: str, before: str) -> Origin | None:
        """Return the first origin of a value; of a short one, that in the preceding collection."""
        origins = self._shown.get(value, [])
        if len(value) >= _LONG:
            return _first(origins)
        naming = [one for one in origins if one.kind != "member" or _identifies(one.name)]
        made = [one for one in naming if one.collection and before.endswith(one.collection)]
        # The response of a resource itself may contain a new name for it.
        made = made or [one for one in naming[::-1] if before == one.collection.rpartition("/")[0]]
        others = [one for one in origins if is_id(one.name) or one.kind != "member"]
        return next(iter(made or others[::-1]), None)

    def _long(self, text: str) -> list[Use]:
        """Return the positions of long values inside other text."""
        uses: list[Use] = []
        for value, origins in self._shown.items():
            at = text.find(value) if len(value) >= _LONG else -1
            if at >= 0 and not any(use.start < at + len(value) and at < use.end for use in uses):
                uses.append(Use(at, at + len(value), origins[0]))
        return sorted(uses, key=lambda use: use.start)


def _identifies(name: str) -> bool:
    return is_id(name) or is_unique(name)


def _first(origins: Sequence[Origin]) -> Origin | None:
    return next(iter(origins), None)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _values(outcome: Data) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield (kind, place, value) of a response, those most likely to be sent again first."""
    if "failure" in outcome:
        return
    for place, value in _leaves(_parsed(outcome["body"])):
        yield "member", place, value
    for name, value in outcome["headers"]:
        lower = name.lower()
        if lower == "set-cookie":
            cookie = read_cookie(value)
            if cookie.value:
                yield "cookie", (cookie.name,), cookie.value
                if unquote(cookie.value) != cookie.value:
                    yield "cookie", (cookie.name,), unquote(cookie.value)
        elif lower in _LOCATIONS:
            last = unquote(_last(value.rstrip("/")))
            if last:
                yield "segment", (lower,), last
        elif _CARRIED.fullmatch(lower):
            yield "header", (lower,), value


def _parsed(body: Data | None) -> Any:
    if not body or "text" not in body:
        return None
    try:
        return json.loads(body["text"])
    except (ValueError, RecursionError):
        return None


def _leaves(node: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each string and each integer of a JSON value, with its place."""
    if isinstance(node, dict):
        for name, member in node.items():
            yield from _leaves(member, (*place, name))
    elif isinstance(node, list):
        for at, element in enumerate(node):
            yield from _leaves(element, (*place, str(at)))
    elif isinstance(node, str) and node:
        yield place, node
    elif isinstance(node, int) and not isinstance(node, bool):
        yield place, str(node)


def _unquoted(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return literal


def body_bytes(body: Data | None) -> bytes | None:
    """Return the bytes of a body in a report, `None` for none."""
    if body is None:
        return None
    if "base64" in body:
        return base64.b64decode(body["base64"])
    return str(body["text"]).encode("utf-8", "surrogatepass")
