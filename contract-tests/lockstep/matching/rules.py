"""User-defined rules: which differences are allowed, where, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from lockstep.matching.difference import Difference
from lockstep.matching.timestamps import both, read_instant

IGNORE, UNORDERED, TOLERANCE, STATUSES_ALIKE = "ignore", "unordered", "tolerance", "statuses_alike"
KINDS = (IGNORE, UNORDERED, TOLERANCE, STATUSES_ALIKE)
_POINTER = re.compile(r"(/.*)?")


@dataclass(slots=True)
class Rule:
    """A difference that the user allows.

    `operation` is an operationId, `METHOD /path` or a pattern such as `*`. `where` is a JSON
    pointer into the body with `*` for array indexes, `header NAME`, or empty for `status` rules and
    whole bodies. `rule` is one of `KINDS`; `value` is the tolerance in the unit of the number
    (seconds for instants), or the status codes that count as equal. `used` counts the differences
    that the rule allowed.
    """

    operation: str
    where: str
    rule: str
    reason: str
    value: Any = None
    used: int = 0

    def __post_init__(self) -> None:
        """Raise `ValueError` if the rule is invalid."""
        if self.rule not in KINDS:
            raise ValueError(f"a rule is one of {', '.join(KINDS)}, not {self.rule!r}")
        if not self.reason.strip():
            raise ValueError(f"the rule {self.rule} at {self.where or 'status'} needs a reason")
        if self.rule == TOLERANCE and not isinstance(self.value, int | float):
            raise ValueError(f"the tolerance at {self.where} needs a number")
        if self.rule == STATUSES_ALIKE and len(set(self.value or ())) < 2:
            raise ValueError("statuses_alike needs two statuses or more")

    @property
    def place(self) -> str:
        """`where` in the notation of `Difference.where`."""
        if self.rule == STATUSES_ALIKE:
            return "status"
        if _POINTER.fullmatch(self.where):
            return f"body {self.where}" if self.where else "body"
        kind, _, name = self.where.partition(" ")
        return f"{kind} {name.lower()}" if kind == "header" else self.where

    def __str__(self) -> str:
        return f"{self.operation}, {self.place}: {self.rule} ({self.reason})"


class Rules:
    """The rules of one run, with a count of how often each was used."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.all = [replace(rule, used=0) for rule in rules]

    def excuse(self, label: str, difference: Difference) -> bool:
        """Whether a rule allows a difference in an operation; if so, count the rule as used."""
        for rule in self._for(label):
            if _allows(rule, difference):
                rule.used += 1
                return True
        return False

    def unordered(self, label: str, where: str) -> Rule | None:
        """Return the rule that ignores the order of a list, `None` without one."""
        for rule in self._for(label):
            if rule.rule == UNORDERED and fnmatchcase(where, rule.place):
                return rule
        return None

    def unused(self) -> list[str]:
        """Return a message for each rule that was never used."""
        return [f"a rule was never used: {rule}" for rule in self.all if not rule.used]

    def _for(self, label: str) -> Iterator[Rule]:
        return (rule for rule in self.all if fnmatchcase(label, rule.operation))


def _allows(rule: Rule, difference: Difference) -> bool:
    if rule.rule == STATUSES_ALIKE:
        statuses = set(map(str, rule.value))
        return difference.kind == "status" and {difference.left, difference.right} <= statuses
    here = fnmatchcase(difference.where, rule.place)
    if rule.rule == IGNORE:
        return here or fnmatchcase(difference.where, f"{rule.place.removesuffix('/')}/*")
    return rule.rule == TOLERANCE and here and _near(difference, float(rule.value))


def _near(difference: Difference, tolerance: float) -> bool:
    left, right = difference.left.strip('"'), difference.right.strip('"')
    instants = both(read_instant, left, right)
    if instants is not None:
        return abs(instants[0].seconds - instants[1].seconds) <= tolerance
    try:
        return abs(float(left) - float(right)) <= tolerance
    except ValueError:
        return False
