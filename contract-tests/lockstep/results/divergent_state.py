"""Which things exist, or have changed, on one side only, and since which exchange."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lockstep.matching.bounded_dict import BoundedDict
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.transport.messages import status_of

KEPT = 20_000
_GONE = (404, 410)


@dataclass(slots=True)
class DivergentState:
    """What two targets no longer have in common, each with its cause as readable text.

    What differs because of it is no difference of its own: it is excused, and counted by cause.
    """

    _things: BoundedDict[str, str] = field(default_factory=lambda: BoundedDict(KEPT))
    _collections: BoundedDict[str, str] = field(default_factory=lambda: BoundedDict(KEPT))
    _unpaired: BoundedDict[str, tuple[str, str]] = field(default_factory=lambda: BoundedDict(KEPT))
    # How often the states parted for good, by the operation that parted them.
    parted: Counter[str] = field(default_factory=Counter)
    # The names of the things, without the family that keys have.
    _values: BoundedDict[str, None] = field(default_factory=lambda: BoundedDict(KEPT))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known to differ between the targets."""
        return not (self._things or self._collections or self._unpaired)

    def part(self, things: Iterable[str], cause: str) -> None:
        """Remember that things exist, or have changed, on one side only."""
        for thing in things:
            self._things.setdefault(thing, cause)
            self._values[thing.partition("=")[2] or thing] = None

    def part_collections(self, exchange: Exchange, cause: str) -> None:
        """Remember that the collections around what a request names are no longer alike."""
        path = _plain(exchange)
        while path:
            self._collections.setdefault(path, cause)
            path = path.rpartition("/")[0]
        self.parted[exchange.label] += 1

    def leave_unpaired(self, values: Mapping[str, str], cause: str) -> None:
        """Remember values of the leader, by their keys, that nothing of a partner stands for."""
        for key, value in values.items():
            self._unpaired.setdefault(key, (value, cause))
            self._values[value] = None

    def cause(self, things: Iterable[str]) -> str:
        """Why one of these things is not the same on both sides; empty if all are."""
        return next(filter(None, map(self._things.get, things)), "")

    def has(self, value: str) -> bool:
        """Whether a thing of that name exists, or has changed, on one side only."""
        return value in self._values

    def cause_of_collection(self, exchange: Exchange) -> str:
        """Why the collection that a request lists is not the same on both sides."""
        return self._collections.get(_plain(exchange), "")

    def unpaired(self, things: Iterable[str], is_paired: Callable[[str], bool]) -> str:
        """Why a partner does not know one of these things by any name; empty if it does."""
        known = filter(None, map(self._unpaired.get, things))
        return next((cause for value, cause in known if not is_paired(value)), "")


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


def _plain(exchange: Exchange) -> str:
    return exchange.request.path.partition("?")[0].rstrip("/")
