"""Infers schemas of XML bodies with the XML Object of OpenAPI (3.1, 4.8.26)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from lockstep.drafting.forms import text_schema
from lockstep.drafting.schemas import Schema

_DEEPEST = 30
_LARGEST = 2_000_000


def xml_schema(bodies: Sequence[bytes]) -> Schema:
    """Return the schema of XML bodies with one root element; that of a string for any others."""
    roots = [root for body in bodies if (root := _root(body)) is not None]
    names = {_local(root.tag) for root in roots}
    if len(roots) < len(bodies) or len(names) != 1:
        return {"type": "string"}
    schema = _element(roots, 0)
    if schema["type"] != "object":
        return {"type": "string"}
    return {**schema, "xml": {"name": names.pop(), **_namespace(roots[0].tag)}}


def _root(body: bytes) -> ElementTree.Element | None:
    # Entities are not needed here, and may expand exponentially.
    if len(body) > _LARGEST or b"<!ENTITY" in body:
        return None
    try:
        return ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def _element(elements: Sequence[ElementTree.Element], depth: int) -> Schema:
    attributes: dict[str, list[str]] = {}
    children: dict[str, list[ElementTree.Element]] = {}
    present: Counter[str] = Counter()
    several: set[str] = set()
    for element in elements:
        for name, value in element.attrib.items():
            attributes.setdefault(_local(name), []).append(value)
        own = Counter(_local(child.tag) for child in element if isinstance(child.tag, str))
        several |= {name for name, count in own.items() if count > 1}
        present.update(own.keys())
        for child in element:
            if isinstance(child.tag, str):
                children.setdefault(_local(child.tag), []).append(child)
    if not children and not attributes:
        return text_schema([(element.text or "").strip() for element in elements])
    if depth > _DEEPEST:
        return {"type": "object"}
    properties: Schema = {
        name: {**text_schema(values), "xml": {"attribute": True}}
        for name, values in attributes.items()
    }
    required = [name for name, values in attributes.items() if len(values) == len(elements)]
    for name, found in children.items():
        inner = _element(found, depth + 1)
        properties[name] = {"type": "array", "items": inner} if name in several else inner
        if present[name] == len(elements) and name not in required:
            required.append(name)
    schema: Schema = {"type": "object"}
    if required:
        schema["required"] = required
    return {**schema, "properties": properties}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _namespace(tag: str) -> Schema:
    space = tag[1:].partition("}")[0] if tag.startswith("{") else ""
    return {"namespace": space} if "://" in space else {}
