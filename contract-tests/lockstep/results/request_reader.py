"""Validates requests against the document, and reads the values that they carry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from lockstep.bodies.sequences import read_json
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import merge
from lockstep.results.exchange import SAFE_METHODS
from lockstep.transport.contents import content_of, is_form
from lockstep.transport.cookies import is_csrf, sent_cookies
from lockstep.transport.literals import pointer
from lockstep.transport.messages import Request
from lockstep.transport.quoting import code, shown

_STRUCTURED = frozenset({"array", "object"})
_TYPES = frozenset({"type", "anyOf", "oneOf", "const"})
_MEMBERS = frozenset({"additionalProperties", "unevaluatedProperties", "falseSchema"})
# Maximum number of faults per request; further ones tell nothing new.
_MAX_FAULTS = 6


@dataclass(frozen=True, slots=True)
class Fault:
    """A violation of the document by a request.

    `kind` is one of `no credentials`, `missing`, `wrong type`, `out of bounds`, `unknown member`,
    `no body`, `unreadable body`, `media type`; `subject` names the parameter or member, `keyword`
    the broken schema keyword, `words` describe it for people.
    """

    kind: str
    subject: str
    keyword: str
    words: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a request: its readable name, the value, and its schema."""

    name: str
    value: Any
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Declared:
    name: str
    location: str
    required: bool
    schema: Any


