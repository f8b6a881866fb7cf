"""Shares of the traffic, and the corresponding weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

# Shares have at most two decimals of a percent.
_PARTS = 10_000


class RouterError(Exception):
    """A router does not respond, refuses a share, or does not keep it."""


class Router(Protocol):
    """Moves traffic; shares are those of the new target, in percent."""

    def share(self) -> float | None:
        """Return the current share; `None` if it was never set. Raises `RouterError`."""

    def move(self, percent: float) -> None:
        """Set the share, and verify it. Raises `RouterError`."""

    def configuration(self, percent: float) -> str:
        """Return the router's configuration for a share, as text."""


def weights(percent: float, old: int, new: int) -> tuple[int, int]:
    """Return the weights of each `old` and each `new` server for a share of the new ones.

    They are as small as possible, since weighted round-robin sends a server that many requests in a
    row.
    """
    part = round(percent * _PARTS / 100)
    each_old, each_new = (_PARTS - part) * new, part * old
    divisor = math.gcd(each_old, each_new)
    return each_old // divisor, each_new // divisor


def share_of(weights: Sequence[int], is_new: Sequence[bool]) -> float:
    """Return the share given by weights, in percent. Raises `ValueError` if there is none."""
    total = sum(weights)
    if total <= 0 or len(weights) != len(is_new):
        raise ValueError(f"the weights {list(weights)} are not those of {len(is_new)} upstreams")
    own = sum(weight for weight, new in zip(weights, is_new, strict=True) if new)
    return round(100 * own / total, 2)
