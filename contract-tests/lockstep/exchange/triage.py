"""Turns the differences of an exchange into findings, each fault once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lockstep.exchange.compensation import Compensation
from lockstep.exchange.divergent_state import DivergentState, Origin, bucket, one_lacks, one_sided
from lockstep.matching import Difference
from lockstep.matching.bijection import SymbolTable
from lockstep.results.run_log import RunLog
from lockstep.results.trace import SAFE_METHODS, Exchange, Trace

# Members that say how many elements a list has.
_COUNT = re.compile(r".*(count|total|size|length|pages)$", re.IGNORECASE)


@dataclass(slots=True)
class Triage:
    """Records what differs, unless it follows from what has differed before.

    Where a write succeeded on one side only it is undone by `repair`, if the document says how.
    Else what it touched counts as parted, and the actor who wrote is of no more use. `table` says
    what each partner knows.
    """

    ledger: RunLog
    trace: Trace
    parted: DivergentState
    repair: Compensation | None
    table: SymbolTable

    def settle(self, exchange: Exchange, made: Mapping[str, str]) -> None:
        """Record the differences of an exchange; `made` are the values in its answer by key."""
        leader = next(iter(exchange.outcomes))
        named = self.trace.things(exchange.request)
        things = named | made.keys()
        first: Origin | None = None
        for name, differences in exchange.differences.items():
            unknown = self.parted.unpaired(named, self._paired(name)) if differences else None
            if unknown is not None:
                self._follow(exchange, unknown, len(differences))
                continue
            fresh = []
            for difference in differences:
                origin = self._origin(exchange, difference, things)
                if origin is None and first is not None and _counts(difference, differences):
                    self.ledger.findings.add_consequence(first)
                    continue
                if origin is None:
                    fresh.append(difference)
                first = first or origin or bucket(exchange, difference)
            self.ledger.add_differences(exchange, (leader, name), fresh, self.trace)
        if first is None:
            return
        self._leave_unpaired(exchange, made, first)
        if one_sided(exchange):
            self._part(exchange, first, things)
        elif one_lacks(exchange):
            self.parted.part_lists(exchange, first)

    def _origin(
        self, exchange: Exchange, difference: Difference, things: set[str]
    ) -> Origin | None:
        """The earlier finding that a difference goes back to; else it is noted for later ones."""
        origin = self.parted.origin(exchange, difference, things)
        if origin is not None:
            self._follow(exchange, origin)
            return origin
        written = exchange.request.method not in SAFE_METHODS
        self.parted.note(exchange, difference, things, written=written)
        return None

    def _follow(self, exchange: Exchange, origin: Origin, count: int = 1) -> None:
        exchange.parity = False
        for _ in range(count):
            self.ledger.findings.add_consequence(origin)

    def _paired(self, name: str) -> Callable[[str], bool]:
        images = self.table.to(name).images
        return lambda value: bool(images(value))

    def _leave_unpaired(self, exchange: Exchange, made: Mapping[str, str], origin: Origin) -> None:
        for name, differences in exchange.differences.items():
            paired = self._paired(name)
            if differences:
                left = {key: value for key, value in made.items() if not paired(value)}
                self.parted.leave_unpaired(left, origin)

    def _part(self, exchange: Exchange, origin: Origin, things: set[str]) -> None:
        self.parted.part(things, origin)
        if self.repair is not None and self.repair.undo(exchange):
            return
        exchange.parted = True
        self.parted.part_lists(exchange, origin)


def _counts(difference: Difference, others: Iterable[Difference]) -> bool:
    """Whether a difference only counts the elements of a list that is one too long or short."""
    if difference.kind != "value" or not _COUNT.fullmatch(difference.where):
        return False
    return any(other.kind == "length" for other in others)
