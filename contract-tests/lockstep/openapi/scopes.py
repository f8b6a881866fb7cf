"""Which things are numbered inside of others: there is a card 1 in each project."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from lockstep.openapi.operations import Operation
from lockstep.openapi.resource_types import ResourceTypes
from lockstep.openapi.shapes import thing_key

_PARAMETER = re.compile(r"\{([^}]+)\}")


class Scopes:
    """Tells things of one family apart that have the same short name in other surroundings.

    A family has surroundings where each path that names one of it names something else before.
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
        """A name for a thing that no other thing has, as a request for a path tells of it.

        Without enough of its surroundings in the path it is the name that all of them have.
        """
        key = thing_key(family, value)
        depth = self._depths.get(family, 0)
        if key == value or not depth:
            return key
        plain = path.partition("?")[0]
        parts, wanted = plain.split("/"), (self._template(plain) or "").split("/")
        if len(parts) != len(wanted):
            return key
        pairs = zip(parts, wanted, strict=True)
        around = [unquote(part) for part, name in pairs if "{" in name][:depth]
        return "/".join((*around, key)) if len(around) == depth else key

    def keys(self, family: str, value: str, path: str) -> tuple[str, ...]:
        """All keys of a thing in an answer: elsewhere it may be named without its surroundings."""
        return tuple(dict.fromkeys((self.key(family, value, path), thing_key(family, value))))
