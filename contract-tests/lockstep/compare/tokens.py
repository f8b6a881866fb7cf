"""Compares the contents of JSON Web Tokens (RFC 7519)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lockstep.inference.forms import claims_of
from lockstep.matching.clock import Clock

_CLOCKED = frozenset({"iat", "nbf", "auth_time"})
_EXPIRY = "exp"
# The key id and the token id differ by nature.
_OWN = frozenset({"kid", "jti"})

# Callback (name, left, right): whether two different values of a claim correspond.
Same = Callable[[str, str, str], bool]


def compare_tokens(
    left: str, right: str, clock: Clock, same: Same
) -> Iterator[tuple[str, str, str]]:
    """Yield the differences between two tokens as (place, left, right), except unique claims.

    Yields nothing for texts that are not tokens: they are compared otherwise. Times are compared
    with the clock's tolerance, the lifetime to the second, other claims with `same`.
    """
    ours, theirs = claims_of(left), claims_of(right)
    if ours is None or theirs is None:
        return
    for part, mine, other in (
        ("header", ours[0], theirs[0]),
        ("claim", ours[1], theirs[1]),
    ):
        for name in sorted(mine.keys() | other.keys()):
            shown = _shown(mine, name), _shown(other, name)
            if shown[0] != shown[1] and not _same(name, mine, other, clock, same):
                yield f"{part} {name}", *shown


def is_token(text: str) -> bool:
    """Whether a text is a JSON Web Token."""
    return claims_of(text) is not None


def _same(name: str, mine: dict[str, Any], other: dict[str, Any], clock: Clock, same: Same) -> bool:
    if name not in mine or name not in other:
        return False
    a, b = mine[name], other[name]
    if type(a) is not type(b):
        return False
    if name in _OWN:
        return True
    if name == _EXPIRY and isinstance(a, int | float):
        return abs(_life(mine) - _life(other)) <= 1 and clock.close(str(a), str(b))
    if name in _CLOCKED and isinstance(a, int | float):
        return clock.close(str(a), str(b))
    return not isinstance(a, dict | list) and same(name, str(a), str(b))


def _life(claims: dict[str, Any]) -> float:
    began = claims.get("iat", claims.get("nbf", claims["exp"]))
    return float(claims["exp"]) - float(began) if isinstance(began, int | float) else 0.0


def _shown(claims: dict[str, Any], name: str) -> str:
    return str(claims[name]) if name in claims else "absent"
