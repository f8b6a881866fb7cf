"""Plays a sequence from a clean start and looks whether a finding shows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lockstep.drivers.replay.driver import Replayer
from lockstep.exchange.exchanger import Exchanger
from lockstep.recordings.names import named_in
from lockstep.recordings.recorded_target import Listener, scratch
from lockstep.recordings.recording import Step
from lockstep.recordings.uniquify import Uniquifier
from lockstep.results.findings import PARITY, Finding
from lockstep.results.trace import Exchange
from lockstep.shrink.budget import Budget
from lockstep.transport.credentials import Identity
from lockstep.transport.messages import status_of


@dataclass(frozen=True, slots=True)
class Sequence:
    """Exchanges that showed a finding, the last one the finding itself.

    `unique` are texts in them that the targets take only once, `names` such that stand alone.
    """

    exchanges: tuple[Exchange, ...]
    unique: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Oracle:
    """Tries to show one finding again; nothing that happens here counts in the run.

    `is_conclusive` turns false when a try could not be judged, since it named what it had not made.
    """

    def __init__(
        self, exchanger: Exchanger, finding: Finding, budget: Budget, rng: random.Random
    ) -> None:
        self._exchanger = exchanger
        self._rng = rng
        self._finding = finding
        self._budget = budget
        self._status = status_of(finding.sequence[-1].leader)
        self.is_conclusive = True

    def play(self, origin: Sequence, exchanges: tuple[Exchange, ...]) -> Sequence | None:
        """Send a changed sequence with new unique texts.

        Gives what was exchanged up to where the finding showed, `None` where it did not.
        """
        if self._budget.is_spent():
            self.is_conclusive = False
            return None
        fresh = Uniquifier(origin.unique, self._rng, names=origin.names)
        played = []
        for exchange, is_last in self._played(exchanges, fresh):
            if exchange is None:
                self.is_conclusive = False
                return None
            played.append(exchange)
            if self._shows(exchange, is_last=is_last):
                unique, names = (
                    tuple(map(fresh.stands_for, texts)) for texts in (origin.unique, origin.names)
                )
                return Sequence(tuple(played), unique, names)
        return None

    def values(self, shown: Sequence) -> dict[str, str]:
        """What the targets showed when the finding was seen in a sequence."""
        last = shown.exchanges[-1]
        leader = next(iter(last.outcomes))
        found: dict[str, str] = {}
        for name, difference in _differences(last, self._finding):
            found = {leader: difference[0], **found, name: difference[1]}
        for name, violations in last.violations.items():
            details = [each.detail for each in violations if self._is_it(each.kind, each.where)]
            if details and self._finding.category != PARITY:
                found[name] = details[0]
        return found

    def _played(
        self, exchanges: tuple[Exchange, ...], fresh: Uniquifier
    ) -> Iterator[tuple[Exchange | None, bool]]:
        """Each exchange as it is played, with whether it is the last; `None` for a foreign name."""
        ledger = scratch(self._exchanger.ledger)
        targets = self._exchanger.targets
        exchanger = Exchanger(ledger, targets, rotate=self._exchanger.rotates)
        listener = Listener(ledger, targets[0], targets[0].base_url, judges=False)
        exchanger.identities |= self._given(exchanges)
        names = _names_of_leader(exchanges) - _tokens(exchanger.identities)
        replayer = Replayer(exchanger, listener, fresh, made=names)
        for number, exchange in enumerate(exchanges, 1):
            self._budget.spend()
            played = replayer.step(Step.of(exchange))
            yield None if played.foreign else played.exchange, number == len(exchanges)

    def _given(self, exchanges: tuple[Exchange, ...]) -> dict[str, Identity]:
        """The users who did not log in within the sequence: their tokens stay what they are."""
        logged_in = {exchange.group for exchange in exchanges}
        known = self._exchanger.identities.items()
        return {label: identity for label, identity in known if label not in logged_in}

    def _shows(self, exchange: Exchange, *, is_last: bool) -> bool:
        if exchange.label != self._finding.operation:
            return False
        if not is_judged(self._finding):
            return is_last and status_of(exchange.leader) == self._status
        if self._finding.category == PARITY:
            return next(_differences(exchange, self._finding), None) is not None
        every = (each for found in exchange.violations.values() for each in found)
        return any(self._is_it(each.kind, each.where) for each in every)

    def _is_it(self, kind: str, where: str) -> bool:
        return (kind, where) == (self._finding.kind, self._finding.where)


def is_judged(finding: Finding) -> bool:
    """Whether lockstep finds it in each exchange; checks of another tool depend on more.

    Of those only the status of the last answer is held on to.
    """
    return finding.kind.islower()


def _names_of_leader(exchanges: tuple[Exchange, ...]) -> set[str]:
    """The names in requests that were others for a partner: live ones must take their place."""
    found: set[str] = set()
    for exchange in exchanges:
        leader, *partners = exchange.requests.values()
        for partner in partners:
            found |= named_in(leader) - named_in(partner)
    return found


def _tokens(identities: Mapping[str, Identity]) -> set[str]:
    return {token for identity in identities.values() for token in identity.tokens.values()}


def _differences(exchange: Exchange, finding: Finding) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, differences in exchange.differences.items():
        for each in differences:
            if (each.kind, each.where) == (finding.kind, finding.where):
                yield name, (each.left, each.right)
