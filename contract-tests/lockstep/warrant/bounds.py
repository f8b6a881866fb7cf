"""The exact upper confidence bound of a binomial proportion."""

from __future__ import annotations

import math
from functools import lru_cache

CONFIDENCE = 0.95
# Bisections of the interval: enough for the last bit of a float of any size.
_HALVINGS = 200


@lru_cache(4_096)
def upper_bound(events: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided Clopper-Pearson upper bound of a proportion, between 0 and 1.

    It is the proportion at which `events` or fewer in `trials` would be seen with a probability of
    only `1 - confidence`; 1.0 without trials. Without events it is `1 - (1 - confidence) ** (1 /
    trials)`, about `3 / trials` at 95 % (the rule of three). Raises `ValueError` for impossible
    counts.

    C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the
    case of the binomial", Biometrika 26 (1934), 404-413.
    """
    if not 0 <= events <= trials:
        raise ValueError(f"{events} of {trials} cannot have been counted")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence is between 0 and 1, and not {confidence}")
    if events == trials:
        return 1.0
    rest = 1 - confidence
    if events == 0:
        return -math.expm1(math.log(rest) / trials)
    low, high = events / trials, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if _at_most(events, trials, middle) > rest:
            low = middle
        else:
            high = middle
    return high


def comparisons_for(bound: float, events: int = 0, confidence: float = CONFIDENCE) -> int:
    """Return the fewest trials, with `events` in them, whose upper bound is at most `bound`."""
    if not 0 < bound < 1:
        raise ValueError(f"a bound is between 0 and 1, and not {bound}")
    high = max(1, events + 1)
    while upper_bound(events, high, confidence) > bound:
        high *= 2
    low = high // 2
    while low < high:
        middle = (low + high) // 2
        if middle > events and upper_bound(events, middle, confidence) <= bound:
            high = middle
        else:
            low = middle + 1
    return low


def percent(share: float) -> str:
    """Format a bound, rounded up so that it still holds: `0.1 %`, `12 %`."""
    scaled = share * 100
    digits = max(0, -math.floor(math.log10(scaled))) if scaled > 0 else 0
    # Ignore the last bit of a float when rounding up.
    rounded = math.ceil(scaled * 10**digits - 1e-9) / 10**digits
    return f"{min(100.0, rounded):g} %"


def _at_most(events: int, trials: int, share: float) -> float:
    """Return the probability of at most `events`; `share` must be at least `events / trials`.

    Then the terms decrease towards zero events, and the sum ends when they vanish.
    """
    log_term = (
        *(math.lgamma(trials + 1), -math.lgamma(events + 1), -math.lgamma(trials - events + 1)),
        *(events * math.log(share), (trials - events) * math.log1p(-share)),
    )
    term = total = math.exp(math.fsum(log_term))
    for event in range(events, 0, -1):
        term *= event * (1 - share) / ((trials - event + 1) * share)
        total += term
        if term < total * 1e-17:
            break
    return total
