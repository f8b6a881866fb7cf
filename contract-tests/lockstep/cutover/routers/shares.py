"""Shares of the traffic, and the weights that make them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

# Shares have two decimals of a percent at most.
_PARTS = 10_000


class RouterError(Exception):
    """A router does not answer, refuses a share, or does not keep it."""


class Router(Protocol):
    """What moves traffic; shares are those of the new target, in percent."""

    def share(self) -> float | None:
        """The share now, as the router has it; `None` if it was never set. Raises `RouterError`."""

    def move(self, percent: float) -> None:
        """Set the share, and read back that it is set. Raises `RouterError`."""

    def configuration(self, percent: float) -> str:
        """What the router is told for a share, as text."""


def weights(percent: float, old: int, new: int) -> tuple[int, int]:
    """The weights of each of the `old` and of the `new` servers with which these get the share.

    As small as can be, since weighted round-robin sends a server so many requests in a row.
    """
    part = round(percent * _PARTS / 100)
    each_old, each_new = (_PARTS - part) * new, part * old
    divisor = math.gcd(each_old, each_new)
    return each_old // divisor, each_new // divisor


def share_of(weights: Sequence[int], is_new: Sequence[bool]) -> float:
    """The share that servers get with these weights, in percent. Raises `ValueError` for none."""
    total = sum(weights)
    if total <= 0 or len(weights) != len(is_new):
        raise ValueError(f"the weights {list(weights)} are not those of {len(is_new)} upstreams")
    own = sum(weight for weight, new in zip(weights, is_new, strict=True) if new)
    return round(100 * own / total, 2)
