"""Changes of an object's members.

A new member of a response is compatible even if the older schema was closed: clients should ignore
unknown members. With `strict` it is breaking, for clients that validate responses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lockstep.diff.alternatives import Alternative
from lockstep.diff.changes import Change, Effect, Side, Space, effect_of, within
from lockstep.diff.folding import demanded, fold
from lockstep.diff.nodes import Node

Compare = Callable[[Node, Node, Side], tuple[Change, ...]]

# Keywords that exclude a member from one direction.
_UNSEEN = {Side.REQUEST: "readOnly", Side.RESPONSE: "writeOnly"}


class MemberChanges:
    """Compares the members of two objects; `compare` compares their schemas."""

    def __init__(self, compare: Compare, *, strict: bool) -> None:
        self._compare = compare
        self._strict = strict

    def changes(self, old: Alternative, new: Alternative, side: Side) -> Iterator[Change]:
        """Yield the changes of members, of `required`, and of whether others are allowed."""
        before, after = _seen(old.properties, side), _seen(new.properties, side)
        for name, member in before.items():
            if name in after:
                yield from within(name, self._compare(member, after[name], side))
            else:
                yield from within(name, _gone(member, old, new, side, name))
        for name in [name for name in after if name not in before]:
            yield from within(name, self._added(after[name], old, new, side, name))
        required = _required_of(old, before), _required_of(new, after)
        for name in sorted(required[0].keys() ^ required[1].keys()):
            if (name in before) == (name in after):
                filled = name in after and has_default(after[name])
                yield from within(name, _required(*required, side, name, filled=filled))
        yield from self._closed(old, new, side)

    def _added(
        self, member: Node, old: Alternative, new: Alternative, side: Side, name: str
    ) -> Iterator[Change]:
        if side is Side.REQUEST:
            required = name in new.required
            filled = required and has_default(member)
            effect = Effect.BREAKING if required and not filled else Effect.COMPATIBLE
            sentence = "was added and is required" if required else "was added"
            sentence += ", but has a default" if filled else ""
        else:
            broken = self._strict and old.is_closed
            effect = Effect.BREAKING if broken else Effect.COMPATIBLE
            sentence = "was added, but other members were not allowed" if broken else "was added"
        yield Change(effect, "member-new", sentence, member.pointer)

    def _closed(self, old: Alternative, new: Alternative, side: Side) -> Iterator[Change]:
        if old.is_closed == new.is_closed:
            return
        if new.is_closed:
            space, sentence = Space.NARROWER, "no other members are allowed"
        else:
            space, sentence = Space.WIDER, "other members are allowed"
        effect = effect_of(space, side)
        if side is Side.RESPONSE and not self._strict:
            effect = Effect.COMPATIBLE
        yield Change(effect, "closed" if new.is_closed else "opened", sentence, new.pointer)


def _seen(members: Mapping[str, Node], side: Side) -> dict[str, Node]:
    unseen = _UNSEEN[side]
    return {name: node for name, node in members.items() if not _is_marked(node, unseen)}


def _is_marked(node: Node, keyword: str) -> bool:
    try:
        return _has(node, keyword)
    except ValueError:
        # An unresolvable reference is reported where the member is compared.
        return False


def _required_of(one: Alternative, seen: Mapping[str, Node]) -> dict[str, str]:
    """Return the required members without those that are excluded from this direction."""
    return {
        name: pointer
        for name, pointer in one.required.items()
        if name in seen or name not in one.properties
    }


def _has(node: Node, keyword: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a keyword is true in a schema, its reference, its `allOf`, or all its branches."""
    if node.pointer in seen or not isinstance(node.value, Mapping):
        return False
    if node.value.get(keyword) is True:
        return True
    seen |= {node.pointer}
    if any(_has(part, keyword, seen) for part in demanded(node)):
        return True
    branches = [
        branch
        for key in ("anyOf", "oneOf")
        if key in node.value
        for branch in node.child(key).elements()
        if branch.value != {"type": "null"}
    ]
    return bool(branches) and all(_has(branch, keyword, seen) for branch in branches)


def _gone(
    member: Node, old: Alternative, new: Alternative, side: Side, name: str
) -> Iterator[Change]:
    if side is Side.REQUEST:
        what = "refused" if new.is_closed else "ignored"
        yield Change(Effect.BREAKING, "member-gone", f"was removed: it is {what}", member.pointer)
    elif name in old.required:
        yield Change(Effect.BREAKING, "member-gone", "was removed; it was required", member.pointer)
    else:
        yield Change(
            Effect.COMPATIBLE, "member-gone", "was removed; it was optional", member.pointer
        )


def has_default(member: Node) -> bool:
    """Whether the server has a value for a member that a request lacks."""
    try:
        return "default" in fold(member).keywords
    except ValueError:
        # An unresolvable reference is reported where the member is compared.
        return False


def _required(
    old: Mapping[str, str], new: Mapping[str, str], side: Side, name: str, *, filled: bool
) -> Iterator[Change]:
    if name in new and filled and side is Side.REQUEST:
        sentence = "is required, but has a default"
        yield Change(Effect.COMPATIBLE, f"required-{Space.NARROWER}", sentence, new[name])
        return
    if name in new:
        space, sentence = Space.NARROWER, "is required"
    else:
        space, sentence = Space.WIDER, "is no longer required"
    pointer = new.get(name) or old[name]
    yield Change(effect_of(space, side), f"required-{space}", sentence, pointer)
