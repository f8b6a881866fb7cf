"""Places of a document that know where they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lockstep.openapi.shapes import resolve

# References that only lead to each other lead nowhere.
_MAX_STEPS = 50


@dataclass(frozen=True, slots=True)
class Node:
    """A value inside a document; `pointer` is its place there (RFC 6901).

    `rewritten`: it is not literally what stands there, but what that means where it is used.
    """

    document: Mapping[str, Any]
    value: Any
    pointer: str = ""
    rewritten: bool = False

    def child(self, key: str | int) -> Node:
        """What stands under a key, or at an index, that is there; references are not followed."""
        pointer = f"{self.pointer}/{_escaped(str(key))}"
        return Node(self.document, self.value[key], pointer, self.rewritten)

    def get(self, key: str) -> Node | None:
        """The same for a key that may be missing, with references followed."""
        if not isinstance(self.value, Mapping) or key not in self.value:
            return None
        return self.child(key).followed()

    def followed(self) -> Node:
        """The place that references lead to. `ValueError` for one that leads nowhere."""
        node = self
        for _ in range(_MAX_STEPS):
            reference = node.value.get("$ref") if isinstance(node.value, Mapping) else None
            if not isinstance(reference, str):
                return node
            node = Node(node.document, resolve(node.document, reference), reference[1:])
        raise ValueError(f"circular reference: {self.pointer}")

    @property
    def target(self) -> Node:
        """The place itself, or what it refers to where it is nothing but a reference."""
        is_reference = isinstance(self.value, Mapping) and self.value.keys() == {"$ref"}
        return self.followed() if is_reference else self

    def members(self) -> Iterator[tuple[str, Node]]:
        """The members of an object with references followed; nothing for anything else.

        An extension may hold anything, also references that are none of this document.
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
        """The elements of an array, references not followed; nothing for anything else."""
        for index in range(len(self.value)) if isinstance(self.value, list) else ():
            yield self.child(index)

    @property
    def text(self) -> str:
        """The value as one line of JSON, which is equal for equal values."""
        return canonical(self.value)


def member_of(node: Node | None, key: str) -> Node | None:
    """What stands under a key, if there is anything at all."""
    return node.get(key) if node else None


def members_of(node: Node | None) -> dict[str, Node]:
    """The members of an object by name; none where there is no object."""
    return dict(node.members()) if node else {}


def is_equal(old: Node | None, new: Node | None) -> bool:
    """Whether both are missing, or hold the same JSON."""
    return (old and old.text) == (new and new.text)


def canonical(value: Any) -> str:
    """JSON that is equal for equal values: 1.0 is the number 1 (JSON Schema, 4.2.2)."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    # Numbers of this form are rare, and to look for them takes longer than to write.
    return json.dumps(_whole(value), ensure_ascii=False, sort_keys=True) if ".0" in text else text


def _whole(value: Any) -> Any:
    """The value with whole numbers as integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _whole(inner) for key, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