class RequestReader:
    """Validates requests against one document; caches what it derives from an operation."""

    def __init__(self, document: Document, conformance: Conformance) -> None:
        self._document = document
        self._conformance = conformance
        self._parameters_of: dict[str, tuple[_Declared, ...]] = {}
        self._merged: dict[int, dict[str, Any]] = {}
        self._credentials = tuple(_credential_places(document))

    def faults(self, operation: Operation, request: Request) -> list[Fault]:
        """Return the first few violations of the document by a request."""
        return list(self._faults(operation, request))

    def fault(self, operation: Operation, request: Request) -> str | None:
        """Return the first fault as text, or `None`."""
        found = next(self._faults(operation, request), None)
        return found.words if found is not None else None

    def values(self, operation: Operation, request: Request) -> Iterator[Value]:
        """Yield the parameters and the leaves of the body."""
        for declared, text in self._parameters(operation, request):
            if text is not None and declared.location != "header":
                yield Value(declared.name, json_scalar(text), self._merge(declared.schema))
        schema, value = self._body(operation, request)
        if value is not NotImplemented:
            yield from self._leaves(schema, value, "")

    def body_schema(self, operation: Operation, request: Request) -> Any:
        """Return the schema of the request body; `None` if none is documented."""
        return self._body(operation, request)[0]

    def unknown_members(
        self, operation: Operation, request: Request
    ) -> list[tuple[str | int, ...]]:
        """Return the paths of the members of a body that are not documented."""
        schema, value = self._body(operation, request)
        if schema is None or value is NotImplemented:
            return []
        return [
            (*wrong.instance_path, str(name))
            for wrong in self._conformance.validator(schema).iter_errors(value)
            if wrong.kind.name in _MEMBERS
            for name in getattr(wrong.kind, "unexpected", ())
        ]

    def has_credentials(self, request: Request) -> bool:
        """Whether a request has credentials for any of the document's security schemes."""
        for where, name in self._credentials:
            if where == "query" and f"{name}=" in request.path:
                return True
            if where == "cookie" and f"{name}=" in (request.header("cookie") or ""):
                return True
            if where == "header" and request.header(name):
                return True
        return request.header("authorization") is not None

    def missing_csrf(self, request: Request) -> str:
        """The header with a CSRF token that a user's write lacks; empty if it lacks none."""
        if request.actor is None or request.method in SAFE_METHODS:
            return ""
        named = (name for where, name in self._credentials if where == "header" and is_csrf(name))
        return next((name for name in named if request.header(name) is None), "")

    def wrong_csrf(self, request: Request) -> str:
        """The header with another CSRF token than the cookie of a user's write; else empty."""
        if request.actor is None or request.method in SAFE_METHODS:
            return ""
        tokens = {unquote(value) for name, value in sent_cookies(request).items() if is_csrf(name)}
        named = (header for header in request.headers if is_csrf(header[0]))
        return next((name for name, value in named if tokens and unquote(value) not in tokens), "")

    def _faults(self, operation: Operation, request: Request) -> Iterator[Fault]:
        if operation.requires_auth and not self.has_credentials(request):
            yield Fault("no credentials", "", "", "the request carries no credentials")
        for declared, text in self._parameters(operation, request):
            found = self._parameter_fault(declared, text)
            if found is not None:
                yield found
        yield from self._body_faults(operation, request)

    def _parameter_fault(self, declared: _Declared, text: str | None) -> Fault | None:
        name = declared.name
        if text is None:
            words = f"the {declared.location} parameter {code(name)} is required and not sent"
            return Fault("missing", name, "required", words)
        if declared.schema is None or self._accepts(declared.schema, text):
            return None
        keyword = self._broken(declared.schema, text)
        words = (
            f"{code(name)} is {code(shown(text, 40))}, which violates {code(keyword or 'schema')}"
        )
        return Fault(_kind_of(keyword), name, keyword, words)

    def _body_faults(self, operation: Operation, request: Request) -> Iterator[Fault]:
        definition = self._document.resolve(operation.definition.get("requestBody", {}))
        if _lacks_boundary(request):
            yield Fault(
                "unreadable body", "", "boundary", "the body is multipart without a boundary"
            )
            return
        if not request.body:
            if definition.get("required"):
                yield Fault("no body", "", "required", "the request has no body")
            return
        media_type = _media_type(request)
        content = definition.get("content", {})
        if content and not any(_fits(media_type, known) for known in content):
            sent = (
                f"sent as {code(shown(media_type))}" if media_type else "sent without a media type"
            )
            yield Fault("media type", "", "", f"the body is {sent}")
            return
        schema, value = self._body(operation, request)
        if schema is None:
            return
        if value is NotImplemented:
            yield Fault("unreadable body", "", "", "the body is not JSON")
            return
        errors = self._conformance.validator(schema).iter_errors(value)
        for _, wrong in zip(range(_MAX_FAULTS), errors, strict=False):
            yield from _of_error(wrong)

    def _body(self, operation: Operation, request: Request) -> tuple[Any, Any]:
        """Return (schema, value) of JSON or a form; `NotImplemented` if the body is neither."""
        definition = self._document.resolve(operation.definition.get("requestBody", {}))
        media_type = _media_type(request) or ""
        content = definition.get("content", {})
        entry: Mapping[str, Any] = content.get(media_type) or next(
            (content[known] for known in content if _fits(media_type, known)), {}
        )
        if is_form(request) and request.body:
            return entry.get("schema"), self._fields(entry.get("schema"), request)
        if "json" not in media_type or not request.body:
            return None, NotImplemented
        try:
            return entry.get("schema"), read_json(media_type, request.body)
        except (ValueError, RecursionError):
            return entry.get("schema"), NotImplemented

    def _fields(self, schema: Any, request: Request) -> dict[str, Any]:
        """The fields of a form as the schema reads them; lists and objects depend on `style`."""
        properties = self._merge(schema).get("properties", {})
        read = {}
        for name, text in content_of(request).items():
            types = self._merge(properties.get(name, {})).get("type", "string")
            kinds = {types} if isinstance(types, str) else {*types}
            if not kinds & _STRUCTURED:
                read[name] = text if "string" in kinds else json_scalar(text)
        return read

    def _parameters(
        self, operation: Operation, request: Request
    ) -> Iterator[tuple[_Declared, str | None]]:
        """Yield each sent parameter with its text, and missing required ones with `None`."""
        declared = self._declared(operation)
        if not declared:
            return
        plain, _, query = request.path.partition("?")
        sent = dict(parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="replace"))
        in_path = path_values(operation.path, plain)
        for each in declared:
            text = {
                "query": sent.get(each.name),
                "path": in_path.get(each.name),
                "querystring": unquote(query) or None,
            }.get(each.location)
            if each.location == "header":
                text = request.header(each.name)
            if text is None and (not each.required or each.location in ("cookie", "path")):
                continue
            yield each, text

    def _declared(self, operation: Operation) -> tuple[_Declared, ...]:
        known = self._parameters_of.get(operation.name)
        if known is None:
            item = self._document.resolve(
                self._document.modern.get("paths", {}).get(operation.path, {})
            )
            found: dict[tuple[str, str], _Declared] = {}
            raws = (*item.get("parameters", ()), *operation.definition.get("parameters", ()))
            for raw in map(self._document.resolve, raws):
                required = bool(raw.get("required"))
                found[raw["in"], raw["name"]] = _Declared(
                    raw["name"], raw["in"], required, raw.get("schema")
                )
            known = self._parameters_of[operation.name] = tuple(found.values())
        return known

    def _merge(self, schema: Any) -> dict[str, Any]:
        found = self._merged.get(id(schema))
        if found is None:
            found = self._merged[id(schema)] = merge(self._document, schema)
        return found

    def _accepts(self, schema: Any, text: str) -> bool:
        types = self._merge(schema).get("type", ())
        if _STRUCTURED & {*([types] if isinstance(types, str) else types)}:
            # The serialization of arrays and objects depends on `style`.
            return True
        validator = self._conformance.validator(schema)
        return any(validator.is_valid(each) for each in (text, json_scalar(text)))

    def _broken(self, schema: Any, text: str) -> str:
        errors = list(self._conformance.validator(schema).iter_errors(json_scalar(text)))
        return str(errors[-1].kind.name) if errors else ""

    def _leaves(self, schema: Any, value: Any, name: str) -> Iterator[Value]:
        merged = self._merge(schema)
        if isinstance(value, dict) and value:
            for key, member in value.items():
                inner = merged.get("properties", {}).get(key)
                yield from self._leaves(inner, member, f"{name}/{key}" if name else key)
        elif isinstance(value, list) and value:
            for element in value:
                yield from self._leaves(merged.get("items"), element, name)
        else:
            yield Value(name or "the body", value, merged)


