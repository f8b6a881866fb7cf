"""Checks a response against the OpenAPI document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lockstep.bodies.sequences import judged_items
from lockstep.bodies.xml import is_xml, parse_xml
from lockstep.openapi.compiled import Schemas, SchemaValidator
from lockstep.openapi.document import Document
from lockstep.openapi.media import is_json
from lockstep.openapi.operations import DocumentedResponse, Operation
from lockstep.openapi.schema_lookup import merge
from lockstep.openapi.texts import readings, simple_readings, types_of
from lockstep.openapi.xml_values import UnmappedError, XmlReader
from lockstep.transport.json_bodies import strict_json
from lockstep.transport.literals import pointer
from lockstep.transport.messages import NoResponse, Outcome, Response, header_values
from lockstep.transport.streams import bare, is_json_sequence, parameter

# Responses with these status codes have no body (RFC 9110, 6.4.1).
_BODILESS = frozenset({204, 205, 304})


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation of the document by a response.

    `kind` is one of `server_error`, `no_response`, `undocumented_status`,
    `undocumented_media_type`, `unexpected_body`, `missing_header`, `header_schema`,
    `unreadable_body`, `body_schema`.
    """

    kind: str
    where: str
    detail: str


class Conformance:
    """Checks responses against one document; its schemas are compiled once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._schemas = Schemas(document.modern)
        # Messages about the parts of schemas that cannot be checked, by `id` of the schema.
        self._faults: dict[int, tuple[str, ...]] = {}
        self._unjudged: Counter[str] = Counter()
        # By `id` of a schema, which each entry keeps alive.
        self._merges: dict[int, tuple[Any, Mapping[str, Any]]] = {}

    def unjudged(self) -> list[str]:
        """Return messages about what could not be checked, each with the number of responses."""
        return [
            f"{sentence} ({count} {'response' if count == 1 else 'responses'})"
            for sentence, count in self._unjudged.items()
        ]

    def check(
        self, operation: Operation | None, outcome: Outcome, expected: frozenset[int] = frozenset()
    ) -> list[Violation]:
        """Return the violations of an outcome; without an operation, only server errors.

        A 5xx status code is a violation even if it is documented, unless it is in `expected`.
        """
        if isinstance(outcome, NoResponse):
            return [Violation("no_response", outcome.reason, outcome.detail)]
        violations = list(_server_error(outcome, expected))
        if operation is None:
            return violations
        # Several operations may match the request equally well; the best fit counts.
        every = self._document.routes.twins(operation)
        found = (self._judged(each, outcome, violations) for each in every)
        return min(found, key=len)

    def _judged(
        self, operation: Operation, response: Response, known: list[Violation]
    ) -> list[Violation]:
        """Return the violations that are already known, and those of one operation's document."""
        documented = operation.response_for(response.status)
        if not operation.responses:
            # The document says nothing about responses, as it may since 3.1 (4.8.10).
            return known
        if documented is None:
            where = str(response.status)
            return known or [Violation("undocumented_status", where, _documented(operation))]
        try:
            return [
                *known,
                *self._headers(documented, response),
                *self._body(operation.method, documented, response),
            ]
        except Exception as error:  # A response that cannot be checked must not abort the run.
            label = f"{operation.method} {operation.path}"
            sentence = f"{response.status} responses of {label} cannot be checked: {error!r}"
            self._unjudged[sentence] += 1
            return known

    def _headers(self, documented: DocumentedResponse, response: Response) -> Iterator[Violation]:
        for name, definition in documented.headers.items():
            if name == "content-type":
                # It is described by the media types of `content` (OpenAPI 3.1, 4.8.17).
                continue
            values = list(header_values(response.headers, name))
            if not values:
                if definition.get("required"):
                    yield Violation("missing_header", f"header {name}", f"{response.status}")
                continue
            # Repeated field lines form one list, except for `Set-Cookie` (RFC 9110, 5.3).
            value = values[0] if name == "set-cookie" else ", ".join(values)
            schema, readings = self._header_readings(definition, value)
            if schema is None:
                continue
            validator = self._judging(schema)
            errors = [next(validator.iter_errors(each), None) for each in readings]
            if errors and all(errors):
                yield Violation("header_schema", f"header {name}", f"{value}: {errors[-1]}")

    def _header_readings(self, definition: Mapping[str, Any], value: str) -> tuple[Any, list[Any]]:
        """Return the schema of a header, and the values that its text may represent."""
        schema = definition.get("schema")
        if schema is not None:
            explode = definition.get("explode") is True
            merged = self._merged(schema)
            return schema, list(simple_readings(value, merged, self._merged, explode=explode))
        for content in definition.get("content", {}).values():
            plain = self._document.resolve(content)
            return plain.get("schema"), list(readings(value))
        return None, []

    def _merged(self, schema: Any) -> Mapping[str, Any]:
        if id(schema) not in self._merges:
            self._merges[id(schema)] = schema, merge(self._document, schema)
        return self._merges[id(schema)][1]

    def _body(
        self, method: str, documented: DocumentedResponse, response: Response
    ) -> Iterator[Violation]:
        if method == "HEAD":
            # The documented content is that of a GET response (RFC 9110, 9.3.2).
            return
        if not documented.media_types or response.status in _BODILESS:
            if response.body and not documented.media_types:
                yield Violation("unexpected_body", "body", f"{len(response.body)} bytes")
            return
        content_type = response.header("content-type")
        content = documented.content_for(content_type)
        if content is None:
            expected = ", ".join(documented.media_types)
            detail = f"{response.media_type or 'none'} instead of {expected}"
            yield Violation("undocumented_media_type", "header content-type", detail)
            return
        schema, item = content.get("schema"), content.get("itemSchema")
        if schema is not None and is_json(content_type):
            yield from self._json(schema, response.body)
        elif item is not None:
            yield from self._items(item, response)
        elif schema is not None and is_json_sequence(content_type):
            yield from self._sequence(schema, response)
        elif is_xml(bare(content_type)):
            yield from self._xml(schema, response)

    def _json(self, schema: Any, body: bytes) -> Iterator[Violation]:
        try:
            value = strict_json(body)
        except ValueError as error:
            yield Violation("unreadable_body", "body", str(error))
            return
        yield from self._value(schema, value, "body ")

    def _items(self, schema: Any, response: Response) -> Iterator[Violation]:
        """Yield the violation of the first invalid item of a stream, if any."""
        try:
            found = _items_of(response)
        except (ValueError, RecursionError) as error:
            yield Violation("unreadable_body", "body", str(error))
            return
        validator = self._schemas.item_validator(schema)
        self._note_faults(schema, validator)
        every = (_first(validator, item, "body /*") for item in found)
        yield from islice(filter(None, every), 1)

    def _sequence(self, schema: Any, response: Response) -> Iterator[Violation]:
        """Check a sequence without `itemSchema`: the schema is of all items, or of each item."""
        try:
            found = _items_of(response)
        except (ValueError, RecursionError) as error:
            yield Violation("unreadable_body", "body", str(error))
            return
        validator = self._judging(schema)
        if validator.is_valid(found):
            return
        if "array" in types_of(self._merged(schema)):
            yield from filter(None, [_first(validator, found, "body ")])
        else:
            every = (_first(validator, item, "body /*") for item in found)
            yield from islice(filter(None, every), 1)

    def _xml(self, schema: Any, response: Response) -> Iterator[Violation]:
        """Check that XML can be parsed, and its value where the schema determines it."""
        content_type = response.header("content-type")
        try:
            element = parse_xml(response.body, parameter(content_type, "charset"))
        except ValueError as error:
            yield Violation("unreadable_body", "body", str(error))
            return
        reader = XmlReader(self._merged, self._accepts)
        try:
            value = reader.root(schema, element)
        except UnmappedError:
            return
        # The comparison also names places from the root element on.
        where = f"body {pointer((element.name,))}"
        for path, sentence in reader.wrong[:1]:
            yield Violation("body_schema", f"{where}{pointer(path)} xml", sentence)
        yield from self._value(schema, value, where)

    def _accepts(self, schema: Any, value: Any) -> bool:
        return self.validator(schema).is_valid(value)

    def _value(self, schema: Any, value: Any, where: str) -> Iterator[Violation]:
        wrong = _first(self._judging(schema), value, where)
        if wrong is not None:
            yield wrong

    def _judging(self, schema: Any) -> SchemaValidator:
        """Return the validator of a schema, and count what it cannot check."""
        validator = self.validator(schema)
        self._note_faults(schema, validator)
        return validator

    def _note_faults(self, schema: Any, validator: SchemaValidator) -> None:
        faults = self._faults.get(id(schema))
        if faults is None:
            known = self._document.soundness.sentences(schema)
            faults = self._faults[id(schema)] = (*known, *filter(None, (validator.fault,)))
        self._unjudged.update(faults)

    def validator(self, schema: Any) -> SchemaValidator:
        """Return the validator of a schema; it accepts any value if the schema is unusable."""
        return self._schemas.validator(schema)


def _items_of(response: Response) -> list[Any]:
    """Return the items of a stream; raise `ValueError` if one cannot be parsed."""
    content_type = response.header("content-type")
    return list(judged_items(content_type, response.body, cut=response.cut))


def _first(validator: SchemaValidator, value: Any, where: str) -> Violation | None:
    """Return the first validation error of a value as a violation."""
    wrong = next(validator.iter_errors(value), None)
    if wrong is None:
        return None
    place = where + _without_positions(wrong.instance_path)
    return Violation("body_schema", f"{place.strip()} {wrong.kind.name}", wrong.message)


def _server_error(response: Response, expected: frozenset[int]) -> Iterator[Violation]:
    if response.status >= 500 and response.status not in expected:
        text = response.body[:500].decode("utf-8", "replace")
        yield Violation("server_error", str(response.status), text)


def _documented(operation: Operation) -> str:
    return "documented: " + ", ".join(operation.responses)


def _without_positions(path: list[str | int]) -> str:
    return pointer(tuple("*" if isinstance(part, int) else part for part in path))
