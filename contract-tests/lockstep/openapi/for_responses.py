"""Prepares the schemas of a document for the validation of responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.openapi.shapes import followed

# Schemas may be recursive.
_MAX_DEPTH = 12


class ForResponses:
    """Prepares schemas: `writeOnly` members are not required, and discriminators select a branch.

    A discriminator is a hint (OpenAPI 3.1, 4.8.25), but what it names is what the author means:
    two branches without closed members both accept most objects, and `oneOf` then rejects all.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Keep the document, in which references are resolved."""
        self._document = document

    def prepared(self, node: Any, secrets: frozenset[str] = frozenset()) -> Any:
        """Return a schema, or any other part of the document, for responses.

        `secrets` are the write-only members that a surrounding `allOf` declares.
        """
        if isinstance(node, list):
            return [self.prepared(each, secrets) for each in node]
        if not isinstance(node, Mapping):
            return node
        if isinstance(node.get("required"), list) or isinstance(node.get("allOf"), list):
            secrets |= frozenset(self._secrets(node))
        changed = {
            key: self.prepared(value, secrets if key == "allOf" else frozenset())
            if isinstance(value, dict | list)
            else value
            for key, value in node.items()
        }
        if isinstance(node.get("required"), list):
            changed["required"] = [name for name in node["required"] if name not in secrets]
        return self._selected(changed)

    def _secrets(self, schema: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
        """Yield the names of the write-only members of a schema, `allOf` included."""
        members = schema.get("properties")
        for name, member in members.items() if isinstance(members, Mapping) else ():
            if self._is_secret(member):
                yield name
        parts = schema.get("allOf")
        for part in parts if isinstance(parts, list) and depth < _MAX_DEPTH else ():
            plain = self._followed(part)
            if isinstance(plain, Mapping):
                yield from self._secrets(plain, depth + 1)

    def _is_secret(self, schema: Any, depth: int = 0) -> bool:
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
            return False
        parts = schema.get("allOf")
        every = [*parts] if isinstance(parts, list) else []
        every += [self._followed(schema)] if "$ref" in schema else []
        return schema.get("writeOnly") is True or any(
            self._is_secret(part, depth + 1) for part in every
        )

    def _followed(self, node: Any) -> Any:
        try:
            return followed(self._document, node)
        except (ValueError, RecursionError):
            # An unresolvable reference is reported where the operations are read.
            return None

    def _selected(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a `oneOf` or `anyOf` with a discriminator as conditions on its member."""
        discriminator = schema.get("discriminator")
        discriminator = discriminator if isinstance(discriminator, Mapping) else {}
        name = discriminator.get("propertyName")
        key = next((each for each in ("oneOf", "anyOf") if each in schema), "")
        branches = schema.get(key)
        if not isinstance(name, str) or not isinstance(branches, list):
            return schema
        values = self._values(discriminator.get("mapping"), branches)
        if values is None:
            return schema
        conditions = [
            {"if": {"required": [name], "properties": {name: {"enum": chosen}}}, "then": branch}
            for branch, chosen in zip(branches, values, strict=True)
        ]
        others = {each: value for each, value in schema.items() if each != key}
        also = [*schema.get("allOf", ()), *conditions, {"anyOf": branches}]
        return {**others, "allOf": also}

    def _values(self, mapping: Any, branches: list[Any]) -> list[list[str]] | None:
        """Return the values that select each branch; `None` if they are not unambiguous."""
        names = [_reference(branch).rpartition("/")[2] for branch in branches]
        found = [[name] for name in names]
        for value, target in mapping.items() if isinstance(mapping, Mapping) else ():
            last = str(target).rpartition("/")[2]
            if last in names:
                found[names.index(last)].append(str(value))
        counts = Counter(value for chosen in found for value in set(chosen))
        return found if all(names) and max(counts.values(), default=0) == 1 else None


def _reference(branch: Any) -> str:
    reference = branch.get("$ref") if isinstance(branch, Mapping) else None
    return reference if isinstance(reference, str) else ""
