"""Turns the differences of an exchange into findings, each fault once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lockstep.compare import Difference
from lockstep.ledger import Ledger
from lockstep.parted import Origin, PartedStates, bucket, one_sided
from lockstep.repair import Repair
from lockstep.trace import SAFE_METHODS, Exchange, Trace


@dataclass(slots=True)
class Settling:
    """Records what differs, unless it follows from what has differed before.

    Where a write succeeded on one side only it is undone by `repair`, if the document says how.
    Else what it touched counts as parted, and the actor who wrote is of no more use.
    """

    ledger: Ledger
    trace: Trace
    parted: PartedStates
    repair: Repair | None

    def settle(self, exchange: Exchange, made: Iterable[str]) -> None:
        """Record the differences of an exchange; `made` are the keys of what its answer shows."""
        leader = next(iter(exchange.outcomes))
        things = self.trace.things(exchange.request) | set(made)
        first: Origin | None = None
        for name, differences in exchange.differences.items():
            fresh = []
            for difference in differences:
                origin = self._origin(exchange, difference, things)
                if origin is None:
                    fresh.append(difference)
                first = first or origin or bucket(exchange, difference)
            self.ledger.add_differences(exchange, (leader, name), fresh, self.trace)
        if first is not None and one_sided(exchange):
            self._part(exchange, first, things)

    def _origin(
        self, exchange: Exchange, difference: Difference, things: set[str]
    ) -> Origin | None:
        """The earlier finding that a difference goes back to; else it is noted for later ones."""
        origin = self.parted.origin(exchange, difference, things)
        if origin is not None:
            exchange.parity = False
            self.ledger.findings.add_consequence(origin)
            return origin
        written = exchange.request.method not in SAFE_METHODS
        self.parted.note(exchange, difference, things, written=written)
        return None

    def _part(self, exchange: Exchange, origin: Origin, things: set[str]) -> None:
        self.parted.part(things, origin)
        if self.repair is not None and self.repair.undo(exchange):
            return
        exchange.parted = True
        self.parted.part_collection(exchange, origin)
