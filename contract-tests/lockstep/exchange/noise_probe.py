"""Repeats requests whose responses differ, to detect values that change on each request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lockstep.compare.answers import Comparer
from lockstep.matching import Difference
from lockstep.matching.bijection import SymbolTable
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.run_log import RunLog
from lockstep.transport.messages import Outcome, Request
from lockstep.transport.targets import Target

_AGAIN = "again"
_TRIES = 5
# Maximum number of further requests to wait for a job to finish.
_LOOKS = 8
# A single word, or a boolean.
_STATE = re.compile(r'"[A-Za-z][A-Za-z _-]{0,29}"|true|false')
Ask = Callable[[Request], dict[str, Outcome]]


class NoiseProbe:
    """Tells noise from divergence by sending a safe request to every target once more.

    All targets get it, so that their numbers of requests stay equal. With an annotated document no
    request is repeated: the document says which values may differ. While clients write to the
    leader (`is_steady` is false), only the other targets' second responses count.
    """

    def __init__(
        self,
        ledger: RunLog,
        targets: Sequence[Target],
        is_steady: Callable[[], bool] | bool = True,
    ) -> None:
        self._ledger = ledger
        self._targets = targets
        self._is_steady = is_steady

    def take(self, exchange: Exchange, ask: Ask) -> bool:
        """Remove the differences from an exchange that turn out to be noise.

        Returns whether a list has turned out to be unordered: then it is to be compared again.
        """
        found = [one for several in exchange.differences.values() for one in several]
        if not found or not self._may_ask(exchange):
            return False
        noise, label = self._ledger.noise, exchange.label
        if not noise.worth_asking(label, found):
            return False
        shuffled = False
        # A short list may have the same order twice by chance.
        tries = _TRIES if any(one.kind == "order" for one in found) else 1
        answers = [exchange.outcomes]
        while tries and not shuffled:
            answers.append(ask(exchange.request))
            tries -= 1
            every = self._changes(exchange, answers[0], answers[-1])
            shuffled = any(one.kind == "order" for own in every.values() for one in own)
            moved = {one.where for own in every.values() for one in own if _is_state(one)}
            going_on = self._going_on(exchange, answers, moved, ask) if moved else set()
            for name, own in every.items():
                noise.learn(label, name, [one for one in own if one.where not in going_on])
            for where in going_on:
                noise.note_progress(label, where)
        exchange.differences = {
            name: [one for one in several if not noise.covers(label, one)]
            for name, several in exchange.differences.items()
        }
        return shuffled

    def _changes(
        self, exchange: Exchange, first: Mapping[str, Outcome], second: Mapping[str, Outcome]
    ) -> dict[str, list[Difference]]:
        """Return the differences between each target's own responses, by name."""
        steady = self._is_steady() if callable(self._is_steady) else self._is_steady
        return {
            target.name: self_differences(
                *(self._ledger, target, exchange.requests[target.name]),
                *(first[target.name], second[target.name]),
            )
            for target in self._targets[0 if steady else 1 :]
        }

    def _going_on(
        self,
        exchange: Exchange,
        answers: Sequence[Mapping[str, Outcome]],
        places: set[str],
        ask: Ask,
    ) -> set[str]:
        """Return the places whose state progresses to an end without returning to an earlier value.

        Values that return, or never stop changing, are treated as random.
        """
        seen = list(answers)
        left: set[tuple[str, str, str]] = set()
        back: set[str] = set()
        for _ in range(_LOOKS):
            every = self._changes(exchange, seen[-2], seen[-1])
            steps = [(n, one) for n, own in every.items() for one in own if one.where in places]
            for name, one in steps:
                left.add((name, one.where, one.left))
                back |= {one.where} if (name, one.where, one.right) in left else set()
            if not steps:
                return places - back
            seen.append(ask(exchange.request))
        return set()

    def _may_ask(self, exchange: Exchange) -> bool:
        safe = exchange.request.method in SAFE_METHODS
        safe = safe and exchange.label not in self._ledger.unrepeatable
        return safe and not self._ledger.document.is_annotated


def self_differences(
    ledger: RunLog, target: Target, request: Request, first: Outcome, second: Outcome
) -> list[Difference]:
    """Return the differences between two responses of one target, except generated values."""
    table = SymbolTable([_AGAIN])
    urls = {target.name: target.base_url, _AGAIN: target.base_url}
    comparer = Comparer(
        ledger.document, table, ledger.clock, leader=target.name, urls=urls, same_target=True
    )
    operation = ledger.document.find(request.method, request.path)
    return comparer.compare(operation, first, second, _AGAIN, requests=(request, request))


def _is_state(difference: Difference) -> bool:
    """Whether a member is a single word that changed when the request was repeated."""
    values = difference.left, difference.right
    return difference.kind == "value" and all(map(_STATE.fullmatch, values))
