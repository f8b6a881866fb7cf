"""Changes of annotations such as descriptions, which affect neither requests nor responses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from lockstep.diff.changes import Change, Effect
from lockstep.diff.nodes import Node, is_equal


def annotation_changes(
    old: Mapping[str, Node], new: Mapping[str, Node], known: Collection[str], pointer: str
) -> Iterator[Change]:
    """Yield one change that lists all members that differ, apart from the `known` ones."""
    names = sorted((old.keys() | new.keys()) - set(known))
    changed = [name for name in names if not is_equal(_effective(old, name), _effective(new, name))]
    if changed:
        yield Change(Effect.SILENT, "words-changed", f"{', '.join(changed)} changed", pointer)


def _effective(members: Mapping[str, Node], name: str) -> Node | None:
    """Return a member unless it is `false` or empty, which is equivalent to leaving it out."""
    node = members.get(name)
    if node is None or node.value is False or node.value in ("", [], {}):
        return None
    return node
