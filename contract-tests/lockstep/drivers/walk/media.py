"""The media types of an operation's body, valid values for them, and their encoding."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from schemathesis.transport.serialization import serialize_xml_with_schema

from lockstep.auth.bodies import flat
from lockstep.bodies.sequences import encode_items
from lockstep.drivers.walk.bodies import Style, body, with_own_names
from lockstep.drivers.walk.forms import BOUNDARY, RANGES, multipart, urlencoded
from lockstep.drivers.walk.quantities import quantity_in
from lockstep.drivers.walk.values import in_future
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.transport.streams import is_json_sequence

# From the most to the least expressive.
_KINDS = ("json", "form", "multipart", "xml", "lines", "text", "binary")
_TEXTS = {
    Style.PLAIN: "lockstep",
    Style.FULL: "a line of text\n" * 20,
    Style.ODD: "Zwölf Ünï 😀",
    Style.WORDS: 'Lockstep, "Ünï" 😀\r\n,;\t',
    Style.BLANK: "  lockstep \n",
}
_BYTES = {
    Style.PLAIN: b"lockstep",
    Style.FULL: bytes(range(256)),
    Style.ODD: b"\xff\xfe\x00",
    Style.WORDS: b"lockstep, \r\n",
    Style.BLANK: b" \n",
}


@dataclass(frozen=True, slots=True)
class Media:
    """A media type as it is sent.

    `kind` is how values are encoded: `json`, `form`, `multipart`, `xml`, `lines` (a JSON sequence),
    `text` or `binary`; `examples` are those of the document.
    """

    name: str
    kind: str
    schema: Any = None
    examples: tuple[Any, ...] = ()
    encoding: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A key that is equal for bodies of the same schema."""
        return f"{self.kind} {self.schema!r}"

    @property
    def has_members(self) -> bool:
        """Whether bodies may have named members."""
        return self.kind in ("json", "form", "multipart", "xml", "lines")


def media_types(document: Document, operation: Operation) -> list[Media]:
    """Return the media types of an operation's body, JSON first."""
    request_body = document.resolve(operation.definition.get("requestBody", {}))
    entries = request_body.get("content", {}) if isinstance(request_body, Mapping) else {}
    found = [
        Media(
            RANGES.get(_bare(name), name),
            kind,
            entry.get("schema"),
            tuple(_examples(document, entry)),
            entry.get("encoding", {}),
        )
        for name, entry in entries.items()
        if (kind := _kind(name))
    ]
    return sorted(found, key=lambda media: _KINDS.index(media.kind))


def content(document: Document, media: Media, style: Style) -> Any:
    """Return a valid body, with placeholders where it must differ by user."""
    if media.has_members:
        value = body(document, media.schema, style)
        if media.kind == "lines" and not value:
            # A sequence of no items is an empty body, which shows little.
            return [body(document, flat(document, media.schema).get("items", {}), style)]
        return value
    texts = [example for example in media.examples if isinstance(example, str)]
    if media.kind == "text":
        text = texts[0] if texts and style is Style.PLAIN else _TEXTS[style]
        return text[: flat(document, media.schema).get("maxLength", len(text))]
    data = texts[0].encode() if texts and style is Style.PLAIN else _BYTES[style]
    return data[: flat(document, media.schema).get("maxLength", len(data))]


def encoded(document: Document, media: Media, value: Any) -> tuple[bytes, str]:
    """Return the encoded body and its `Content-Type`."""
    if isinstance(value, bytes):
        return value, media.name
    match media.kind:
        case "form":
            return urlencoded(value, media.encoding), media.name
        case "multipart":
            data = multipart(document, media.schema, value, media.encoding)
            return data, f"{media.name}; boundary={BOUNDARY}"
        case "xml":
            return _xml(document, media.schema, value), media.name
        case "lines":
            items = value if isinstance(value, list) else [value]
            return encode_items(media.name, items), media.name
        case "text" | "binary" if isinstance(value, str):
            return value.encode("utf-8", "surrogatepass"), media.name
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), media.name


def _xml(document: Document, schema: Any, value: Any) -> bytes:
    """Encode as XML, with the names and attributes of the schemas (OpenAPI 3.1, 4.8.26)."""
    components = {"components": document.modern.get("components", {})}
    root = {**flat(document, schema), **components}
    name = schema.get("$ref", "").rpartition("/")[2] if isinstance(schema, Mapping) else ""
    data = serialize_xml_with_schema(value, root, resource_name=name or None)["data"]
    return data if isinstance(data, bytes) else str(data).encode("utf-8", "surrogatepass")


def _kind(name: str) -> str:
    bare = _bare(name)
    if is_json_sequence(bare):
        return "lines"
    if "json" in bare or "yaml" in bare:
        return "json"
    if bare.endswith(("/xml", "+xml")):
        return "xml"
    if bare == "application/x-www-form-urlencoded":
        return "form"
    if bare.startswith("multipart/"):
        return "multipart"
    return "text" if bare.startswith("text/") else "binary"


def _bare(name: str) -> str:
    return name.partition(";")[0].strip().lower()


def _examples(document: Document, entry: Mapping[str, Any]) -> Iterator[Any]:
    if "example" in entry:
        yield entry["example"]
    examples = entry.get("examples")
    for each in examples.values() if isinstance(examples, Mapping) else ():
        example = document.resolve(each)
        if isinstance(example, Mapping) and "value" in example:
            yield example["value"]


def recipes(document: Document, media: Media) -> Iterator[Any]:
    """Yield bodies that may succeed where the plain one does not."""
    if not media.has_members:
        return
    yield from (each for each in media.examples[:2] if isinstance(each, Mapping))
    plain = content(document, media, Style.PLAIN)
    own = with_own_names(document, media.schema, plain, every=True)
    if own != plain:
        # The plain one may refer to what must not exist yet.
        yield own
    yield content(document, media, Style.FULL)
    for dates in (False, True):
        moved = in_future(plain, dates=dates)
        if moved != plain:
            yield moved
    quantity = quantity_in(document, media.schema)
    if quantity is not None and isinstance(plain, Mapping):
        # There may be less left to take than the plain one takes, or whole ones only.
        for number in dict.fromkeys((quantity.least, max(quantity.least, Decimal(1)))):
            yield {**plain, quantity.name: quantity.write(number)}
