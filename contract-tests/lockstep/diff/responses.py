"""Changes of an operation's answers."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, Side, Space, effect_of, within
from lockstep.diff.contents import content_changes
from lockstep.diff.nodes import Node, member_of, members_of
from lockstep.diff.schemas import SchemaComparison

_KNOWN = frozenset({"headers", "content", "links"})
_HEADER_KNOWN = frozenset({"required", "schema", "content"})
_NOT_MODIFIED = "304"


def response_changes(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Change]:
    """Compare the answers of two operations, status by status.

    What a client waits for must not go, and what it does not know must not come. Errors it knows by
    their class, and 304 by its own condition: they may come and go.
    """
    before, after = members_of(member_of(old, "responses")), members_of(member_of(new, "responses"))
    for status, response in before.items():
        if status in after:
            yield from within(status, _changes(response, after[status], schemas))
        else:
            yield from within(status, [_status(status, "gone", response.pointer)])
    for status, response in after.items():
        if status not in before:
            yield from within(status, [_status(status, "new", response.pointer)])


def _status(status: str, what: str, pointer: str) -> Change:
    waited_for = status[:1] in "123" and status != _NOT_MODIFIED
    effect = Effect.BREAKING if waited_for else Effect.COMPATIBLE
    return Change(effect, f"status-{what}", f"is {what}", pointer)


def _changes(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Change]:
    yield from _header_changes(old, new, schemas)
    yield from content_changes(old, new, Side.RESPONSE, schemas)
    yield from annotation_changes(members_of(old), members_of(new), _KNOWN, new.pointer)


def _header_changes(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Change]:
    before, after = (_by_name(member_of(node, "headers")) for node in (old, new))
    for name, header in before.items():
        if name in after:
            yield from within(f"header {name}", _header(header, after[name], schemas))
        else:
            always = bool(header.value.get("required"))
            effect = Effect.BREAKING if always else Effect.COMPATIBLE
            sentence = "is gone, and always came" if always else "is gone, and did not always come"
            change = Change(effect, "header-gone", sentence, header.pointer)
            yield from within(f"header {name}", [change])
    for name, header in after.items():
        if name not in before:
            change = Change(Effect.COMPATIBLE, "header-new", "is new", header.pointer)
            yield from within(f"header {name}", [change])


def _header(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Change]:
    was, now = bool(old.value.get("required")), bool(new.value.get("required"))
    if was != now:
        space = Space.NARROWER if now else Space.WIDER
        sentence = "always comes" if now else "does not always come"
        yield Change(effect_of(space, Side.RESPONSE), f"required-{space}", sentence, new.pointer)
    before, after = (
        node.child("schema") if "schema" in node.value else None for node in (old, new)
    )
    yield from schemas.changes(before, after, Side.RESPONSE)
    yield from content_changes(old, new, Side.RESPONSE, schemas)
    yield from annotation_changes(members_of(old), members_of(new), _HEADER_KNOWN, new.pointer)


def _by_name(headers: Node | None) -> dict[str, Node]:
    """By lower-cased name; Content-Type is said by the media types (OpenAPI 3.1, 4.8.17)."""
    named = {name.lower(): node for name, node in members_of(headers).items()}
    return {name: node for name, node in named.items() if name != "content-type"}
