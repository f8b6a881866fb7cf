"""Compares two schemas of requests or of responses."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lockstep.diff.alternatives import Alternative, alternatives
from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, Side, Space, effect_of, within, within_all
from lockstep.diff.discriminators import discriminator_changes
from lockstep.diff.guard import Guard
from lockstep.diff.keywords import KNOWN, keyword_changes, shown
from lockstep.diff.matching import match
from lockstep.diff.members import MemberChanges
from lockstep.diff.nodes import Node, is_equal

_JOINTS = frozenset({"$ref", "allOf", "anyOf", "oneOf"})
_ANYTHING: Mapping[str, Any] = {}
_SINGLE = ("items", "contains", "propertyNames", "contentSchema")
_REST = ("additionalProperties", "unevaluatedProperties", "unevaluatedItems")


Key = tuple[str, str, Side]


@dataclass(frozen=True, slots=True)
class _Further(Change):
    """Not a change, but a pair of nested schemas that is still to be compared."""

    old: Node | None = None
    new: Node | None = None


_Found = tuple[list[Change], list[tuple[Key, _Further]]]


class SchemaComparison:
    """Compares schemas of two documents. `strict`: see `lockstep.diff.members`."""

    def __init__(self, guard: Guard, *, strict: bool = False) -> None:
        self._guard = guard
        self._members = MemberChanges(self._nested, strict=strict)
        self._found: dict[Key, _Found] = {}
        # The pairs that each pair is nested in, and the pairs that contain a change.
        self._outer: defaultdict[Key, list[Key]] = defaultdict(list)
        self._leading: set[Key] = set()

    def changes(self, old: Node | None, new: Node | None, side: Side) -> tuple[Change, ...]:
        """Return the changes between two schemas; a missing schema allows anything.

        The search is breadth-first, and each pair of schemas is compared only once, since schemas
        may be recursive and deeply nested. Raise `ValueError` for an unresolvable reference.
        """
        found: list[Change] = []
        pair = _Further(Effect.SILENT, "", "", "", (), old, new)
        first = _key(old, new, side)
        self._explore(first, pair, side)
        seen = {first}
        waiting = deque([(first, pair)] if first in self._leading else ())
        while waiting:
            key, pair = waiting.popleft()
            here, further = self._found[key]
            found += within_all(pair.where, here)
            for other, step in further:
                if other in self._leading and other not in seen:
                    seen.add(other)
                    waiting.append((other, replace(step, where=(*pair.where, *step.where))))
        return tuple(found)

    def _explore(self, first: Key, pair: _Further, side: Side) -> None:
        """Compare all reachable pairs that were not compared before."""
        waiting = [(first, pair)]
        while waiting:
            key, pair = waiting.pop()
            if key in self._found:
                continue
            here: list[Change] = []
            further: list[tuple[Key, _Further]] = []
            for change in self._guard.all_of(
                _named(pair.old, pair.new), self._opened(pair.old, pair.new, side)
            ):
                if isinstance(change, _Further):
                    further.append((_key(change.old, change.new, side), change))
                else:
                    here.append(change)
            self._found[key] = here, further
            for other, _ in further:
                self._outer[other].append(key)
            waiting += further
            if here or any(other in self._leading for other, _ in further):
                self._mark(key)

    def _mark(self, key: Key) -> None:
        """Mark a pair, and all pairs that it is nested in, as containing a change."""
        waiting = [key]
        while waiting:
            one = waiting.pop()
            if one not in self._leading:
                self._leading.add(one)
                waiting += self._outer[one]

    def _nested(self, old: Node | None, new: Node | None, side: Side) -> tuple[Change, ...]:
        """Compare nested schemas; those that may be recursive are deferred."""
        if _leads_on(old) or _leads_on(new):
            return (_Further(Effect.SILENT, "", "", "", (), old, new),)
        if is_equal(old, new) and old is not None and '"$ref"' not in old.text:
            return ()
        return tuple(self._opened(old, new, side))

    def _opened(self, old: Node | None, new: Node | None, side: Side) -> Iterator[Change]:
        place = new or old
        if place is None:
            return
        anything = Node(place.document, _ANYTHING, place.pointer)
        before, after = old.target if old else anything, new.target if new else anything
        yield from self._compared(before, after, side)

    def _compared(self, old: Node, new: Node, side: Side) -> Iterator[Change]:
        before, after = alternatives(old), alternatives(new)
        pairs, gone, added = match(before, after)
        several = any(sum(one.type != "null" for one in each) > 1 for each in (before, after))
        for one, other in pairs:
            found = self._pair(one, other, side)
            yield from within(f"({other.label})", found) if several else found
        for one in gone:
            yield from _alternative(one, "was removed", Space.NARROWER, side)
        for one in added:
            yield from _alternative(one, "was added", Space.WIDER, side)
        for change in discriminator_changes(before, after, pairs):
            effect = effect_of(change.space, side)
            yield Change(effect, change.rule, change.sentence, change.pointer)

    def _pair(self, old: Alternative, new: Alternative, side: Side) -> Iterator[Change]:
        yield from _type(old, new, side)
        whole = old.type == new.type == "integer"
        for change in keyword_changes(*_comparable(old, new), whole=whole):
            effect = effect_of(change.space, side)
            yield Change(effect, change.rule, change.sentence, change.pointer)
        yield from _default(old.keywords.get("default"), new.keywords.get("default"), side)
        yield from self._inside(old.keywords, new.keywords, side)
        yield from self._members.changes(old, new, side)
        yield from annotation_changes(old.keywords, new.keywords, KNOWN, new.pointer)

    def _inside(
        self, old: Mapping[str, Node], new: Mapping[str, Node], side: Side
    ) -> Iterator[Change]:
        for keyword in _SINGLE:
            found = self._nested(old.get(keyword), new.get(keyword), side)
            yield from within("items" if keyword == "items" else keyword, found)
        for keyword in _REST:
            if _is_false(old.get(keyword)) or _is_false(new.get(keyword)):
                continue
            before, after = _schema(old.get(keyword)), _schema(new.get(keyword))
            yield from within("other members", self._nested(before, after, side))
        for keyword in ("prefixItems", "patternProperties"):
            steps = _steps(old.get(keyword)) | _steps(new.get(keyword))
            for step in sorted(steps, key=str):
                one, other = _at(old, keyword, step), _at(new, keyword, step)
                found = self._nested(one, other, side)
                yield from within(f"{keyword} {step}", found)


def _named(old: Node | None, new: Node | None) -> str:
    place = new or old
    return f"the schema at {place.pointer}" if place else "a schema"


def _key(old: Node | None, new: Node | None, side: Side) -> Key:
    return _place(old), _place(new), side


def _place(node: Node | None) -> str:
    if node is None:
        return "anything"
    try:
        target = node.target
    except ValueError:
        # It is reported where the schemas are compared.
        return node.pointer
    return f"{target.pointer} {target.text}" if target.rewritten else target.pointer


def _leads_on(node: Node | None) -> bool:
    """Whether a schema refers to other schemas, and so may be recursive."""
    return (
        node is not None and isinstance(node.value, Mapping) and not _JOINTS.isdisjoint(node.value)
    )


def _alternative(one: Alternative, what: str, space: Space, side: Side) -> Iterator[Change]:
    suffix = "gone" if space is Space.NARROWER else "new"
    effect = effect_of(space, side)
    if "enum" in one.keywords:
        enum = one.keywords["enum"]
        for value in enum.value:
            sentence = f"the value {shown(value)} {what}"
            yield Change(effect, f"value-{suffix}", sentence, enum.pointer)
    else:
        yield Change(effect, f"alternative-{suffix}", f"{one.label} {what}", one.pointer)


def _comparable(
    old: Alternative, new: Alternative
) -> tuple[Mapping[str, Node], Mapping[str, Node]]:
    """Return the keywords of both; `format` only counts if the types are the same."""
    if not old.type or not new.type or old.type == new.type:
        return old.keywords, new.keywords
    before, after = (
        {name: node for name, node in one.keywords.items() if name != "format"}
        for one in (old, new)
    )
    return before, after


def _type(old: Alternative, new: Alternative, side: Side) -> Iterator[Change]:
    listed = "enum" in old.keywords, "enum" in new.keywords
    # The types of `enum` values are implied.
    implied = (listed[0] or not old.type) and (listed[1] or not new.type)
    if old.type == new.type or implied:
        return
    space = Space.OTHER
    if not old.type or (old.type, new.type) == ("number", "integer"):
        space = Space.NARROWER
    elif not new.type or (old.type, new.type) == ("integer", "number"):
        space = Space.WIDER
    sentence = f"the type was {old.type or 'anything'}, is {new.type or 'anything'}"
    pointer = (new if new.type else old).pointer
    yield Change(effect_of(space, side), "type-changed", sentence, f"{pointer}/type")


def _default(old: Node | None, new: Node | None, side: Side) -> Iterator[Change]:
    """Compare defaults: a changed one alters the meaning of requests without the value."""
    place = new or old
    if side is Side.RESPONSE or place is None or is_equal(old, new):
        return
    effect = Effect.BREAKING if old else Effect.COMPATIBLE
    was, now = (shown(one.value) if one else "none" for one in (old, new))
    yield Change(effect, "default-changed", f"the default was {was}, is {now}", place.pointer)


def _schema(node: Node | None) -> Node | None:
    """Return an object schema; `false` is compared together with the members."""
    return node if node and isinstance(node.value, Mapping) else None


def _is_false(node: Node | None) -> bool:
    return node is not None and node.value is False


def _steps(node: Node | None) -> set[str | int]:
    if node is None:
        return set()
    return set(range(len(node.value))) if isinstance(node.value, list) else set(node.value)


def _at(keywords: Mapping[str, Node], keyword: str, step: str | int) -> Node | None:
    """Return the schema of a step; `items` applies after the last of `prefixItems`."""
    node = keywords.get(keyword)
    if node and step in _steps(node):
        return node.child(step)
    return keywords.get("items") if keyword == "prefixItems" else None
