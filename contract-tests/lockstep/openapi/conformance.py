"""Judges one answer by the document alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from lockstep.openapi.document import Document
from lockstep.openapi.operations import DocumentedResponse, Operation
from lockstep.transport.literals import pointer
from lockstep.transport.messages import NoResponse, Outcome, Response

_DOCUMENT_URI = "urn:lockstep:document"


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule of the document that an answer breaks.

    `kind` is one of `server_error`, `no_response`, `undocumented_status`,
    `undocumented_media_type`, `unexpected_body`, `missing_header`, `header_schema`,
    `unreadable_body`, `body_schema`.
    """

    kind: str
    where: str
    detail: str


class Conformance:
    """Checks answers against one document; schemas are compiled once."""

    def __init__(self, document: Document) -> None:
        answered = _without_secrets(document.modern)
        self._registry = jsonschema_rs.Registry([(_DOCUMENT_URI, answered)])
        self._compiled: dict[int, jsonschema_rs.Validator] = {}

    def check(
        self, operation: Operation | None, outcome: Outcome, expected: frozenset[int] = frozenset()
    ) -> list[Violation]:
        """The violations of an outcome; without an operation only failures of the server count.

        A 5xx is always a violation, documented or not, unless the caller expected it.
        """
        if isinstance(outcome, NoResponse):
            return [Violation("no_response", outcome.reason, outcome.detail)]
        violations = list(_server_error(outcome, expected))
        if operation is None:
            return violations
        documented = operation.response_for(outcome.status)
        if documented is None:
            where = str(outcome.status)
            if not violations:
                violations.append(Violation("undocumented_status", where, _documented(operation)))
            return violations
        violations += self._headers(documented, outcome)
        violations += self._body(documented, outcome)
        return violations

    def _headers(self, documented: DocumentedResponse, response: Response) -> Iterator[Violation]:
        for name, definition in documented.headers.items():
            value = response.header(name)
            if value is None:
                if definition.get("required"):
                    yield Violation("missing_header", f"header {name}", f"{response.status}")
                continue
            schema = definition.get("schema")
            if schema is None:
                continue
            validator = self.validator(schema)
            errors = [next(validator.iter_errors(v), None) for v in _readings(value)]
            if errors and all(errors):
                yield Violation("header_schema", f"header {name}", f"{value}: {errors[-1]}")

    def _body(self, documented: DocumentedResponse, response: Response) -> Iterator[Violation]:
        if not documented.media_types:
            if response.body:
                yield Violation("unexpected_body", "body", f"{len(response.body)} bytes")
            return
        media_type = response.media_type
        content = documented.media_types.get(media_type or "")
        if content is None:
            expected = ", ".join(documented.media_types)
            detail = f"{media_type or 'none'} instead of {expected}"
            yield Violation("undocumented_media_type", "header content-type", detail)
            return
        schema = content.get("schema")
        if schema is not None and "json" in (media_type or ""):
            yield from self._json(schema, response.body)

    def _json(self, schema: Any, body: bytes) -> Iterator[Violation]:
        try:
            value = json.loads(body)
        except (ValueError, RecursionError) as error:
            yield Violation("unreadable_body", "body", str(error))
            return
        wrong = next(self.validator(schema).iter_errors(value), None)
        if wrong is not None:
            where = "body " + _without_positions(wrong.instance_path)
            yield Violation("body_schema", f"{where.strip()} {wrong.kind.name}", wrong.message)

    def validator(self, schema: Any) -> jsonschema_rs.Validator:
        """The compiled form of a schema of the document, made once."""
        validator = self._compiled.get(id(schema))
        if validator is None:
            absolute = _absolute(_without_secrets(schema))
            validator = jsonschema_rs.validator_for(absolute, registry=self._registry)
            self._compiled[id(schema)] = validator
        return validator


def _server_error(response: Response, expected: frozenset[int]) -> Iterator[Violation]:
    if response.status >= 500 and response.status not in expected:
        text = response.body[:500].decode("utf-8", "replace")
        yield Violation("server_error", str(response.status), text)


def _documented(operation: Operation) -> str:
    return "documented: " + ", ".join(operation.responses)


def _readings(value: str) -> Iterator[Any]:
    """A header's text, and the number or boolean that it may stand for."""
    yield value
    try:
        yield json.loads(value)
    except ValueError:
        return


def _without_positions(path: list[str | int]) -> str:
    return pointer(tuple("*" if isinstance(part, int) else part for part in path))


def _without_secrets(node: Any) -> Any:
    """The schemas as they hold for answers, which need not show what is `writeOnly`."""
    if isinstance(node, list):
        return [_without_secrets(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    required, members = node.get("required"), node.get("properties")
    changed = {key: _without_secrets(value) for key, value in node.items()}
    if isinstance(required, list) and isinstance(members, Mapping):
        changed["required"] = [name for name in required if not _is_secret(members.get(name))]
    return changed


def _is_secret(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("writeOnly") is True


def _absolute(schema: Any) -> Any:
    """The schema with references that no longer depend on where it stands."""
    if isinstance(schema, Mapping):
        return {
            key: _DOCUMENT_URI + value
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else _absolute(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_absolute(item) for item in schema]
    return schema
