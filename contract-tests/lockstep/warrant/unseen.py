"""Tracks the parts of an operation that no request and no response has had yet."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lockstep.openapi.document import Document
from lockstep.openapi.inputs import MAX_BODY, MAX_DEPTH, inputs_of
from lockstep.openapi.media import is_json
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import merge
from lockstep.transport.cookies import sent_cookies
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Request, Response

NONE = "none"
# Maximum number of elements of a list that are read.
_ELEMENTS = 20
# Claims of permissions in tokens: RFC 8693, section 4.2, and common ones.
_CLAIMS = ("scope", "scp", "scopes", "roles", "role", "groups", "permissions")
# Categories of the input, and their names in warrants.
_INPUTS = {
    "parameters": "parameters",
    "values": "values",
    "members": "request_members",
    "media_types": "media_types",
}


@dataclass(slots=True)
class Member:
    """A member of a response with its nested members, and whether it was seen."""

    name: str
    members: dict[str, Member] = field(default_factory=dict)
    items: Member | None = None
    seen: bool = False


class Unseen:
    """The parts of one operation that were never seen; the set only shrinks."""

    def __init__(self, document: Document, operation: Operation) -> None:
        """Derive the parts from the document."""
        self._operation = operation
        self._inputs = inputs_of(document, operation)
        self._statuses = {str(status) for status in operation.statuses}
        self._schemes = _schemes(document)
        self._credentials = set(_documented(document, operation))
        self._answers: dict[str, Member] = {}
        for status, response in operation.responses.items():
            for media_type, content in response.media_types.items():
                if is_json(media_type) and status not in self._answers:
                    self._answers[status] = _member(document, content.get("schema"), status, 0)
        # The number of unseen members of a response, by status code.
        self._open = {status: len(list(_unseen(one))) for status, one in self._answers.items()}

    def note(self, request: Request, answer: Response) -> None:
        """Remove the parts in a request and its response."""
        self._inputs.note(request, authorised=False)
        if self._credentials:
            self._credentials -= set(_carried(request, self._schemes))
        key = self._key(answer.status)
        self._statuses.discard(str(answer.status))
        if self._open.get(key) and len(answer.body) <= MAX_BODY:
            value = json_of(answer.body)
            self._open[key] -= _note(self._answers[key], value)

    def by_category(self) -> dict[str, frozenset[str]]:
        """Return the names of the unseen parts; see `CATEGORIES` of the model."""
        found = {ours: frozenset(self._inputs.unseen(its)) for its, ours in _INPUTS.items()}
        found["credentials"] = frozenset(self._credentials)
        found["statuses"] = frozenset(self._statuses)
        # Members of a status code that was never seen are implied.
        found["response_members"] = frozenset(
            name
            for status, member in self._answers.items()
            if status not in self._statuses
            for name in _unseen(member)
        )
        return found

    def _key(self, status: int) -> str:
        response = self._operation.response_for(status)
        keys = (key for key, one in self._operation.responses.items() if one is response)
        return next(keys, "")


def _member(document: Document, schema: Any, name: str, depth: int) -> Member:
    merged = merge(document, schema)
    member = Member(name)
    if depth < MAX_DEPTH:
        before = f"{name}/" if depth else f"{name} "
        for key, inner in merged.get("properties", {}).items():
            if not (isinstance(inner, Mapping) and inner.get("writeOnly")):
                member.members[key] = _member(document, inner, f"{before}{key}", depth + 1)
        if "items" in merged:
            member.items = _member(document, merged["items"], f"{before}*", depth + 1)
    return member


def _unseen(member: Member) -> Iterator[str]:
    for inner in member.members.values():
        if not inner.seen:
            yield inner.name
        yield from _unseen(inner)
    if member.items is not None:
        yield from _unseen(member.items)


def _note(member: Member, value: Any) -> int:
    """Mark the members of a value as seen; returns the number of new ones."""
    count = 0
    if isinstance(value, dict):
        for key in value.keys() & member.members.keys():
            inner = member.members[key]
            count += not inner.seen
            inner.seen = True
            count += _note(inner, value[key])
    elif isinstance(value, list) and member.items is not None:
        count += sum(_note(member.items, each) for each in value[:_ELEMENTS])
    return count


def _schemes(document: Document) -> dict[str, Mapping[str, Any]]:
    raw = document.modern.get("components", {}).get("securitySchemes", {})
    found = {name: document.resolve(scheme) for name, scheme in raw.items()}
    # A client certificate does not show in a header field.
    return {name: scheme for name, scheme in found.items() if scheme.get("type") != "mutualTLS"}


def _documented(document: Document, operation: Operation) -> Iterator[str]:
    """Yield the security schemes of an operation, with their scopes; `none` if it needs none."""
    schemes = _schemes(document)
    wanted = operation.definition.get("security", document.modern.get("security")) or ()
    for alternative in wanted:
        if not alternative:
            yield NONE
        for name, scopes in alternative.items():
            if name in schemes:
                yield name
                yield from (f"{name} {scope}" for scope in scopes)


def _carried(request: Request, schemes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the schemes and scopes of a request's credentials; `none` if it has none."""
    found = False
    for name, scheme in schemes.items():
        token = _credential(request, scheme)
        if token:
            found = True
            yield name
            yield from (f"{name} {scope}" for scope in _scopes(token))
    if not found:
        yield NONE


def _credential(request: Request, scheme: Mapping[str, Any]) -> str:
    kind, name = scheme.get("type"), str(scheme.get("name", ""))
    if kind != "apiKey":
        sent, _, token = (request.header("authorization") or "").partition(" ")
        wanted = scheme.get("scheme", "bearer") if kind == "http" else "bearer"
        return token if sent.lower() == str(wanted).lower() else ""
    if scheme.get("in") == "header":
        return request.header(name) or ""
    if scheme.get("in") == "cookie":
        return sent_cookies(request).get(name, "")
    query = request.path.partition("?")[2].split("&")
    return next((pair.partition("=")[2] for pair in query if pair.startswith(f"{name}=")), "")


@lru_cache(1_024)
def _scopes(token: str) -> frozenset[str]:
    """Return the permissions in a JWT; empty for other tokens."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return frozenset()
    found: set[str] = set()
    for claim in _CLAIMS if isinstance(claims, dict) else ():
        scopes = claims.get(claim, ())
        listed = scopes.split() if isinstance(scopes, str) else scopes
        found.update(each for each in listed if isinstance(each, str))
    return frozenset(found)
