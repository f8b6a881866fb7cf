"""Which alternative of the older schema became which one of the newer."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from lockstep.diff.alternatives import Alternative

Pairs = list[tuple[Alternative, Alternative]]

_NUMBERS = frozenset({"integer", "number"})


def match(
    old: list[Alternative], new: list[Alternative]
) -> tuple[Pairs, list[Alternative], list[Alternative]]:
    """Pairs, what is left of the older ones, and what is left of the newer ones.

    They are paired by name and type, by what tells them apart, by type, and at last, where one is
    left on each side, because there is no other. One for any type that is left alone became all
    that are left on the other side.
    """
    before, after = list(old), list(new)
    pairs: Pairs = []
    for trait in (_full_name, _told_apart, _type, _kind):
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
    """Take those with the same trait off both lists, in order."""
    pairs: Pairs = []
    for one in list(old):
        wanted = trait(one)
        other = next((other for other in new if wanted and trait(other) == wanted), None)
        if other is not None:
            pairs.append((one, other))
            old.remove(one)
            new.remove(other)
    return pairs


def _full_name(one: Alternative) -> Hashable:
    return (one.name, one.type) if one.name else None


def _told_apart(one: Alternative) -> Hashable:
    """The members with a single value: `{kind: cat}`; of a plain value its bounds."""
    marks = [
        (name, str(member.value.get("const", member.value.get("enum"))))
        for name, member in one.properties.items()
        if isinstance(member.value, dict)
        and ("const" in member.value or len(member.value.get("enum", ())) == 1)
    ]
    return (one.type, *sorted(marks)) if marks else None


def _type(one: Alternative) -> Hashable:
    return (one.type,)


def _kind(one: Alternative) -> Hashable:
    return "number" if one.type in _NUMBERS else None
