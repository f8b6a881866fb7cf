"""A change, and what it means to a client that was written for the older document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum


class Effect(StrEnum):
    """What a change does to clients; a silent one is of words and annotations alone."""

    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    SILENT = "silent"


class Side(StrEnum):
    """Who makes the values: the client in a request, the server in a response."""

    REQUEST = "request"
    RESPONSE = "response"


class Space(StrEnum):
    """How the set of allowed values changed.

    `OTHER` where some are gone and some are new, `SAME` where it is only said more or less exactly.
    """

    NARROWER = "narrower"
    WIDER = "wider"
    OTHER = "other"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    `rule` is the kind of change, for machines. `where` leads from the operation inwards. `pointer`
    is a JSON Pointer (RFC 6901) into the newer document, into the older one for what is gone.
    """

    effect: Effect
    rule: str
    sentence: str
    pointer: str
    where: tuple[str, ...] = ()


def effect_of(space: Space, side: Side) -> Effect:
    """Requests break when fewer values are taken, responses when more of them may come."""
    harmless = Space.WIDER if side is Side.REQUEST else Space.NARROWER
    return Effect.COMPATIBLE if space in (harmless, Space.SAME) else Effect.BREAKING


def within(part: str, changes: Iterable[Change]) -> Iterator[Change]:
    """The changes, seen from one step further out."""
    return within_all((part,), changes)


def within_all(parts: tuple[str, ...], changes: Iterable[Change]) -> Iterator[Change]:
    """The changes, seen from several steps further out."""
    for change in changes:
        yield replace(change, where=(*parts, *change.where))
