"""Changes of discriminators, which select a branch of a schema (OpenAPI 3.1, 4.8.25)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockstep.diff.alternatives import Alternative
from lockstep.diff.changes import Space
from lockstep.diff.keywords import KeywordChange
from lockstep.diff.nodes import Node


def discriminator_changes(
    old: Sequence[Alternative],
    new: Sequence[Alternative],
    pairs: Sequence[tuple[Alternative, Alternative]],
) -> Iterator[KeywordChange]:
    """Compare the discriminators of the paired alternatives of two schemas, each once."""
    seen: set[tuple[str, str]] = set()
    for one, other in pairs:
        before, after = one.keywords.get("discriminator"), other.keywords.get("discriminator")
        key = (before.pointer if before else "", after.pointer if after else "")
        if key not in seen:
            seen.add(key)
            yield from _changes(before, after, old, new)


def _changes(
    old: Node | None, new: Node | None, before: Sequence[Alternative], after: Sequence[Alternative]
) -> Iterator[KeywordChange]:
    if old is None or new is None:
        place = new or old
        if place is not None:
            what = "new" if new else "gone"
            sentence = f"the discriminator {place.value.get('propertyName')} is {what}"
            yield KeywordChange(Space.SAME, f"discriminator-{what}", sentence, place.pointer)
        return
    was, now = old.value.get("propertyName"), new.value.get("propertyName")
    if was != now:
        sentence = f"the discriminator was {was}, is {now}"
        yield KeywordChange(Space.OTHER, "discriminator-changed", sentence, new.pointer)
    yield from _mapping(old, new, before, after)


def _mapping(
    old: Node, new: Node, olds: Sequence[Alternative], news: Sequence[Alternative]
) -> Iterator[KeywordChange]:
    """Compare the names of branches; added or removed alternatives are reported separately."""
    before, after = _branches(old, olds), _branches(new, news)
    came = {one.name for one in news} - {one.name for one in olds}
    went = {one.name for one in olds} - {one.name for one in news}
    for value, branch in before.items():
        if value not in after and branch not in went:
            sentence = f"the discriminator value {value} of {branch} was removed"
            pointer = f"{old.pointer}/mapping" if "mapping" in old.value else old.pointer
            yield KeywordChange(Space.NARROWER, "discriminator-value-gone", sentence, pointer)
    for value, branch in after.items():
        pointer = f"{new.pointer}/mapping" if "mapping" in new.value else new.pointer
        if value not in before and branch not in came:
            sentence = f"the discriminator value {value} of {branch} was added"
            yield KeywordChange(Space.WIDER, "discriminator-value-new", sentence, pointer)
        elif value in before and before[value] != branch:
            sentence = f"the discriminator value {value} was {before[value]}, is {branch}"
            yield KeywordChange(Space.OTHER, "discriminator-value-changed", sentence, pointer)


def _branches(discriminator: Node, among: Sequence[Alternative]) -> dict[str, str]:
    """Map discriminator values to components; an unmapped component is its own value."""
    mapping: Mapping[str, Any] = discriminator.value.get("mapping") or {}
    named = {value: str(target).rpartition("/")[2] for value, target in mapping.items()}
    implied = {one.name: one.name for one in among if one.name}
    return named | {
        name: name for name in implied if name not in named.values() and name not in named
    }
