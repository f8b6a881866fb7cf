"""Compares what is inside JSON Web Tokens (RFC 7519)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lockstep.inference.forms import claims_of
from lockstep.matching.clock import Clock

_CLOCKED = frozenset({"iat", "nbf", "auth_time"})
_EXPIRY = "exp"
# Part of the header that names a key, and an id of the token: different by nature.
_OWN = frozenset({"kid", "jti"})

# Whether two claims of a name that differ may stand for one another.
Same = Callable[[str, str, str], bool]


def compare_tokens(
    left: str, right: str, clock: Clock, same: Same
) -> Iterator[tuple[str, str, str]]:
    """Where two tokens differ beyond what every token has for itself, as (place, left, right).

    Nothing for texts that are no tokens: they are compared otherwise. Times are held to the clock,
    the time to live to the second, other claims to `same`.
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
