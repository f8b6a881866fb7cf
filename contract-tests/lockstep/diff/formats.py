"""What a change of a `format` does to the set of values (the OpenAPI format registry)."""

from __future__ import annotations

from lockstep.diff.changes import Space

_WHOLE = {f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)}
_WHOLE |= {f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)}
_WHOLE |= {"double-int": (-(2**53) + 1, 2**53 - 1)}
# Each holds the values of those before it.
_FRACTIONS = ("half", "single", "float", "double")
# They hold what numbers are taken to be at most without a word of it, or only say how to show it.
_USUAL = frozenset({"int64", "double", "password"})


def is_format_of(name: object, kind: str) -> bool:
    """Whether a format may say something of values of a type."""
    if name in _WHOLE or name in _FRACTIONS:
        return kind == "number"
    return kind in ("string", "number")


def format_space(old: str | None, new: str | None) -> Space:
    """Which values a format leaves that another, or none, left before."""
    if old is None or new is None:
        if (old or new) in _USUAL:
            return Space.SAME
        return Space.NARROWER if old is None else Space.WIDER
    if old in _WHOLE and new in _WHOLE:
        return _ranges(_WHOLE[old], _WHOLE[new])
    if old in _FRACTIONS and new in _FRACTIONS:
        wider = _FRACTIONS.index(new) > _FRACTIONS.index(old)
        return Space.WIDER if wider else Space.NARROWER
    return Space.OTHER


def _ranges(old: tuple[int, int], new: tuple[int, int]) -> Space:
    if old[0] <= new[0] and new[1] <= old[1]:
        return Space.NARROWER
    return Space.WIDER if new[0] <= old[0] and old[1] <= new[1] else Space.OTHER
