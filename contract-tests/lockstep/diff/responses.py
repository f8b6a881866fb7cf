"""Changes of an operation's responses."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, Side, Space, effect_of, within
from lockstep.diff.contents import content_changes
from lockstep.diff.nodes import Node, member_of, members_of
from lockstep.diff.schemas import SchemaComparison
from lockstep.diff.serialization import WORDS, serialization_changes

_KNOWN = frozenset({"headers", "content"})
_HEADER_KNOWN = frozenset({"required", "schema", "content", *WORDS})
_NOT_MODIFIED = "304"


def response_changes(
    old: Node, new: Node, schemas: SchemaComparison, side: Side = Side.RESPONSE
) -> Iterator[Change]:
    """Compare the responses of two operations by status code.

    Adding or removing a status code is breaking, except for errors, which clients handle by class,
    and 304, which is sent only on a client's own condition. With `Side.REQUEST` the client sends
    the response, to a webhook or callback, and the server must still accept it.
    """
    before, after = members_of(member_of(old, "responses")), members_of(member_of(new, "responses"))
    for status, response in before.items():
        if status in after:
            yield from within(status, _changes(response, after[status], schemas, side))
        else:
            yield from within(status, [_status(status, "gone", response.pointer, side)])
    for status, response in after.items():
        if status not in before:
            yield from within(status, [_status(status, "new", response.pointer, side)])


def _status(status: str, what: str, pointer: str, side: Side) -> Change:
    expected = status[:1] in "123" and status != _NOT_MODIFIED
    optional = side is Side.REQUEST and what == "new"
    effect = Effect.BREAKING if expected and not optional else Effect.COMPATIBLE
    return Change(effect, f"status-{what}", f"is {what}", pointer)


def _changes(old: Node, new: Node, schemas: SchemaComparison, side: Side) -> Iterator[Change]:
    yield from _header_changes(old, new, schemas, side)
    yield from content_changes(old, new, side, schemas)
    yield from annotation_changes(members_of(old), members_of(new), _KNOWN, new.pointer)


def _header_changes(
    old: Node, new: Node, schemas: SchemaComparison, side: Side
) -> Iterator[Change]:
    before, after = (_by_name(member_of(node, "headers")) for node in (old, new))
    for name, header in before.items():
        if name in after:
            yield from within(f"header {name}", _header(header, after[name], schemas, side))
        else:
            always = bool(header.value.get("required"))
            effect = Effect.BREAKING if always and side is Side.RESPONSE else Effect.COMPATIBLE
            sentence = "was removed; it was required" if always else "was removed; it was optional"
            change = Change(effect, "header-gone", sentence, header.pointer)
            yield from within(f"header {name}", [change])
    for name, header in after.items():
        if name not in before:
            required = bool(header.value.get("required")) and side is Side.REQUEST
            effect = Effect.BREAKING if required else Effect.COMPATIBLE
            change = Change(effect, "header-new", "was added", header.pointer)
            yield from within(f"header {name}", [change])


def _header(old: Node, new: Node, schemas: SchemaComparison, side: Side) -> Iterator[Change]:
    was, now = bool(old.value.get("required")), bool(new.value.get("required"))
    if was != now:
        space = Space.NARROWER if now else Space.WIDER
        sentence = "is required" if now else "is no longer required"
        yield Change(effect_of(space, side), f"required-{space}", sentence, new.pointer)
    before, after = (
        node.child("schema") if "schema" in node.value else None for node in (old, new)
    )
    if "content" not in old.value and "content" not in new.value:
        yield from serialization_changes(old, new, "header", side)
    yield from schemas.changes(before, after, side)
    yield from content_changes(old, new, side, schemas)
    yield from annotation_changes(members_of(old), members_of(new), _HEADER_KNOWN, new.pointer)


def _by_name(headers: Node | None) -> dict[str, Node]:
    """Return headers by lower-cased name, except `Content-Type` (OpenAPI 3.1, 4.8.17)."""
    named = {name.lower(): node for name, node in members_of(headers).items()}
    return {name: node for name, node in named.items() if name != "content-type"}
