"""Finds and replaces the values in a request, with their roles."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_plus

from lockstep.inference.forms import is_random
from lockstep.inference.leaves import Leaf, replaced
from lockstep.matching.bijection import Bijection
from lockstep.openapi.document import Document
from lockstep.openapi.resource_types import ResourceTypes, Role
from lockstep.transport.credentials import basic, read_basic
from lockstep.transport.messages import Request
from lockstep.transport.streams import is_json_sequence

# Maps the role of a place and its value to the new value.
Visitor = Callable[[Role | None, str], str]
# The characters of a path segment that need no percent-encoding (RFC 3986, 3.3).
_SAFE = "!$&'()*+,;=:@-._~"
_CONDITIONS = frozenset({"if-match", "if-none-match"})
# The number of cached requests, and the maximum body size of one in bytes.
_KEPT = 400
_LARGE = 20_000
# The texts of a JSON sequence, and what separates them.
_LINES = re.compile(r"([\n\x1e])")
_TAG = re.compile(r'"([^"]*)"')


class RequestReader:
    """Reads the values of requests: path and query parameters, headers, and body members."""

    def __init__(self, document: Document, families: ResourceTypes) -> None:
        self._document = document
        self._families = families
        # The same requests are read repeatedly, for example as steps of sequences.
        self._values = lru_cache(_KEPT)(self._read)
        self._names = lru_cache(_KEPT)(self._read_names)

    def rewrite(self, request: Request, visit: Visitor) -> Request:
        """Return the request with every value replaced by the result of `visit`."""
        plain, mark, query = request.path.partition("?")
        template = self._document.template(plain)
        owner = self._families.about(template) if template else ""
        path = self._path(plain, template, visit)
        if mark:
            path += mark + self._pairs(query, owner, visit)
        headers = tuple((name, _header(name, value, visit)) for name, value in request.headers)
        return replace(request, path=path, headers=headers, body=self._body(request, owner, visit))

    def values(self, request: Request) -> tuple[tuple[Role | None, str], ...]:
        """Return every value of a request in order, with its role."""
        large = request.body is not None and len(request.body) > _LARGE
        return self._read(request) if large else self._values(request)

    def _read(self, request: Request) -> tuple[tuple[Role | None, str], ...]:
        found: list[tuple[Role | None, str]] = []

        def note(role: Role | None, value: str) -> str:
            found.append((role, value))
            return value

        self.rewrite(request, note)
        return tuple(found)

    def named(self, request: Request) -> list[tuple[Role, str]]:
        """Return the path parameters of a request that identify resources, in order."""
        plain = request.path.partition("?")[0]
        found: list[tuple[Role, str]] = []

        def note(role: Role | None, value: str) -> str:
            if role is not None:
                found.append((role, value))
            return value

        self._path(plain, self._document.template(plain), note)
        return found

    def names(self, request: Request) -> frozenset[str]:
        """Return the keys of the resources that a request refers to; see `Scopes.key`."""
        large = request.body is not None and len(request.body) > _LARGE
        return self._read_names(request) if large else self._names(request)

    def _read_names(self, request: Request) -> frozenset[str]:
        scopes = self._document.scopes
        return frozenset(
            scopes.key(role.family, value, request.path)
            for role, value in self.values(request)
            if role is not None and role.family and value
        )

    def translate(self, request: Request, bijection: Bijection) -> Request:
        """Return the request with the leader's identifiers replaced by those of another target."""

        def visit(role: Role | None, value: str) -> str:
            return _translated(role, value, bijection)

        translated = self.rewrite(request, visit)
        plain = request.path.partition("?")[0]
        if self._document.template(plain) is None:
            _, mark, query = translated.path.partition("?")
            translated = replace(translated, path=self._below(plain, visit) + mark + query)
        return translated

    def _path(self, path: str, template: str | None, visit: Visitor) -> str:
        parts = path.split("/")
        names = template.split("/") if template else []
        if len(parts) != len(names):
            return visit(None, path)
        for at, name in enumerate(names):
            if "{" in name:
                role = self._families.parameter(template or "", name.strip("{}"))
                parts[at] = _escaped(parts[at], unquote, role, visit)
        return "/".join(parts)

    def _below(self, path: str, visit: Visitor) -> str:
        """Rewrite a path that is not documented: with a slash at the end, or below one that is."""
        above, _, rest = path.rpartition("/")
        template = self._document.template(above)
        if template is None or "{" not in template:
            return visit(None, path)
        return f"{self._path(above, template, visit)}/{visit(None, rest) if rest else rest}"

    def _pairs(self, query: str, owner: str, visit: Visitor) -> str:
        pairs = []
        for pair in query.split("&"):
            name, sign, value = pair.partition("=")
            role = self._families.role(unquote_plus(name), owner)
            pairs.append(name + sign + _escaped(value, unquote_plus, role, visit))
        return "&".join(pairs)

    def _body(self, request: Request, owner: str, visit: Visitor) -> bytes | None:
        if not request.body:
            return request.body
        media_type = (request.header("content-type") or "").lower()
        try:
            text = request.body.decode("utf-8")
            if "form-urlencoded" in media_type:
                return self._pairs(text, owner, visit).encode()
            texts = _LINES.split(text) if is_json_sequence(media_type) else [text]
            return "".join(
                replaced(each, lambda leaf: self._leaf(leaf, owner, visit))
                if each.strip()
                else each
                for each in texts
            ).encode()
        except (ValueError, RecursionError):
            return visit(None, request.body.decode("latin-1")).encode("latin-1")

    def _leaf(self, leaf: Leaf, owner: str, visit: Visitor) -> str:
        if not leaf.names or leaf.token in ("null", "true", "false"):
            return visit(None, leaf.text)
        for name in leaf.names[:-1]:
            owner = self._families.inside(name, owner)
        return visit(self._families.role(leaf.names[-1], owner), leaf.text)


