"""Reads the numbers that two responses disagree on, also money in texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

# As JSON: 12, -3.5e2, "12.50".
_NUMBER = re.compile(r'("?)(-?[0-9]{1,24}(?:\.[0-9]{1,12})?(?:[eE][+-]?[0-9]{1,2})?)\1')


def distance(values: Iterable[str]) -> Decimal | None:
    """Return how far the first different value, as JSON, is from the first one.

    `None` if some value is no number, or all are the same.
    """
    numbers = [_number(value) for value in values]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return None
    others = (number - known[0] for number in known[1:])
    return next((other for other in others if other), None)


def _number(value: str) -> Decimal | None:
    match = _NUMBER.fullmatch(value)
    return Decimal(match[2]) if match else None
