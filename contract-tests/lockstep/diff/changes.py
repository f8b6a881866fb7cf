"""A change of a document, and its effect on clients that were written for the older version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum


class Effect(StrEnum):
    """The effect of a change on clients; a silent change affects only annotations."""

    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    SILENT = "silent"


class Side(StrEnum):
    """The direction of a value: the client sends a request, the server a response."""

    REQUEST = "request"
    RESPONSE = "response"


class Space(StrEnum):
    """How the set of allowed values changed.

    `OTHER` if values were both added and removed, `SAME` if only the notation changed.
    """

    NARROWER = "narrower"
    WIDER = "wider"
    OTHER = "other"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """A change.

    `rule` is a machine-readable kind of change. `where` is the path from the operation inwards.
    `pointer` is a JSON Pointer (RFC 6901) into the newer document, or into the older one for what
    was removed.
    """

    effect: Effect
    rule: str
    sentence: str
    pointer: str
    where: tuple[str, ...] = ()


def effect_of(space: Space, side: Side) -> Effect:
    """Return the effect: requests break if fewer values are allowed, responses if more are."""
    harmless = Space.WIDER if side is Side.REQUEST else Space.NARROWER
    return Effect.COMPATIBLE if space in (harmless, Space.SAME) else Effect.BREAKING


def within(part: str, changes: Iterable[Change]) -> Iterator[Change]:
    """Yield the changes with one step put in front of their `where`."""
    return within_all((part,), changes)


def within_all(parts: tuple[str, ...], changes: Iterable[Change]) -> Iterator[Change]:
    """Yield the changes with several steps put in front of their `where`."""
    for change in changes:
        yield replace(change, where=(*parts, *change.where))