def _header(name: str, value: str, visit: Visitor) -> str:
    account = read_basic(value) if name.lower() == "authorization" else None
    if account is not None:
        user, colon, password = account.partition(":")
        changed = visit(None, user) + colon + visit(None, password)
        return value if changed == account else basic(changed)
    if name.lower() not in _CONDITIONS:
        return visit(None, value)
    return _TAG.sub(lambda tag: f'"{visit(Role("etag"), tag.group(1))}"', value)


def _escaped(value: str, decode: Callable[[str], str], role: Role | None, visit: Visitor) -> str:
    """Visit a percent-encoded value; an unchanged value keeps its encoding."""
    plain = decode(value)
    found = visit(role, plain)
    return value if found == plain else quote(found, safe=_SAFE)


def _translated(role: Role | None, value: str, bijection: Bijection) -> str:
    if role is None or (is_random(value) and role.kind != "key"):
        return bijection.translate(value)
    if not role.family:
        known = bijection.partner(role.kind, value)
        return bijection.translate(value) if known is None else known
    known = bijection.partner(role.family, value)
    if known is None and is_random(value):
        return bijection.translate(value)
    if known is None and (role.kind == "key" or not bijection.knows(role.family)):
        known = _partner_in_other_family(role, value, bijection)
    return bijection.image(role.family, value) if known is None else known


def _partner_in_other_family(role: Role, value: str, bijection: Bijection) -> str | None:
    """Return the one partner of a value of the same resource or attribute, else of any family."""
    partners = bijection.partners(value)
    resource, _, attribute = role.family.rpartition(".")
    close = (f"{resource}.", f".{attribute}")
    near = {
        partner
        for kind, partner in partners.items()
        if kind.startswith(close[0]) or kind.endswith(close[1])
    }
    found = near or set(partners.values())
    return found.pop() if len(found) == 1 else None