def path_values(template: str, path: str) -> dict[str, str]:
    """Return the decoded path parameters of a request path."""
    names, pattern = _compiled(re.split("[?#]", template, maxsplit=1)[0])
    match = pattern.fullmatch(path)
    return dict(zip(names, map(unquote, match.groups()), strict=True)) if match else {}


def json_scalar(text: str) -> Any:
    """Return the number, boolean or null that a text denotes in JSON, else the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, dict | list | str) else value


@cache
def _compiled(template: str) -> tuple[list[str], re.Pattern[str]]:
    names = re.findall(r"\{([^}]+)\}", template)
    pattern = "([^/]*)".join(map(re.escape, re.split(r"\{[^}]+\}", template)))
    return names, re.compile(f".*?{pattern}", re.DOTALL)


def _of_error(wrong: Any) -> Iterator[Fault]:
    where = pointer(tuple("*" if isinstance(p, int) else p for p in wrong.instance_path))
    subject, keyword = where.removeprefix("/"), str(wrong.kind.name)
    of = f" at {code(subject)}" if subject else ""
    words = f"the body violates {code(keyword)}{of} ({shown(wrong.message)})"
    if keyword == "required":
        name = str(wrong.kind.property).strip('"')
        yield Fault("missing", f"{subject}/{name}".removeprefix("/"), keyword, words)
    elif keyword in _MEMBERS:
        yield Fault("unknown member", subject, keyword, words)
    else:
        yield Fault(_kind_of(keyword), subject or "the body", keyword, words)


def _kind_of(keyword: str) -> str:
    return "wrong type" if keyword in _TYPES else "out of bounds"


def _credential_places(document: Document) -> Iterator[tuple[str, str]]:
    schemes = document.modern.get("components", {}).get("securitySchemes", {})
    for scheme in map(document.resolve, schemes.values()):
        yield scheme.get("in", "header"), scheme.get("name", "Authorization")


def _media_type(request: Request) -> str | None:
    value = request.header("content-type")
    return value.partition(";")[0].strip().lower() if value else None


def _lacks_boundary(request: Request) -> bool:
    """Whether the boundary of a multipart body is missing (RFC 2046, section 5.1.1)."""
    media_type = (request.header("content-type") or "").lower()
    return media_type.startswith("multipart/") and "boundary=" not in media_type


def _fits(media_type: str | None, documented: str) -> bool:
    """Whether a media type matches a documented one, which may be a range."""
    known = documented.partition(";")[0].strip().lower()
    if media_type is None:
        return False
    if known.startswith("*/"):
        return known == "*/*" or media_type.endswith(known[3:])
    return media_type == known or (known.endswith("/*") and media_type.startswith(known[:-1]))
