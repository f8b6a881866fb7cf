"""Tracks resources that exist or have changed on one side only, and the exchange that caused it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lockstep.matching.bounded_dict import BoundedDict
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.transport.messages import status_of

KEPT = 20_000
_GONE = (404, 410)
# The identifier of a resource itself, in an envelope or not.
_OWN_ID = re.compile(r"body|body (/[^/*]+)?/(id|uuid)")


@dataclass(slots=True)
class DivergentState:
    """The differences in state between two targets, each with its cause as text.

    Differences in responses that follow from these are not findings: they are excused, and counted
    by cause.
    """

    _things: BoundedDict[str, str] = field(default_factory=lambda: BoundedDict(KEPT))
    _collections: BoundedDict[str, str] = field(default_factory=lambda: BoundedDict(KEPT))
    _unpaired: BoundedDict[str, tuple[str, str]] = field(default_factory=lambda: BoundedDict(KEPT))
    # Whether the response to a write had values that have no counterpart.
    _by_writes: bool = False
    # How often the states diverged permanently, by the operation that caused it.
    parted: Counter[str] = field(default_factory=Counter)
    # The identifiers of the resources, without the family that is part of the keys.
    _values: BoundedDict[str, None] = field(default_factory=lambda: BoundedDict(KEPT))

    @property
    def is_empty(self) -> bool:
        """Whether no request is known to have changed the state on one side only.

        What only one side shows when it is read may just be left out by the other side.
        """
        return not (self._things or self._collections or self._by_writes)

    def part(self, things: Iterable[str], cause: str) -> None:
        """Record that resources exist, or have changed, on one side only."""
        for thing in things:
            self._things.setdefault(thing, cause)
            self._values[thing.partition("=")[2] or thing] = None

    def part_collections(self, exchange: Exchange, cause: str) -> None:
        """Record that the collections on the path of a request have diverged."""
        path = _plain(exchange)
        while path:
            self._collections.setdefault(path, cause)
            path = path.rpartition("/")[0]
        self.parted[exchange.label] += 1

    def leave_unpaired(self, values: Mapping[str, str], cause: str, *, by_write: bool) -> None:
        """Record values of the leader, by key, that have no counterpart on a partner.

        `by_write` is true if the request may have changed the state.
        """
        self._by_writes |= by_write and bool(values)
        for key, value in values.items():
            self._unpaired.setdefault(key, (value, cause))
            self._values[value] = None

    def cause(self, things: Iterable[str]) -> str:
        """Return why one of the resources differs between the sides, or an empty string."""
        return next(filter(None, map(self._things.get, things)), "")

    def has(self, value: str) -> bool:
        """Whether a resource with that identifier exists, or has changed, on one side only."""
        return value in self._values

    def cause_of_collection(self, exchange: Exchange) -> str:
        """Return why the requested collection differs between the sides, or an empty string."""
        return self._collections.get(_plain(exchange), "")

    def unpaired(self, things: Iterable[str], is_paired: Callable[[str], bool]) -> str:
        """Return why one of the resources is unknown to a partner, or an empty string."""
        known = filter(None, map(self._unpaired.get, things))
        return next((cause for value, cause in known if not is_paired(value)), "")


def one_sided(exchange: Exchange) -> bool:
    """Whether an unsafe request succeeded on some targets only."""
    if exchange.request.method in SAFE_METHODS:
        return False
    succeeded = [(status_of(outcome) or 599) < 300 for outcome in exchange.outcomes.values()]
    return any(succeeded) and not all(succeeded)


def made_on_some_only(exchange: Exchange) -> bool:
    """Whether a POST made a resource on some targets, and returned an earlier one on others.

    One side replays a response, say, to a request that is new for the other side.
    """
    if exchange.request.method != "POST" or (status_of(exchange.leader) or 599) >= 300:
        return False
    return any(
        one.kind == "symbol" and _OWN_ID.fullmatch(one.where)
        for differences in exchange.differences.values()
        for one in differences
    )


def exists_on_some_only(exchange: Exchange) -> bool:
    """Whether a resource exists on some targets and not on others."""
    statuses = [status_of(outcome) or 599 for outcome in exchange.outcomes.values()]
    return min(statuses) < 300 and any(status in _GONE for status in statuses)


def _plain(exchange: Exchange) -> str:
    return exchange.request.path.partition("?")[0].rstrip("/")
