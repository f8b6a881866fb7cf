"""Compiles the schemas of a document into validators of responses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jsonschema_rs

from lockstep.openapi.for_responses import ForResponses
from lockstep.openapi.walking import Kind, kind_below

_DOCUMENT_URI = "urn:lockstep:document"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A validation error at one place of a value; `kind` is that of `jsonschema_rs`."""

    instance_path: list[str | int]
    kind: Any
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class SchemaValidator:
    """Validates values against one schema.

    `fault` is the reason why the schema cannot be compiled, else empty; such a schema accepts any
    value.
    """

    validator: jsonschema_rs.Validator
    key: str
    fault: str = ""

    def is_valid(self, value: Any) -> bool:
        """Whether a value is valid against the schema."""
        return self.validator.is_valid({self.key: value})

    def iter_errors(self, value: Any) -> Iterator[Wrong]:
        """Yield the validation errors of a value."""
        for error in self.validator.iter_errors({self.key: value}):
            yield Wrong(error.instance_path[1:], error.kind, error.message)


class Schemas:
    """Compiles the schemas of one document.

    They are compiled together, as the properties of one object, so that a component that many of
    them refer to is compiled only once: a second instead of minutes for a large document.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        """Keep the document; its schemas are compiled on first use."""
        self._document = document
        self._for_responses = ForResponses(document)
        prepared = self._for_responses.prepared(document)
        self._registry = jsonschema_rs.Registry([(_DOCUMENT_URI, prepared)])
        # By `id()` of a schema, which each entry keeps alive.
        self._known: dict[int, tuple[Any, SchemaValidator]] = {}
        self._items: dict[int, tuple[Any, SchemaValidator]] = {}

    def validator(self, schema: Any) -> SchemaValidator:
        """Return the validator of a schema; it accepts any value if the schema is unusable."""
        together = self._together.get(id(schema))
        if together is not None:
            return together
        if id(schema) not in self._known:
            self._known[id(schema)] = schema, self._alone(schema)
        return self._known[id(schema)][1]

    def item_validator(self, schema: Any) -> SchemaValidator:
        """Return the validator of the items of a stream, which also enforces `contentSchema`.

        OpenAPI 3.2 (4.14.3.2) describes the data of events with it; elsewhere the keyword is only
        an annotation.
        """
        if id(schema) not in self._items:
            self._items[id(schema)] = schema, self._alone(schema, contents=True)
        return self._items[id(schema)][1]

    @cached_property
    def _together(self) -> Mapping[int, SchemaValidator]:
        schemas = {id(schema): schema for schema in _roots(self._document, Kind.OBJECT)}
        keys = {id(schema): str(number) for number, schema in enumerate(schemas.values())}
        members = {keys[key]: self._prepared(schema) for key, schema in schemas.items()}
        try:
            validator = self._compiled(members)
        except (ValueError, RecursionError):
            # Compiled one by one, only the faulty one fails.
            return {}
        return {key: SchemaValidator(validator, name) for key, name in keys.items()}

    def _alone(self, schema: Any, *, contents: bool = False) -> SchemaValidator:
        try:
            validator = self._compiled({"it": self._prepared(schema)}, contents=contents)
            return SchemaValidator(validator, "it")
        except (ValueError, RecursionError) as error:
            fault = f"a schema cannot be compiled: {str(error).partition(chr(10))[0]}"
            return SchemaValidator(self._compiled({}), "it", fault)

    def _prepared(self, schema: Any) -> Any:
        return _absolute(self._for_responses.prepared(schema))

    def _compiled(
        self, members: dict[str, Any], *, contents: bool = False
    ) -> jsonschema_rs.Validator:
        keywords = {"contentSchema": _content_keyword(self._registry)} if contents else None
        return jsonschema_rs.validator_for(
            {"properties": members}, registry=self._registry, keywords=keywords
        )


def _content_keyword(registry: jsonschema_rs.Registry) -> type[Any]:
    """Return the keyword `contentSchema`: it validates the JSON that a string contains."""

    class Content:
        def __init__(self, _around: Any, schema: Any, _path: Any) -> None:
            self._validator = jsonschema_rs.validator_for(schema, registry=registry)

        def validate(self, instance: Any) -> None:
            if not isinstance(instance, str):
                return
            try:
                value = json.loads(instance)
            except RecursionError as error:
                raise ValueError("it is nested too deeply") from error
            wrong = next(self._validator.iter_errors(value), None)
            if wrong is not None:
                raise ValueError(wrong.message)

    return Content


def _roots(node: Any, kind: Kind) -> Iterator[Any]:
    """Yield the schemas that are not nested in another schema, except those of components."""
    if kind is Kind.SCHEMA:
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _roots(item, kind)
    elif isinstance(node, Mapping) and kind is not Kind.DATA:
        for key, value in node.items():
            below = kind_below(kind, key, value)
            if below is not Kind.NAMED_SCHEMAS:
                yield from _roots(value, below)


def _absolute(schema: Any) -> Any:
    """Return the schema with absolute references."""
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
