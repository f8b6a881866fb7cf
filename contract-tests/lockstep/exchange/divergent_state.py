"""Keeps count of what a divergence has changed on one side only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lockstep.matching.bounded_dict import BoundedDict
from lockstep.matching.difference import Difference
from lockstep.results.trace import SAFE_METHODS, Exchange
from lockstep.transport.messages import status_of

# The bucket of the finding that a consequence goes back to: operation, kind, where.
Origin = tuple[str, str, str]
# What differs: a member and the kind of difference, or everything.
Mark = tuple[str, str]
EVERYTHING: Mark = ("*", "*")
KEPT = 20_000
# What a list shows when it has one element more or less than it should.
_COUNTING = frozenset({"length", "elements", "symbol", "elapsed", "header"})
_GONE = (404, 410)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(slots=True)
class DivergentState:
    """Which things differ between the targets since a divergence, and because of which one.

    A thing on which the targets disagree makes further differences wherever it is shown. These are
    consequences of the first one, and no findings of their own.
    """

    _things: BoundedDict[str, dict[Mark, Origin]] = field(default_factory=lambda: BoundedDict(KEPT))
    _collections: BoundedDict[str, Origin] = field(default_factory=lambda: BoundedDict(KEPT))
    _parted: Counter[str] = field(default_factory=Counter)
    _unpaired: BoundedDict[str, tuple[str, Origin]] = field(
        default_factory=lambda: BoundedDict(KEPT)
    )

    def origin(
        self, exchange: Exchange, difference: Difference, things: Iterable[str]
    ) -> Origin | None:
        """The finding that a difference goes back to, `None` for one of its own.

        `things` are the keys of what the request names and the answer shows.
        """
        mark = _mark(difference)
        for thing in things:
            marks = self._things.get(thing, {})
            found = marks.get(mark) or marks.get(EVERYTHING)
            if found is not None and found != bucket(exchange, difference):
                return found
        found = self._collections.get(exchange.request.path.partition("?")[0].rstrip("/"))
        return found if found is not None and _is_count(difference) else None

    def note(
        self, exchange: Exchange, difference: Difference, things: Iterable[str], *, written: bool
    ) -> None:
        """Remember that the targets disagree about things in the way of one difference."""
        status = difference.kind == "status"
        if not (written or status) or difference.kind in ("outcome", "connection", "cookie"):
            return
        origin, mark = bucket(exchange, difference), _mark(difference)
        for thing in things:
            self._things.setdefault(thing, {}).setdefault(mark, origin)

    def part(self, things: Iterable[str], origin: Origin) -> None:
        """Remember that things exist, or have changed, on one side only."""
        for thing in things:
            self._things.setdefault(thing, {}).setdefault(EVERYTHING, origin)

    def has(self, things: Iterable[str]) -> bool:
        """Whether one of these things exists, or has changed, on one side only, or did."""
        return any(EVERYTHING in self._things.get(thing, {}) for thing in things)

    def leave_unpaired(self, values: Mapping[str, str], origin: Origin) -> None:
        """Remember values of the leader, by their keys, that nothing of a partner stands for.

        They were shown where answers differ: a list with an element more, say.
        """
        for key, value in values.items():
            self._unpaired.setdefault(key, (value, origin))

    def unpaired(self, things: Iterable[str], is_paired: Callable[[str], bool]) -> Origin | None:
        """The finding that keeps a partner from knowing one of these things until now."""
        known = (self._unpaired.get(thing) for thing in things)
        return next((origin for value, origin in filter(None, known) if not is_paired(value)), None)

    def part_lists(self, exchange: Exchange, origin: Origin) -> None:
        """Remember that the lists around what a request names are no longer alike."""
        path = exchange.request.path.partition("?")[0].rstrip("/")
        while path:
            self._collections.setdefault(path, origin)
            path = path.rpartition("/")[0]
        self._parted[exchange.label] += 1

    def not_judged(self) -> list[str]:
        """What stayed different between the targets, in words."""
        return [
            f"{label}: {count} times the targets parted and could not be brought together again;"
            " what differs for that reason is no finding"
            for label, count in sorted(self._parted.items())
        ]


def one_sided(exchange: Exchange) -> bool:
    """Whether a request that writes succeeded on some targets only."""
    if exchange.request.method in SAFE_METHODS:
        return False
    succeeded = [(status_of(outcome) or 599) < 300 for outcome in exchange.outcomes.values()]
    return any(succeeded) and not all(succeeded)


def one_lacks(exchange: Exchange) -> bool:
    """Whether a thing is there on some targets and gone on others."""
    statuses = [status_of(outcome) or 599 for outcome in exchange.outcomes.values()]
    return min(statuses) < 300 and any(status in _GONE for status in statuses)


def bucket(exchange: Exchange, difference: Difference) -> Origin:
    """The bucket that a difference falls into."""
    return exchange.label, difference.kind, difference.where


def _mark(difference: Difference) -> Mark:
    return difference.where.rpartition("/")[2], difference.kind


def _is_count(difference: Difference) -> bool:
    if difference.kind in _COUNTING:
        return True
    numbers = _NUMBER.fullmatch(difference.left), _NUMBER.fullmatch(difference.right)
    return difference.kind == "value" and None not in numbers
