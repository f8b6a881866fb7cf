"""What the document says about a request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from lockstep.explain.notable_input import Value
from lockstep.explain.words import code, shown
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import merge
from lockstep.transport.literals import pointer
from lockstep.transport.messages import Request

_STRUCTURED = frozenset({"array", "object"})


class RequestReader:
    """Holds requests against the document."""

    def __init__(self, document: Document, conformance: Conformance) -> None:
        self._document = document
        self._conformance = conformance

    def fault(self, operation: Operation, request: Request) -> str | None:
        """The first thing that the document forbids or lacks in a request, in words."""
        return next(self._faults(operation, request), None)

    def values(self, operation: Operation, request: Request) -> Iterator[Value]:
        """The parameters and the leaves of the JSON body."""
        for name, location, schema, text in self._parameters(operation, request):
            if text is not None and location != "header":
                yield Value(name, _reading(text), merge(self._document, schema))
        schema, value = self._body(operation, request)
        if value is not NotImplemented:
            yield from self._leaves(schema, value, "")

    def has_credentials(self, request: Request) -> bool:
        """Whether a request carries what any of the document's security schemes asks for."""
        schemes = self._document.raw.get("components", {}).get("securitySchemes", {})
        for scheme in map(self._document.resolve, schemes.values()):
            where, name = scheme.get("in", "header"), scheme.get("name", "Authorization")
            if where == "query" and f"{name}=" in request.path:
                return True
            if where == "cookie" and f"{name}=" in (request.header("cookie") or ""):
                return True
            if where == "header" and request.header(name):
                return True
        return request.header("authorization") is not None

    def _faults(self, operation: Operation, request: Request) -> Iterator[str]:
        if operation.requires_auth and not self.has_credentials(request):
            yield "the request carries no credentials"
        for name, location, schema, text in self._parameters(operation, request):
            if text is None:
                yield f"the {location} parameter {code(name)} is required and not sent"
            elif schema is not None and not self._accepts(schema, text):
                keyword = self._broken(schema, text)
                yield f"{code(name)} is {code(shown(text, 40))}, which breaks {keyword}"
        yield from self._body_faults(operation, request)

    def _body_faults(self, operation: Operation, request: Request) -> Iterator[str]:
        definition = self._document.resolve(operation.definition.get("requestBody", {}))
        if not request.body:
            if definition.get("required"):
                yield "the request has no body"
            return
        media_type = _media_type(request)
        content = definition.get("content", {})
        if content and media_type not in content:
            sent = (
                f"sent as {code(shown(media_type))}" if media_type else "sent without a media type"
            )
            yield f"the body is {sent}"
            return
        schema, value = self._body(operation, request)
        if schema is None:
            return
        if value is NotImplemented:
            yield "the body is no JSON"
            return
        wrong = next(self._conformance.validator(schema).iter_errors(value), None)
        if wrong is not None:
            where = pointer(tuple(wrong.instance_path)).removeprefix("/")
            of = f" at {code(where)}" if where else ""
            yield f"the body breaks {code(wrong.kind.name)}{of} ({shown(wrong.message)})"

    def _body(self, operation: Operation, request: Request) -> tuple[Any, Any]:
        """(schema, value) of a JSON body; `NotImplemented` for what is no JSON."""
        definition = self._document.resolve(operation.definition.get("requestBody", {}))
        media_type = _media_type(request) or ""
        schema = definition.get("content", {}).get(media_type, {}).get("schema")
        if "json" not in media_type or not request.body:
            return None, NotImplemented
        try:
            return schema, json.loads(request.body)
        except ValueError:
            return schema, NotImplemented

    def _parameters(
        self, operation: Operation, request: Request
    ) -> Iterator[tuple[str, str, Any, str | None]]:
        """(name, location, schema, text as sent) of what is sent, or required and not sent."""
        plain, _, query = request.path.partition("?")
        sent = dict(parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="replace"))
        in_path = path_values(operation.path, plain)
        for raw in _declared(self._document, operation):
            name, location = raw["name"], raw["in"]
            text = {"query": sent.get(name), "path": in_path.get(name)}.get(location)
            if location == "header":
                text = request.header(name)
            if text is None and (not raw.get("required") or location in ("cookie", "path")):
                continue
            yield name, location, raw.get("schema"), text

    def _accepts(self, schema: Any, text: str) -> bool:
        types = merge(self._document, schema).get("type", ())
        if _STRUCTURED & {*([types] if isinstance(types, str) else types)}:
            # How lists and objects are written depends on `style`.
            return True
        validator = self._conformance.validator(schema)
        return any(validator.is_valid(reading) for reading in (text, _reading(text)))

    def _broken(self, schema: Any, text: str) -> str:
        errors = list(self._conformance.validator(schema).iter_errors(_reading(text)))
        return code(errors[-1].kind.name) if errors else "its schema"

    def _leaves(self, schema: Any, value: Any, name: str) -> Iterator[Value]:
        merged = merge(self._document, schema)
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
    """The values of a template's parameters in a request path, decoded."""
    names = re.findall(r"\{([^}]+)\}", template)
    pattern = "([^/]+)".join(map(re.escape, re.split(r"\{[^}]+\}", template)))
    match = re.fullmatch(f".*?{pattern}", path)
    return dict(zip(names, map(unquote, match.groups()), strict=True)) if match else {}


def _declared(document: Document, operation: Operation) -> Iterator[Mapping[str, Any]]:
    item = document.resolve(document.raw.get("paths", {}).get(operation.path, {}))
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for raw in (*item.get("parameters", ()), *operation.definition.get("parameters", ())):
        parameter = document.resolve(raw)
        found[parameter["in"], parameter["name"]] = parameter
    return iter(found.values())


def _media_type(request: Request) -> str | None:
    value = request.header("content-type")
    return value.partition(";")[0].strip().lower() if value else None


def _reading(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, dict | list | str) else value
