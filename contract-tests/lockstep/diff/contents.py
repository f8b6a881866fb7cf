"""Changes of the content of a body, a header or a parameter, by media type."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, Side, Space, effect_of, within
from lockstep.diff.media_types import closest, covers, is_form, is_opaque, normalised
from lockstep.diff.nodes import Node, member_of, members_of
from lockstep.diff.payloads import as_bytes, as_form, part_changes
from lockstep.diff.schemas import SchemaComparison

_KNOWN = frozenset({"schema", "itemSchema", "encoding"})


def content_changes(
    old: Node, new: Node, side: Side, schemas: SchemaComparison
) -> Iterator[Change]:
    """Compare the `content` of two places.

    A removed media type breaks clients that send or accept it, unless a range covers it. A new one
    is compatible: it is only sent to clients that accept it.
    """
    before, after = (_by_media_type(member_of(node, "content")) for node in (old, new))
    met = set()
    for name, media_type in before.items():
        heirs = _heirs(name, before, after)
        met.update(heirs)
        for heir in heirs:
            compared = _media_type((name, media_type), (heir, after[heir]), side, schemas)
            yield from within(heir, compared)
        if heirs != [name]:
            place = after[heirs[0]] if heirs else media_type
            yield from within(name, [_changed(place.pointer, name, heirs, side)])
    for name, media_type in after.items():
        if name not in met:
            change = Change(Effect.COMPATIBLE, "media-type-new", "was added", media_type.pointer)
            yield from within(name, [change])


def _heirs(name: str, before: Collection[str], after: Collection[str]) -> list[str]:
    """Return the successors of a media type: itself, a range that covers it, or what it covered."""
    heir = name if name in after else closest(name, after)
    if heir is not None:
        return [heir]
    return [other for other in after if covers(name, other) and other not in before]


def _changed(pointer: str, name: str, heirs: list[str], side: Side) -> Change:
    listed = ", ".join(heirs)
    if not heirs:
        return Change(Effect.BREAKING, "media-type-gone", "was removed", pointer)
    if covers(heirs[0], name):
        sentence = f"is now one of {listed}"
        return Change(Effect.COMPATIBLE, "media-type-wider", sentence, pointer)
    effect = effect_of(Space.NARROWER, side)
    sentence = f"is now only {listed}"
    return Change(effect, "media-type-narrower", sentence, pointer)


def _media_type(
    old: tuple[str, Node], new: tuple[str, Node], side: Side, schemas: SchemaComparison
) -> Iterator[Change]:
    names, nodes = (old[0], new[0]), (old[1], new[1])
    before, after = (node.child("schema") if "schema" in node.value else None for node in nodes)
    if any(map(is_opaque, names)):
        before, after = as_bytes(before), as_bytes(after)
    elif all(map(is_form, names)):
        before, after = as_form(before), as_form(after)
    yield from schemas.changes(before, after, side)
    if all(map(is_form, names)):
        yield from part_changes(*nodes, side)
    known = _KNOWN if all(map(is_form, names)) else _KNOWN - {"encoding"}
    yield from _items(*nodes, side, schemas)
    yield from annotation_changes(members_of(nodes[0]), members_of(nodes[1]), known, new[1].pointer)


def _items(old: Node, new: Node, side: Side, schemas: SchemaComparison) -> Iterator[Change]:
    """Compare the schemas of the items of a stream (OpenAPI 3.2)."""
    before, after = (
        node.child("itemSchema") if "itemSchema" in node.value else None for node in (old, new)
    )
    yield from within("items", schemas.changes(before, after, side))


def _by_media_type(content: Node | None) -> dict[str, Node]:
    return {normalised(name): node for name, node in members_of(content).items()}
