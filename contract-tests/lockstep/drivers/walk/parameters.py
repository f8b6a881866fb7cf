"""The declared parameters of an operation, and plain values for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis.errors import NoSuchExample

from lockstep.auth.bodies import body_template, flat, kind_of_value
from lockstep.drivers.walk.items import parameters_of
from lockstep.openapi.bounds import least_length
from lockstep.openapi.document import Document
from lockstep.openapi.operations import IGNORED_HEADERS, Operation
from lockstep.transport.cookies import is_csrf

# About the message or the user, and declared elsewhere in a document.
_IGNORED = IGNORED_HEADERS | {"content-length", "cookie", "host", "user-agent"}
_WORD = "lockstep"
_RETRIED = re.compile(r"(?:x-)?idempoten(?:cy|t)-?(?:key|token|id)", re.IGNORECASE)
_CHOSEN = frozenset({"const", "default", "enum", "example", "examples"})
_BOUND = ("const", "default", "enum", "example", "examples", "format", "pattern")


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared parameter; its `schema` has no references, `examples` are its own.

    `told` is what the document says of it in words, `choices` are the texts of which a list has
    some.
    """

    name: str
    location: str
    required: bool
    schema: Mapping[str, Any]
    examples: tuple[Any, ...] = ()
    told: str = ""
    choices: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The JSON type of its values, empty if it has none."""
        return kind_of_value(self.schema) if "type" in self.schema else ""


def declared(document: Document, operation: Operation) -> list[Declared]:
    """Return the parameters of an operation and of its path, except credentials."""
    item = document.resolve(document.modern["paths"][operation.path])
    found: dict[tuple[str, str], Declared] = {}
    raws = (*item.get("parameters", ()), *operation.definition.get("parameters", ()))
    for raw in map(document.resolve, raws):
        name, location = raw["name"], raw["in"]
        if location == "header" and (name.lower() in _IGNORED or is_csrf(name)):
            continue
        schema = flat(document, _schema(raw))
        found[location, name] = Declared(
            name,
            location,
            bool(raw.get("required")) or location == "path",
            schema,
            tuple(_examples(document, raw)),
            str(raw.get("description", "")),
            tuple(_choices(document, raw, schema)),
        )
    for name in parameters_of(operation.path):
        # Some documents do not declare all path parameters.
        found.setdefault(("path", name), Declared(name, "path", True, {}))
    return list(found.values())


def is_idempotency_key(name: str) -> bool:
    """Whether a header of this name holds a key by which a retry is recognised."""
    return _RETRIED.fullmatch(name) is not None


def plain_value(document: Document, parameter: Declared) -> str:
    """Return a valid value, always the same: an example if there is one."""
    for example in parameter.examples:
        return as_text(example)
    schema = parameter.schema
    if parameter.kind in ("string", "") and not any(key in schema for key in _BOUND):
        return _WORD[: schema.get("maxLength", 99)].ljust(least_length(schema), "k")
    if parameter.kind in ("integer", "number") and not schema.keys() & _CHOSEN:
        # A page number, for example: there may be just one page.
        return as_text(schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1))
    try:
        return as_text(body_template(document, schema)) or _WORD
    except NoSuchExample:
        return _WORD


def as_text(value: Any) -> str:
    """Serialize a value as a parameter; arrays as with `style: simple`."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(map(as_text, value))
    return json.dumps(value)


def _schema(raw: Mapping[str, Any]) -> Any:
    if "schema" in raw:
        return raw["schema"]
    return next((entry.get("schema", {}) for entry in raw.get("content", {}).values()), {})


def _choices(
    document: Document, raw: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[str]:
    """The values that a list of a parameter may have, where commas stand between them."""
    if raw.get("explode", raw.get("style", "form") == "form") or "items" not in schema:
        return
    yield from map(str, flat(document, schema["items"]).get("enum", ()))


def _examples(document: Document, raw: Mapping[str, Any]) -> Iterator[Any]:
    if "example" in raw:
        yield raw["example"]
    examples = raw.get("examples")
    for each in examples.values() if isinstance(examples, Mapping) else ():
        example = document.resolve(each)
        if isinstance(example, Mapping) and "value" in example:
            yield example["value"]
