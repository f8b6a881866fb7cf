"""Changes of words: what people and generators read, and no client's request or answer shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from lockstep.diff.changes import Change, Effect
from lockstep.diff.nodes import Node, is_equal


def annotation_changes(
    old: Mapping[str, Node], new: Mapping[str, Node], known: Collection[str], pointer: str
) -> Iterator[Change]:
    """One change that names all members, beside the known ones, that are not what they were."""
    names = sorted((old.keys() | new.keys()) - set(known))
    changed = [name for name in names if not is_equal(_said(old, name), _said(new, name))]
    if changed:
        yield Change(Effect.SILENT, "words-changed", f"{', '.join(changed)} changed", pointer)


def _said(members: Mapping[str, Node], name: str) -> Node | None:
    """What says something: `false` and what is empty are as good as left out."""
    node = members.get(name)
    if node is None or node.value is False or node.value in ("", [], {}):
        return None
    return node
