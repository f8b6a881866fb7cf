"""View models of the schemas of the contract: type, bounds, properties, links."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tooling.site.document import Json

# A longer list of values is collapsed.
_MANY = 12
_BOUNDS = (
    ("minLength", "maxLength", "characters"),
    ("minItems", "maxItems", "items"),
    ("minProperties", "maxProperties", "properties"),
    ("minimum", "maximum", ""),
)


@dataclass(frozen=True)
class Shape:
    """The description of a value.

    kind: such as `string or null`. name: the named schema of the value or of its items. limits:
    short sentences. values: the allowed ones, if they are enumerated.
    """

    kind: str
    name: str | None = None
    description: str = ""
    limits: tuple[str, ...] = ()
    pattern: str | None = None
    values: tuple[Any, ...] = ()
    default: Any = None
    has_default: bool = False
    made_by_server: bool = False

    @property
    def many_values(self) -> bool:
        """Whether the values should be collapsed."""
        return len(self.values) > _MANY


@dataclass(frozen=True)
class Property:
    """A member of an object."""

    name: str
    required: bool
    shape: Shape


@dataclass(frozen=True)
class Schema:
    """A named schema: its shape, its members, and the operations that use it."""

    name: str
    shape: Shape
    properties: tuple[Property, ...] = ()
    notes: tuple[str, ...] = ()
    used_by: tuple[str, ...] = field(default=(), compare=False)


class Schemas:
    """The schemas of a document."""

    def __init__(self, document: Json) -> None:
        self._document = document

    def resolve(self, node: Json) -> Json:
        """Return the node with its reference resolved and its own members on top."""
        if "$ref" not in node:
            return node
        found: Any = self._document
        for key in node["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        return {**self.resolve(found), **{key: node[key] for key in node if key != "$ref"}}

    def shape(self, node: Json) -> Shape:
        """Return the shape of a schema's values."""
        whole = self.resolve(node)
        name = _name(node)
        kind = _kind(whole)
        if whole.get("type") == "array":
            items = self.shape(whole["items"])
            name = name or items.name
            kind = f"array of {items.name or items.kind}"
        return Shape(
            kind=kind,
            name=name,
            description=whole.get("description", ""),
            limits=tuple(_limits(whole)),
            pattern=whole.get("pattern"),
            values=tuple(whole.get("enum", ())),
            default=whole.get("default"),
            has_default="default" in whole,
            made_by_server=bool(whole.get("readOnly")),
        )

    def properties(self, node: Json) -> tuple[Property, ...]:
        """Return the members of an object's schema, in the order of the contract."""
        whole = self.resolve(node)
        required = whole.get("required", ())
        return tuple(
            Property(name, name in required, self.shape(value))
            for name, value in whole.get("properties", {}).items()
        )

    def named(self, used_by: Mapping[str, tuple[str, ...]]) -> list[Schema]:
        """Return every named schema of the contract, in its order."""
        return [
            Schema(
                name=name,
                shape=self.shape(node),
                properties=self.properties(node),
                notes=tuple(_notes(node)),
                used_by=used_by.get(name, ()),
            )
            for name, node in self._document["components"]["schemas"].items()
        ]


def names_within(node: Any) -> Iterator[str]:
    """Yield the schemas that a part of the document refers to."""
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str) and (name := _name(node)):
            yield name
        for value in node.values():
            yield from names_within(value)
    elif isinstance(node, list):
        for value in node:
            yield from names_within(value)


def _name(node: Json) -> str | None:
    folder, _, name = node.get("$ref", "").rpartition("/")
    return name if folder == "#/components/schemas" else None


def _kind(node: Json) -> str:
    kinds = node.get("type", "any")
    text = kinds if isinstance(kinds, str) else " or ".join(kinds)
    return f"{text} ({node['format']})" if "format" in node else text


def _limits(node: Json) -> Iterator[str]:
    for low, high, unit in _BOUNDS:
        least, most = node.get(low), node.get(high)
        if least is None and most is None:
            continue
        if least == most:
            span = f"exactly {least:,}"
        elif least is None:
            span = f"at most {most:,}"
        elif most is None:
            span = f"at least {least:,}"
        else:
            span = f"{least:,} to {most:,}"
        yield f"{span} {unit}".rstrip()
    if node.get("uniqueItems"):
        yield "no item twice"


def _notes(node: Json) -> Iterator[str]:
    if node.get("unevaluatedProperties") is False:
        yield "Has no other property than these."
    for name, needed in node.get("dependentRequired", {}).items():
        yield f"`{name}` needs {' and '.join(f'`{other}`' for other in needed)} beside it."
