"""Asks again where answers differ: what a target answers differently each time is noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lockstep.compare.answers import Comparer
from lockstep.matching import Difference
from lockstep.matching.bijection import SymbolTable
from lockstep.results.run_log import RunLog
from lockstep.results.trace import SAFE_METHODS, Exchange
from lockstep.transport.messages import Outcome, Request
from lockstep.transport.targets import Target

_AGAIN = "again"
_TRIES = 5
Ask = Callable[[Request], dict[str, Outcome]]


class NoiseProbe:
    """Tells noise from divergences by sending a safe request to every target once more.

    All are asked, so that none has answered more often than the others. With an annotated document
    nobody is asked: there the document says what differs by nature.
    """

    def __init__(self, ledger: RunLog, targets: Sequence[Target]) -> None:
        self._ledger = ledger
        self._targets = targets

    def take(self, exchange: Exchange, ask: Ask) -> bool:
        """Take from an exchange the differences that turn out to be noise.

        Whether a list has turned out to have no order: its elements are then to be compared again.
        """
        found = [one for several in exchange.differences.values() for one in several]
        if not found or not self._may_ask(exchange):
            return False
        noise, label = self._ledger.noise, exchange.label
        if not noise.worth_asking(label, found):
            return False
        shuffled = False
        # A short list may come in the same order twice by chance.
        tries = _TRIES if any(one.kind == "order" for one in found) else 1
        while tries and not shuffled:
            again, tries = ask(exchange.request), tries - 1
            for target in self._targets:
                first, second = exchange.outcomes[target.name], again[target.name]
                sent = exchange.requests[target.name]
                own = self_differences(self._ledger, target, sent, first, second)
                noise.learn(label, target.name, own)
                shuffled |= any(one.kind == "order" for one in own)
        exchange.differences = {
            name: [one for one in several if not noise.covers(label, one)]
            for name, several in exchange.differences.items()
        }
        return shuffled

    def _may_ask(self, exchange: Exchange) -> bool:
        safe = exchange.request.method in SAFE_METHODS
        safe = safe and exchange.label not in self._ledger.unrepeatable
        return safe and not self._ledger.document.is_annotated


def self_differences(
    ledger: RunLog, target: Target, request: Request, first: Outcome, second: Outcome
) -> list[Difference]:
    """Where two answers of one target to the same request differ, values of its making aside."""
    table = SymbolTable([_AGAIN])
    urls = {target.name: target.base_url, _AGAIN: target.base_url}
    comparer = Comparer(
        ledger.document, table, ledger.clock, leader=target.name, urls=urls, same_target=True
    )
    operation = ledger.document.find(request.method, request.path)
    return comparer.compare(operation, first, second, _AGAIN, requests=(request, request))
