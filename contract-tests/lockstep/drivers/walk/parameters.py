"""The declared parameters of an operation, and plain values for them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote_plus

from hypothesis.errors import NoSuchExample

from lockstep.auth.bodies import body_template, flat, kind_of_value
from lockstep.drivers.walk.items import parameters_of
from lockstep.openapi.bounds import least_length
from lockstep.openapi.document import Document
from lockstep.openapi.operations import IGNORED_HEADERS, Operation
from lockstep.transport.cookies import is_csrf
from lockstep.transport.messages import Request

# About the message or the user, and declared elsewhere in a document.
_IGNORED = IGNORED_HEADERS | {"content-length", "cookie", "host", "user-agent"}
_WORD = "lockstep"
_CHOSEN = frozenset({"const", "default", "enum", "example", "examples"})
_BOUND = ("const", "default", "enum", "example", "examples", "format", "pattern")


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared parameter; its `schema` has no references, `examples` are its own.

    `description` is that of the document, `choices` are the texts of which a list has
    some, with the `separator` between its elements.
    """

    name: str
    location: str
    required: bool
    schema: Mapping[str, Any]
    examples: tuple[Any, ...] = ()
    description: str = ""
    choices: tuple[str, ...] = ()
    separator: str = ","

    def text(self, value: Any) -> str:
        """Serialize a value of the parameter, in its style; of a repeated one the first element."""
        if not isinstance(value, list):
            return as_text(value)
        return (self.separator or ",").join(map(as_text, value if self.separator else value[:1]))

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
        one = Declared(
            name,
            location,
            bool(raw.get("required")) or location == "path",
            schema,
            tuple(_examples(document, raw)),
            str(raw.get("description", "")),
            tuple(_choices(document, raw, schema)),
            _separator(raw),
        )
        for each in _members(document, one) if raw.get("style") == "deepObject" else (one,):
            found[location, each.name] = each
    for name in parameters_of(operation.path):
        # Some documents do not declare all path parameters.
        found.setdefault(("path", name), Declared(name, "path", True, {}))
    return list(found.values())


def plain_value(document: Document, parameter: Declared) -> str:
    """Return a valid value, always the same: an example if there is one."""
    for example in parameter.examples:
        return parameter.text(example)
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


def with_query(request: Request, name: str, text: str | None) -> Request:
    """Return the request with one query parameter set, or removed."""
    path, _, query = request.path.partition("?")
    pairs = [pair for pair in query.split("&") if pair]
    kept = [pair for pair in pairs if unquote_plus(pair.partition("=")[0]) != name]
    if text is not None:
        kept.append(f"{quote(name, safe='')}={quote(text, safe='')}")
    return replace(request, path=f"{path}?{'&'.join(kept)}" if kept else path)


def _schema(raw: Mapping[str, Any]) -> Any:
    if "schema" in raw:
        return raw["schema"]
    return next((entry.get("schema", {}) for entry in raw.get("content", {}).values()), {})


def _members(document: Document, parameter: Declared) -> Iterator[Declared]:
    """Yield a parameter for each member of one in the style `deepObject`: `filter[state]`."""
    required = parameter.schema.get("required", ()) if parameter.required else ()
    for name, declared_member in parameter.schema.get("properties", {}).items():
        examples = [each for each in parameter.examples if isinstance(each, Mapping)]
        yield replace(
            parameter,
            name=f"{parameter.name}[{name}]",
            required=name in required,
            schema=flat(document, declared_member),
            examples=tuple(each[name] for each in examples if name in each),
        )


def _separator(raw: Mapping[str, Any]) -> str:
    """The text between the elements of a list; empty if each is a parameter of its own."""
    style = raw.get("style", "form" if raw.get("in") in ("query", "cookie") else "simple")
    if raw.get("explode", style == "form") and style != "simple":
        return ""
    return {"spaceDelimited": " ", "pipeDelimited": "|"}.get(style, ",")


def _choices(
    document: Document, raw: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[str]:
    """The values that a list of a parameter may have, where commas stand between them."""
    if not _separator(raw) or "items" not in schema:
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


def is_condition(name: str) -> bool:
    """Whether a header field makes a request conditional or partial."""
    return name.lower().startswith("if-") or name.lower() in ("range", "prefer")
