"""Proves findings by experiments: reproduced, made short, held beside what is alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from lockstep.confirm.budget import Budget
from lockstep.confirm.corrections import Corrector, cause_of
from lockstep.confirm.dependencies import Exchanges, dependencies
from lockstep.confirm.grounding import creations, others_making
from lockstep.confirm.growth import (
    counts_others,
    grows_apart,
    has_succeeded,
    is_beyond_list,
    watched,
)
from lockstep.confirm.oracle import Oracle, Played, Sequence, is_judged
from lockstep.confirm.shrinker import fewer_steps, shrunk, simpler_last
from lockstep.exchange.exchanger import Exchanger, TargetLostError
from lockstep.recordings.uniquify import account_names
from lockstep.results.conditions import Condition
from lockstep.results.faults import Guard
from lockstep.results.findings import (
    COMPARED,
    CONFORMANCE,
    EFFECTS,
    PARITY,
    Finding,
    Neighbour,
)
from lockstep.results.grounding import is_grounded
from lockstep.results.signatures import Signature
from lockstep.results.trace import SAFE_METHODS, Exchange
from lockstep.transport.credentials import Identity
from lockstep.transport.messages import Response, status_of

# So many of the sequences of one cause are tried, and the best one twice.
_MOST_TRIES = 5
# So often what a target writes is held against itself.
_MOST_AGAIN = 3


@dataclass(slots=True)
class Confirmer:
    """Confirms the findings of a run; its seconds are shared by all.

    A finding that reproduces, from new users and new things, is `reproduced`, and keeps the
    shortest steps that showed it; one that does not is marked so, and keeps what it has. `nonces`
    are the texts that made the names of users new.
    """

    exchanger: Exchanger
    budget: Budget
    nonces: tuple[str, ...] = ()
    identities: Mapping[str, Identity] = field(default_factory=dict)
    # Hears what is done, and the how many-th of how many.
    progress: Callable[[str, int, int], None] = lambda *_: None
    _rng: random.Random = field(init=False)
    _causes: list[tuple[Condition, Signature]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.nonces[0]) if self.nonces else random.SystemRandom()

    def confirm(self, groups: list[list[Finding]]) -> list[Finding]:
        """Confirm one finding of each group of one cause; returns those that follow from others.

        First all are reproduced, then they are made short, the first groups first, for as long as
        there are requests and seconds left.
        """
        following: list[Finding] = []
        shown: list[tuple[Finding, Oracle, Sequence]] = []
        try:
            with self.budget.running():
                for number, group in enumerate(groups, 1):
                    self.progress(f"showing again: {group[0].operation}", number, len(groups))
                    live = [finding for finding in group if self._is_live(finding)]
                    if live:
                        with self._about(live[0]):
                            follows = self._show(live, shown)
                            following += group if follows else []
                for number, (finding, oracle, sequence) in enumerate(shown, 1):
                    self.progress(f"making short: {finding.operation}", number, len(shown))
                    self.budget.begin()
                    with self._about(finding):
                        self._explain(finding, oracle, sequence)
        except TargetLostError:
            # The stage says so itself when it goes on.
            return following
        return following

    def _about(self, finding: Finding) -> Guard:
        """Let a fault leave a finding as it is, and no more."""
        what = f"{finding.operation}, {finding.kind}: cannot be shown again"
        return self.exchanger.ledger.faults.about(what)

    def _show(self, live: list[Finding], shown: list[tuple[Finding, Oracle, Sequence]]) -> bool:
        """Reproduce one of some findings, and note it; true if it follows from others."""
        self.budget.begin()
        noise = self.exchanger.ledger.noise
        if all(each.category == EFFECTS for each in live) and all(
            noise.covers(each.operation, each.differences[0]) for each in live
        ):
            # It has turned out with another finding.
            self._drop_noise(live)
            return False
        found = self._first_shown(live)
        if found is None:
            return False
        oracle, played = found
        if played.follows is not None and self._depends(oracle, played):
            return True
        if oracle.finding.category == EFFECTS and self._is_noise(oracle, played.sequence):
            self._drop_noise(live)
            return False
        self._take(oracle.finding, oracle, played.sequence)
        shown.append((oracle.finding, oracle, played.sequence))
        return False

    def _drop_noise(self, findings: list[Finding]) -> None:
        for finding in findings:
            self.exchanger.ledger.findings.drop(finding, "a target does something else each time")

    def _is_noise(self, oracle: Oracle, sequence: Sequence) -> bool:
        """Whether a target does something else when the same steps are played again."""
        again = (oracle.play(sequence, sequence.exchanges, anew=True) for _ in range(_MOST_AGAIN))
        return any(
            self._differs_from_self(oracle.finding, sequence, each.sequence)
            for each in again
            if each is not None
        )

    def _differs_from_self(self, finding: Finding, once: Sequence, again: Sequence) -> bool:
        """Whether a target has done something else the second time at the place of a finding."""
        first, second = once.exchanges[-1], again.exchanges[-1]
        texts = zip(again.unique, once.unique, strict=True)
        names = zip(again.names, once.names, strict=True)
        renamed = dict((*texts, *names))
        ledger, noise = self.exchanger.ledger, False
        for name in first.requests.keys() & second.requests.keys():
            own = self.exchanger.own_effects(name, first, second, renamed)
            ledger.noise.learn(first.label, name, own)
            noise |= any(one.where == finding.where for one in own)
        return noise

    def _is_live(self, finding: Finding) -> bool:
        """Whether all that a finding is about can be asked again; a recorded server cannot."""
        names = {target.name for target in self.exchanger.targets}
        judged = finding.category in COMPARED or finding.category == CONFORMANCE
        return judged and bool(finding.sequence) and names.issuperset(finding.targets)

    def _oracle(self, finding: Finding) -> Oracle:
        return Oracle(self.exchanger, finding, self.budget, self._rng, self.identities)

    def _first_shown(self, findings: list[Finding]) -> tuple[Oracle, Played] | None:
        """The first sequence of some findings that shows one of them again.

        Those that lean on nothing come first, and of them the quick ones; then those that make what
        the answer showed; last comes all that was sent before the finding.
        """
        tries = [(finding, each) for finding in findings for each in finding.exemplars]
        tries.sort(key=lambda pair: self._cost(pair[1]))
        oracles = {id(finding): self._oracle(finding) for finding in findings}
        for finding, exchanges in self._tries(tries):
            oracle = oracles[id(finding)]
            found = self._shown(oracle, exchanges)
            if found is not None:
                return found
            if oracle.leans_on_others:
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
        start = self._named(tuple(exchanges))
        if not start.exchanges:
            return None
        played = oracle.play(start, start.exchanges, anew=True)
        if played is None or not played.shown:
            return None
        grounded = self._grounded(oracle, played, start.exchanges)
        return (oracle, grounded) if grounded is not None else None

    def _tries(
        self, exemplars: list[tuple[Finding, list[Exchange]]]
    ) -> Iterator[tuple[Finding, Iterable[Exchange]]]:
        yield from exemplars[:_MOST_TRIES]
        yield from exemplars[:1]
        for finding, exchanges in exemplars[:1]:
            if finding.signature.kind == "list":
                remade = self._remaking(finding, tuple(exchanges), tuple(exchanges))
                yield from ((finding, steps) for steps in remade)

    def _grounded(self, oracle: Oracle, played: Played, start: Exchanges) -> Played | None:
        """The same with steps that make what a list shows, where it leans on what was there.

        Best are steps that make all of it, so that they show the same where nothing is yet. `None`
        if such steps all succeed and do not show the finding: it is about what was left by others.
        Where nobody knows how to make what is listed, it is given, and the steps stand.
        """
        exchanges = played.sequence.exchanges
        if _stands_alone(oracle.finding, exchanges):
            return played
        if counts_others(oracle.finding, exchanges):
            return self._grown(oracle, start, exchanges)
        remade, best = False, None
        for steps in self._remaking(oracle.finding, start, exchanges):
            named = self._named(steps)
            again = oracle.play(named, named.exchanges, anew=True)
            if again is None or again.follows is not None:
                continue
            if again.shown and _stands_alone(oracle.finding, again.sequence.exchanges):
                return again
            if again.shown:
                best = best or again
            remade = remade or all(map(has_succeeded, again.sequence.exchanges[:-1]))
        if best is not None:
            return best
        return None if remade else played

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
        named = self._named(everything)
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

    def _depends(self, oracle: Oracle, played: Played) -> bool:
        """Whether a finding never shows without a write that succeeded on one side only."""
        best = fewer_steps(played.sequence, oracle.show)
        again = oracle.play(best, best.exchanges, anew=True)
        if again is not None and again.shown and again.follows is None:
            self._take(oracle.finding, oracle, again.sequence)
            return False
        return True

    def _explain(self, finding: Finding, oracle: Oracle, sequence: Sequence) -> None:
        """Shorten the steps, and find the nearest ones that do not differ."""
        if _stands_alone(finding, sequence.exchanges):
            best = shrunk(sequence, partial(_show_alone, oracle), simplify=is_judged(finding))
        else:
            # All but the list may be needed, where nothing else has been made.
            best = simpler_last(sequence, partial(_show_counted, oracle))
        self.budget.begin()
        again = oracle.play(best, best.exchanges, anew=True)
        if again is None or not again.shown:
            # What was left in a session helped: the steps as they were are the proof.
            return
        best = again.sequence
        self._take(finding, oracle, best)
        if finding.category == PARITY and finding.signature.kind != "outcome":
            finding.cause = self._known_cause(oracle, best)
            if finding.cause is None:
                self._compare_with_neighbour(finding, oracle, best)
        finding.effect_of = _effect(best.exchanges)

    def _corrector(self) -> Corrector:
        log = self.exchanger.ledger
        return Corrector(log.document, log.conditions.requests, log.findings.tried.succeeded)

    def _known_cause(self, oracle: Oracle, best: Sequence) -> Condition | None:
        """The value or header that another finding was proved to hang on, if this one does too."""
        for condition, signature in self._causes:
            if condition.kind == "parameter" and signature != oracle.finding.signature:
                continue
            exchanges = self._corrector().without(best.exchanges, condition)
            played = oracle.play(best, exchanges, anew=True) if exchanges is not None else None
            if played is not None and not played.shown:
                return condition
        return None

    def _compare_with_neighbour(self, finding: Finding, oracle: Oracle, best: Sequence) -> None:
        if finding.signature.kind not in ("status", "list", "value"):
            return
        corrector = self._corrector()
        conditions = finding.conditions
        if finding.signature.kind == "status":
            conditions = best.exchanges[-1].conditions
        blamed: list[Condition] = []
        harmless: list[Condition] = []
        for correction in corrector.corrections(best.exchanges, conditions):
            played = oracle.play(best, correction.exchanges, anew=finding.signature.kind == "list")
            if played is None:
                continue
            last = played.sequence.exchanges[-1]
            status = status_of(best.exchanges[-1].leader)
            if finding.signature.kind != "status" and status_of(last.leader) != status:
                # Another answer altogether: nothing in it can be held against the first one.
                continue
            if played.shown or oracle.observation(last) is not None:
                harmless.append(correction.condition)
                continue
            blamed.append(correction.condition)
            if finding.neighbour is None:
                finding.neighbour = Neighbour(correction.changed, played.sequence.exchanges)
            if correction.condition.kind == "notable":
                break
        # What was put right and made no difference is not to blame; what was not tried may be.
        kept = [one for one in finding.conditions if one.kind != "notable"]
        if blamed or len(harmless) == len(conditions):
            kept = [one for one in kept if one not in harmless]
        notable = [one for one in blamed if one.kind == "notable"]
        finding.conditions = (*kept, *notable)
        proved = [one for one in blamed if one.kind in ("notable", "precondition")]
        if len(proved) == 1:
            finding.cause = cause_of(proved[0], best.exchanges[-1].request)
            self._causes.append((finding.cause, finding.signature))

    def _take(self, finding: Finding, oracle: Oracle, sequence: Sequence) -> None:
        finding.reproduced = True
        finding.sequence = list(sequence.exchanges)
        finding.values = {**finding.values, **oracle.values(sequence)}
        if finding.category in COMPARED and is_judged(finding):
            found = oracle.observation(sequence.exchanges[-1])
            if found is not None:
                first = found[1].differences[0]
                finding.kind, finding.where = first.kind, first.where
                finding.differences = found[1].differences

    def _named(self, exchanges: Exchanges) -> Sequence:
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


def _show_alone(oracle: Oracle, origin: Sequence, exchanges: Exchanges) -> Sequence | None:
    found = oracle.show(origin, exchanges)
    alone = found is not None and _stands_alone(oracle.finding, found.exchanges)
    return found if alone else None


def _show_counted(oracle: Oracle, origin: Sequence, exchanges: Exchanges) -> Sequence | None:
    found = oracle.show(origin, exchanges)
    counts = found is not None and oracle.finding.signature.how == "count"
    return None if found is None or (counts and not is_beyond_list(found.exchanges)) else found


def _stands_alone(finding: Finding, exchanges: Exchanges) -> bool:
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


def _effect(exchanges: Exchanges) -> str:
    """The write that a read shows the effect of, where its own answers did not differ."""
    last = exchanges[-1]
    if last.request.method not in SAFE_METHODS:
        return ""
    needs = dependencies(exchanges)
    makers = set().union(*needs) if needs else set()
    for at in range(len(exchanges) - 2, -1, -1):
        exchange = exchanges[at]
        made = isinstance(exchange.leader, Response) and exchange.leader.status == 201
        writes = exchange.request.method not in SAFE_METHODS and exchange.group is None
        if writes and not made and at not in makers:
            alike = not any(exchange.differences.values())
            return exchange.label if alike else ""
    return ""
