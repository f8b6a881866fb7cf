"""Changes of what a body, a header or a parameter may hold, by media type."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, Side, within
from lockstep.diff.nodes import Node, is_equal, member_of, members_of
from lockstep.diff.schemas import SchemaComparison

_KNOWN = frozenset({"schema", "encoding"})


def content_changes(
    old: Node, new: Node, side: Side, schemas: SchemaComparison
) -> Iterator[Change]:
    """Compare the `content` of two places.

    A media type that is gone breaks whoever sends or asks for it; one that is new comes only to
    those who ask for it.
    """
    before, after = (_by_media_type(member_of(node, "content")) for node in (old, new))
    for name, media_type in before.items():
        if name in after:
            yield from within(name, _media_type(media_type, after[name], side, schemas))
        else:
            change = Change(Effect.BREAKING, "media-type-gone", "is gone", media_type.pointer)
            yield from within(name, [change])
    for name, media_type in after.items():
        if name not in before:
            change = Change(Effect.COMPATIBLE, "media-type-new", "is new", media_type.pointer)
            yield from within(name, [change])


def _media_type(old: Node, new: Node, side: Side, schemas: SchemaComparison) -> Iterator[Change]:
    before, after = (
        node.child("schema") if "schema" in node.value else None for node in (old, new)
    )
    yield from schemas.changes(before, after, side)
    if not is_equal(member_of(old, "encoding"), member_of(new, "encoding")):
        sentence = "encoding changed, and with it how the parts are written"
        yield Change(Effect.BREAKING, "encoding-changed", sentence, new.pointer)
    yield from annotation_changes(members_of(old), members_of(new), _KNOWN, new.pointer)


def _by_media_type(content: Node | None) -> dict[str, Node]:
    return {name.lower(): node for name, node in members_of(content).items()}
