"""The values that two targets were sent in one exchange, as far as they affect the responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lockstep.inference.requests import RequestReader
from lockstep.openapi.resource_types import Role
from lockstep.transport.messages import Request

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})


@dataclass(frozen=True, slots=True)
class Named:
    """A resource identified by the path, for each of two targets."""

    role: Role
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Sent:
    """The values sent to the leader, each with the value sent to the partner in its place.

    `echo` maps each value to its counterparts, `by_family` holds the pairs of one attribute,
    `named` the path parameters, `texts` every value that generated names may be derived from.
    `method` is empty if the request is unknown.
    """

    method: str = ""
    echo: Mapping[str, frozenset[str]] = field(default_factory=dict)
    by_family: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    named: tuple[Named, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether the request may create or change a resource."""
        return bool(self.method) and self.method not in _SAFE

    def is_echo(self, a: str, b: str) -> bool:
        """Whether two values were sent in each other's place."""
        return b in self.echo.get(a, ())

    def is_echo_of(self, family: str, a: str, b: str) -> bool:
        """Whether two values were sent in each other's place as the same attribute."""
        return (a, b) in self.by_family.get(family, ())


def read_sent(reader: RequestReader, left: Request, right: Request) -> Sent:
    """Extract the values of the two requests of one exchange."""
    echo: dict[str, frozenset[str]] = {}
    by_family: dict[str, frozenset[tuple[str, str]]] = {}
    ours, theirs = reader.values(left), reader.values(right)
    for (role, a), (_, b) in zip(ours, theirs, strict=False):
        echo[a] = echo.get(a, frozenset()) | {b}
        if role is not None and role.family:
            by_family[role.family] = by_family.get(role.family, frozenset()) | {(a, b)}
    pairs = zip(reader.named(left), reader.named(right), strict=False)
    named = tuple(Named(role, a, b) for (role, a), (_, b) in pairs)
    texts = tuple(value for _, value in reader.values(replace(left, headers=())))
    return Sent(left.method, echo, by_family, named, texts)
