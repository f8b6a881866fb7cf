"""The effect of a changed `format` on the set of values (the OpenAPI format registry)."""

from __future__ import annotations

from lockstep.diff.changes import Space

_WHOLE = {f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)}
_WHOLE |= {f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)}
_WHOLE |= {"double-int": (-(2**53) + 1, 2**53 - 1)}
# Each includes the values of those before it.
_FRACTIONS = ("half", "single", "float", "double")
# They include all values that are assumed without a format, or concern only the presentation.
_USUAL = frozenset({"int64", "double", "password"})


def is_format_of(name: object, kind: str) -> bool:
    """Whether a format may apply to values of a type."""
    if name in _WHOLE or name in _FRACTIONS:
        return kind == "number"
    return kind in ("string", "number")


def format_space(old: str | None, new: str | None) -> Space:
    """Return how the set of values changes with the format; `None` is no format."""
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
