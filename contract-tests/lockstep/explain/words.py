"""Words and notation for sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.quoting import code, shown

__all__ = [
    "by_value",
    "call",
    "code",
    "contrasted",
    "does",
    "listed",
    "names",
    "place",
    "same_number",
    "shown",
]


def names(targets: Sequence[str]) -> str:
    """Return the names as an enumeration: `old`, `old and new`, `a, b and c`."""
    return listed([target.replace("`", "'") for target in targets])


def listed(parts: Sequence[str]) -> str:
    """Return the parts as an enumeration."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def contrasted(parts: Sequence[str]) -> str:
    """Return the parts as a contrast with the last one: `a but b`, `a, b but c`."""
    *first, last = parts
    return f"{', '.join(first)} but {last}" if first else last


def does(targets: Sequence[str], verb: str) -> str:
    """Return targets and verb, given in the singular: `old sends`, `old and new send`."""
    if len(targets) > 1:
        verb = {"has": "have", "is": "are", "does": "do"}.get(verb, verb.removesuffix("s"))
    return f"{names(targets)} {verb}"


def call(operation: Operation | None, exchange: Exchange | None, label: str) -> str:
    """Return the request as it is documented, else as it was sent."""
    if operation is not None:
        return code(f"{operation.method} {operation.path}")
    if exchange is not None and "(" in label:
        return code(shown(f"{exchange.request.method} {exchange.request.path}"))
    return code(label)


def place(where: str) -> str:
    """Return a place of a response: `data/*/id`, the header `location`, the body."""
    kind, _, rest = where.partition(" ")
    if kind == "header":
        return f"the header {code(rest)}"
    if kind == "body" and rest.startswith("/"):
        return code(rest.removeprefix("/"))
    return f"the {where}" if where in ("body", "status") else where


def by_value(values: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the targets that showed each value, in order."""
    grouped: dict[str, list[str]] = {}
    for name, value in values.items():
        grouped.setdefault(value, []).append(name)
    return grouped


def same_number(values: Sequence[str]) -> bool:
    """Whether values are one number in different notations, such as `1` and `1.0`."""
    try:
        return len({float(value) for value in values}) == 1 < len(set(values))
    except ValueError:
        return False
