"""JSON Patch documents for the members of a resource (RFC 6902)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from lockstep.openapi.naming import is_id

JSON_PATCH = "application/json-patch+json"
# Maximum number of members of a resource.
_MOST_MEMBERS = 3
Patch = list[dict[str, Any]]


def patches(shown: Mapping[str, Any], changeable: Collection[str]) -> Iterator[Patch]:
    """Yield patches of a resource with operations whose tests succeed, or fail.

    They are about the `changeable` members, or any if none is known to be. The first one is
    replaced, removed, added and copied as well.
    """
    names = [name for name in shown if name in changeable] if changeable else list(shown)
    members = [name for name in names if not is_id(name) and not isinstance(shown[name], Mapping)]
    for name in islice(members, _MOST_MEMBERS):
        value, other = shown[name], _another(shown[name])
        replaced = _operation("replace", name, other)
        yield [_operation("test", name, value), replaced]
        # It has the new value by now.
        yield [_operation("test", name, value), _operation("replace", name, value)]
        yield [_operation("replace", name, value), _operation("test", name, other)]
        yield [_operation("remove", name)]
        yield [_operation("add", name, value)]
    yield [_operation("replace", "lockstep_unknown", 1)]
    if len(members) > 1:
        first, second = members[:2]
        yield [{"op": "copy", "from": _pointer(first), "path": _pointer(second)}]
        yield [{"op": "move", "from": _pointer(second), "path": _pointer(first)}]


def _operation(name: str, member: str, *value: Any) -> dict[str, Any]:
    return {"op": name, "path": _pointer(member), **({"value": value[0]} if value else {})}


def _pointer(member: str) -> str:
    """Return the JSON Pointer of a member (RFC 6901, section 3)."""
    return "/" + member.replace("~", "~0").replace("/", "~1")


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return value[:-1]
    return "lockstep" if value != "lockstep" else "step"
