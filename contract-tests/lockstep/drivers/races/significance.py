"""Whether targets lost a race so differently that it is no chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

_LEVEL = 0.05


def may_be_chance(lost: Sequence[int], rounds: int) -> bool:
    """Whether some targets lost rounds and others did not, without significance."""
    most, least = max(lost), min(lost)
    if most == 0 or least > 0:
        return False
    return fisher_exact(most, least, rounds) >= _LEVEL


def fisher_exact(more: int, fewer: int, rounds: int) -> float:
    """Return the two-sided p-value of Fisher's exact test, for two counts out of `rounds` each."""
    lost = more + fewer
    apart = sum(
        math.comb(rounds, one) * math.comb(rounds, lost - one)
        for one in range(more, min(lost, rounds) + 1)
    )
    return min(1.0, 2 * apart / math.comb(2 * rounds, lost))
