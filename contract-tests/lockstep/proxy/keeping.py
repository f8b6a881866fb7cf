"""Limits the recorded requests of users, in number and in age."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lockstep.matching.noise import NoiseBook
from lockstep.proxy.settings import Kept
from lockstep.results.exchange import Exchange
from lockstep.results.findings import Finding

NOT_KEPT = "not kept"


@dataclass(slots=True)
class Keeper:
    """Removes requests and responses from findings, except from the latest ones.

    Places and counts are kept. Register `note` as one of the `listeners` of a run's log.
    """

    kept: Kept
    clock: Callable[[], float] = time.monotonic
    _latest: dict[int, tuple[Finding, float]] = field(default_factory=dict)

    def note(self, exchange: Exchange) -> None:
        """Note a recorded exchange."""
        now = self.clock()
        for finding in exchange.findings:
            self._latest.pop(id(finding), None)
            self._latest[id(finding)] = finding, now
        if exchange.findings:
            self.tidy()

    def tidy(self) -> None:
        """Clear findings that are too old, or too many."""
        oldest = self.clock() - self.kept.seconds
        while self._latest:
            key = next(iter(self._latest))
            finding, seen = self._latest[key]
            if len(self._latest) <= self.kept.requests and seen >= oldest:
                return
            del self._latest[key]
            _empty(finding)


def without_examples(noise: NoiseBook) -> None:
    """Remove the example values of noise: they are not needed in findings, and may be secret."""
    for each in noise.all():
        each.examples = (NOT_KEPT, NOT_KEPT)


def _empty(finding: Finding) -> None:
    finding.sequence, finding.exemplars, finding.lately = [], [], []
    finding.trace, finding.neighbour, finding.differences = None, None, ()
    finding.values, finding.conditions = dict.fromkeys(finding.values, NOT_KEPT), ()
