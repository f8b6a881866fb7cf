"""Finds resources whose ids are unique only within a parent: each project has a card 1."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from lockstep.openapi.operations import Operation
from lockstep.openapi.resource_types import ResourceTypes
from lockstep.openapi.shapes import thing_key

_PARAMETER = re.compile(r"\{([^}]+)\}")


class Scopes:
    """Distinguishes resources of one family that have the same short id below different parents.

    The ids of a family are scoped if each path with such an id contains other parameters before it.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        families: ResourceTypes,
        template: Callable[[str], str | None],
    ) -> None:
        self._template = template
        self._depths: dict[str, int] = {}
        for path in {operation.path for operation in operations}:
            for depth, name in enumerate(_PARAMETER.findall(path)):
                role = families.parameter(path, name)
                if role is not None:
                    self._depths[role.family] = min(depth, self._depths.get(role.family, depth))

    def key(self, family: str, value: str, path: str) -> str:
        """Return a unique key for a resource in the response to a request for `path`.

        If the path does not contain all parents, the key is that of all resources with this id.
        """
        key = thing_key(family, value)
        depth = self._depths.get(family, 0)
        if key == value or not depth:
            return key
        plain = path.partition("?")[0]
        parts, names = plain.split("/"), (self._template(plain) or "").split("/")
        if len(parts) != len(names):
            return key
        pairs = zip(parts, names, strict=True)
        parents = [unquote(part) for part, name in pairs if "{" in name][:depth]
        return "/".join((*parents, key)) if len(parents) == depth else key

    def keys(self, family: str, value: str, path: str) -> tuple[str, ...]:
        """Return all keys of a resource: other requests may refer to it without its parents."""
        return tuple(dict.fromkeys((self.key(family, value, path), thing_key(family, value))))
