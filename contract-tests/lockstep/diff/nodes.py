"""Nodes of a document with their JSON pointers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lockstep.openapi.shapes import resolve

# A longer chain of references is taken to be circular.
_MAX_STEPS = 50


@dataclass(frozen=True, slots=True)
class Node:
    """A value inside a document; `pointer` is its JSON pointer (RFC 6901).

    `rewritten`: the value is derived from the one at the pointer, and not equal to it.
    """

    document: Mapping[str, Any]
    value: Any
    pointer: str = ""
    rewritten: bool = False

    def child(self, key: str | int) -> Node:
        """Return the value of an existing key or index; references are not resolved."""
        pointer = f"{self.pointer}/{_escaped(str(key))}"
        return Node(self.document, self.value[key], pointer, self.rewritten)

    def get(self, key: str) -> Node | None:
        """Return the value of a key with references resolved, `None` if it is missing."""
        if not isinstance(self.value, Mapping) or key not in self.value:
            return None
        return self.child(key).followed()

    def followed(self) -> Node:
        """Resolve references; raise `ValueError` for one without a target, or a circular one."""
        node = self
        for _ in range(_MAX_STEPS):
            reference = node.value.get("$ref") if isinstance(node.value, Mapping) else None
            if not isinstance(reference, str):
                return node
            node = Node(node.document, resolve(node.document, reference), reference[1:])
        raise ValueError(f"circular reference: {self.pointer}")

    @property
    def target(self) -> Node:
        """The node itself, or its target if it is a reference without siblings."""
        is_reference = isinstance(self.value, Mapping) and self.value.keys() == {"$ref"}
        return self.followed() if is_reference else self

    def members(self) -> Iterator[tuple[str, Node]]:
        """Yield the members of an object with references resolved; none for any other value.

        References in an extension (`x-…`) may be unresolvable, as it may contain anything.
        """
        for key in self.value if isinstance(self.value, Mapping) else ():
            member = self.child(key)
            try:
                yield key, member.followed()
            except ValueError:
                if not key.lower().startswith("x-"):
                    raise
                yield key, member

    def elements(self) -> Iterator[Node]:
        """Yield the elements of an array, references not resolved; none for any other value."""
        for index in range(len(self.value)) if isinstance(self.value, list) else ():
            yield self.child(index)

    @property
    def text(self) -> str:
        """The value as canonical JSON."""
        return canonical(self.value)


def member_of(node: Node | None, key: str) -> Node | None:
    """Return the value of a key with references resolved, `None` without it or without a node."""
    return node.get(key) if node else None


def members_of(node: Node | None) -> dict[str, Node]:
    """Return the members of an object by name; none without an object."""
    return dict(node.members()) if node else {}


def is_equal(old: Node | None, new: Node | None) -> bool:
    """Whether both are missing, or are equal as JSON."""
    return (old and old.text) == (new and new.text)


def canonical(value: Any) -> str:
    """Return canonical JSON, equal for equal values: 1.0 is the number 1 (JSON Schema, 4.2.2)."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    # Such numbers are rare, and looking for them is slower than serializing.
    return json.dumps(_whole(value), ensure_ascii=False, sort_keys=True) if ".0" in text else text


def _whole(value: Any) -> Any:
    """Return the value with whole numbers as integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _whole(inner) for key, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
