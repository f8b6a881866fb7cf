"""Shows findings again from an empty state, by their steps and by what makes the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from lockstep.confirm.dependencies import Exchanges
from lockstep.confirm.grounding import creations, others_making
from lockstep.confirm.growth import (
    counts_others,
    grows_apart,
    has_succeeded,
    is_beyond_list,
    watched,
)
from lockstep.confirm.oracle import Oracle, Played, Sequence
from lockstep.exchange.exchanger import Exchanger
from lockstep.recordings.uniquify import account_names
from lockstep.results.exchange import Exchange
from lockstep.results.findings import Finding
from lockstep.results.grounding import is_grounded
from lockstep.transport.messages import status_of

# So many of the sequences of one cause are tried, and the best one twice.
_MOST_TRIES = 5
# So often a state that goes on is shown again.
_MOST_AGAIN = 3


@dataclass(slots=True)
class Reproducer:
    """Seeks the steps that show a finding; `oracle` makes what plays them.

    `nonces` are the texts that made the names of users new.
    """

    exchanger: Exchanger
    oracle: Callable[[Finding], Oracle]
    nonces: tuple[str, ...] = ()

    def first_shown(self, findings: list[Finding]) -> tuple[Oracle, Played] | None:
        """The first sequence of some findings that shows one of them again.

        Those that lean on nothing come first, and of them the quick ones; then those that make what
        the answer showed; last comes all that was sent before the finding.
        """
        tries = [(finding, each) for finding in findings for each in finding.exemplars]
        tries.sort(key=lambda pair: self._cost(pair[1]))
        oracles = {id(finding): self.oracle(finding) for finding in findings}
        for finding, exchanges in self._tries(tries):
            oracle = oracles[id(finding)]
            if oracle.leans_on_others:
                continue
            found = self._shown(oracle, exchanges)
            if found is not None:
                return found
        if any(oracle.leans_on_others for oracle in oracles.values()):
            for each in findings:
                each.reproduced = False
            return None
        # Whether all that was sent before can be judged says nothing of the steps themselves.
        conclusive = all(oracle.is_conclusive for oracle in oracles.values())
        found = self._shown(oracles[id(findings[0])], _history(findings[0]))
        if found is None:
            for finding in findings:
                finding.reproduced = False if conclusive else None
        return found

    def _cost(self, exchanges: list[Exchange]) -> tuple[bool, bool, int]:
        ledger = self.exchanger.ledger
        slow = any(ledger.is_slow(each.request) for each in exchanges)
        return not is_grounded(exchanges), slow, len(exchanges)

    def _shown(self, oracle: Oracle, exchanges: Iterable[Exchange]) -> tuple[Oracle, Played] | None:
        start = self.named(tuple(exchanges))
        if not start.exchanges:
            return None
        played = oracle.play(start, start.exchanges, anew=True)
        if played is None or not played.shown or not self._is_steady(oracle, start):
            return None
        grounded = self._grounded(oracle, played, start.exchanges)
        return (oracle, grounded) if grounded is not None else None

    def _is_steady(self, oracle: Oracle, start: Sequence) -> bool:
        """Whether it shows each time, where that of a job that goes on may be a matter of time."""
        noise, finding = self.exchanger.ledger.noise, oracle.finding
        if not noise.progresses(finding.operation, finding.where):
            return True
        again = (oracle.play(start, start.exchanges, anew=True) for _ in range(_MOST_AGAIN))
        return all(played is not None and played.shown for played in again)

    def _tries(
        self, exemplars: list[tuple[Finding, list[Exchange]]]
    ) -> Iterator[tuple[Finding, Iterable[Exchange]]]:
        yield from exemplars[:_MOST_TRIES]
        yield from exemplars[:1]
        for finding, exchanges in exemplars[:1]:
            if finding.signature.kind == "list" or not is_grounded(exchanges):
                remade = self._remaking(finding, tuple(exchanges), tuple(exchanges))
                yield from ((finding, steps) for steps in remade)

    def _grounded(self, oracle: Oracle, played: Played, start: Exchanges) -> Played | None:
        """The same with steps that make what a list shows, where it leans on what was there.

        Best are steps that make all of it, so that they show the same where nothing is yet. `None`
        if such steps all succeed and do not show the finding: it is about what was left by others.
        Where nobody knows how to make what is listed, it is given, and the steps stand, unless the
        states of the targets have parted.
        """
        exchanges = played.sequence.exchanges
        if stands_alone(oracle.finding, exchanges):
            return played
        if counts_others(oracle.finding, exchanges):
            return self._grown(oracle, start, exchanges)
        remade, best, following = False, None, None
        for steps in self._remaking(oracle.finding, start, exchanges):
            named = self.named(steps)
            again = oracle.play(named, named.exchanges, anew=True)
            if again is None or again.follows is not None:
                following = again if again is not None and again.shown else following
                continue
            if again.shown and stands_alone(oracle.finding, again.sequence.exchanges):
                return again
            if again.shown:
                best = best or again
            remade = remade or all(map(has_succeeded, again.sequence.exchanges[:-1]))
        if best is not None or following is not None:
            # Where what makes the list succeeds on one side only, it shows what that has left.
            return best or following
        if self._have_parted():
            # What the answer leans on may differ for that alone.
            oracle.leans_on_others = True
            return None
        return None if remade else played

    def _have_parted(self) -> bool:
        """Whether some write has succeeded on one side only, or changed more there."""
        ledger, exchanger = self.exchanger.ledger, self.exchanger
        return not ledger.divergent(exchanger.rotates, *exchanger.targets).is_empty

    def _grown(self, oracle: Oracle, start: Exchanges, exchanges: Exchanges) -> Played | None:
        """Steps that make a count differ, if they can be more than a page; `None` if none do."""
        best = None
        for steps in (exchanges, *self._remaking(oracle.finding, start, exchanges)):
            played = self._growing(oracle, steps)
            if played is not None and is_beyond_list(played.sequence.exchanges):
                return played
            best = best or played
        oracle.leans_on_others = best is None
        return best

    def _growing(self, oracle: Oracle, steps: Exchanges) -> Played | None:
        """The steps, played, if it is they that make the targets count differently."""
        everything, at = watched(steps)
        named = self.named(everything)
        played = oracle.play(named, named.exchanges, anew=True, to_the_end=True)
        if played is None or not played.shown or played.follows is not None:
            return None
        exchanges = played.sequence.exchanges
        if not grows_apart(exchanges, at, oracle.finding.where):
            return None
        kept = (*exchanges[:at], *exchanges[at + 1 :])
        return replace(played, sequence=replace(played.sequence, exchanges=kept))

    def _remaking(
        self, finding: Finding, start: Exchanges, exchanges: Exchanges
    ) -> Iterator[Exchanges]:
        """Steps that make what a list shows: as it was made first, else as things are made."""
        made = tuple(_making(finding, start))
        if made:
            yield made
        if counts_others(finding, exchanges) and finding.trace is not None:
            with_others = tuple(others_making(finding.trace, made or start))
            if with_others:
                yield with_others
        yield from creations(self.exchanger.ledger, exchanges)

    def named(self, exchanges: Exchanges) -> Sequence:
        """A sequence with the texts that targets take once: the nonce, and names of others."""
        names = set(account_names(each.request for each in exchanges))
        names |= set(filter(None, map(_client_named, exchanges)))
        named = {name for name in names if not any(nonce in name for nonce in self.nonces)}
        return Sequence(exchanges, self.nonces, tuple(sorted(named)))


def _history(finding: Finding) -> list[Exchange]:
    """What was sent lately, with what made it possible."""
    trace = finding.trace
    if trace is None:
        return []
    sequences = (trace.sequence(each, writes=False) for each in finding.lately)
    every = {each.number: each for sequence in sequences for each in sequence}
    return [every[number] for number in sorted(every)]


def _making(finding: Finding, exchanges: Exchanges) -> list[Exchange]:
    """What was sent to make all that the last answer shows; empty if nothing else was."""
    made = finding.trace.making(exchanges[-1]) if finding.trace is not None else []
    return made if len(made) > len(exchanges) else []


def stands_alone(finding: Finding, exchanges: Exchanges) -> bool:
    """Whether steps make all that the last answer shows; of a count, all that is counted."""
    if finding.signature.how != "count":
        return is_grounded(exchanges)
    enough = is_beyond_list(exchanges) and not counts_others(finding, exchanges)
    return is_grounded(exchanges) and enough


def _client_named(exchange: Exchange) -> str:
    """The name that a client gave to what a `PUT` made; empty for other requests."""
    request = exchange.request
    if request.method != "PUT" or status_of(exchange.leader) != 201:
        return ""
    return request.path.partition("?")[0].rpartition("/")[2]
