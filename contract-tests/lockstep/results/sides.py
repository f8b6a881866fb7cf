"""Orients the differences between two targets alike in all stages, whichever target leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lockstep.matching.difference import Difference
from lockstep.results.exchange import Exchange

_MIRRORED = {"missing": "extra", "extra": "missing"}
Pair = tuple[str, str]


@dataclass(slots=True)
class Sides:
    """The pairs of targets of a run, each in the order in which it was compared first.

    The same fact would otherwise be found twice if another target leads in a later stage: once with
    its values swapped.
    """

    _pairs: dict[frozenset[str], Pair] = field(default_factory=dict)

    def oriented(
        self, exchange: Exchange, partner: str, differences: Sequence[Difference]
    ) -> tuple[Pair, Exchange, Sequence[Difference]]:
        """Return the names of both sides, and the exchange and differences as the first one's."""
        leader = next(iter(exchange.outcomes))
        pair = self._pairs.setdefault(frozenset((leader, partner)), (leader, partner))
        if pair[0] == leader:
            return pair, exchange, differences
        outcomes = {partner: exchange.outcomes[partner], **exchange.outcomes}
        return pair, replace(exchange, outcomes=outcomes), [*map(mirrored, differences)]


def mirrored(difference: Difference) -> Difference:
    """Return a difference as the partner sees it, with the sides swapped."""
    kind = _MIRRORED.get(difference.kind, difference.kind)
    return Difference(kind, difference.where, difference.right, difference.left)
