"""Pairs the alternatives of the older schema with those of the newer one."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from lockstep.diff.alternatives import Alternative
from lockstep.diff.keywords import KNOWN

Pairs = list[tuple[Alternative, Alternative]]

_NUMBERS = frozenset({"integer", "number"})


def match(
    old: list[Alternative], new: list[Alternative]
) -> tuple[Pairs, list[Alternative], list[Alternative]]:
    """Return pairs, the unpaired older alternatives, and the unpaired newer ones.

    They are paired by name and type, by members with a constant value, by equal schemas, and by
    type; pairs with more common members take precedence. If one is left on each side, they are a
    pair. A single untyped alternative that is left pairs with all that are left on the other side.
    """
    before, after = list(old), list(new)
    pairs: Pairs = []
    for trait in (_full_name, _constants, _constraints, _type, _kind):
        pairs += _paired(before, after, trait)
    if len(before) == len(after) == 1:
        pairs.append((before.pop(), after.pop()))
    elif [one.type for one in before] == [""] and after:
        pairs += [(before[0].of_type(other.type), other) for other in after]
        before, after = [], []
    elif [one.type for one in after] == [""] and before:
        pairs += [(one, after[0].of_type(one.type)) for one in before]
        before, after = [], []
    return pairs, before, after


def _paired(
    old: list[Alternative], new: list[Alternative], trait: Callable[[Alternative], Hashable]
) -> Pairs:
    """Remove pairs with the same trait from both lists, and return them in order."""
    traits = [(other, trait(other)) for other in new]
    found = (
        (-len(one.properties.keys() & other.properties.keys()), at, to, one, other)
        for at, one in enumerate(old)
        if (wanted := trait(one)) is not None
        for to, (other, had) in enumerate(traits)
        if had == wanted
    )
    pairs = {}
    taken = set()
    for _, at, to, one, other in sorted(found, key=lambda item: item[:3]):
        if at not in pairs and to not in taken:
            pairs[at] = one, other
            taken.add(to)
    old[:] = [one for at, one in enumerate(old) if at not in pairs]
    new[:] = [other for to, other in enumerate(new) if to not in taken]
    return [pairs[at] for at in sorted(pairs)]


def _full_name(one: Alternative) -> Hashable:
    return (one.name, one.type) if one.name else None


def _constants(one: Alternative) -> Hashable:
    """Return the type and the members with a single value such as `{kind: cat}`, if any."""
    marks = [
        (name, str(member.value.get("const", member.value.get("enum"))))
        for name, member in one.properties.items()
        if isinstance(member.value, dict)
        and ("const" in member.value or len(member.value.get("enum", ())) == 1)
    ]
    return (one.type, *sorted(marks)) if marks else None


def _constraints(one: Alternative) -> Hashable:
    """Return all constraints, without resolving references."""
    parts = (one.properties, {name: one.keywords[name] for name in KNOWN & one.keywords.keys()})
    texts = (tuple(sorted((name, node.text) for name, node in part.items())) for part in parts)
    return (one.type, *texts, *sorted(one.required))


def _type(one: Alternative) -> Hashable:
    return (one.type,)


def _kind(one: Alternative) -> Hashable:
    return "number" if one.type in _NUMBERS else None
