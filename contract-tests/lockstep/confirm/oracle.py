"""Plays a sequence from a clean state and checks whether a finding shows."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lockstep.confirm.budget import Budget
from lockstep.confirm.following import cause_among
from lockstep.confirm.growth import with_whole_page
from lockstep.confirm.weeks import Weeks
from lockstep.drivers.replay.driver import Replayer
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.naming import is_id, is_made_time
from lockstep.recordings.names import named_in
from lockstep.recordings.recorded_target import RecordedTarget, scratch
from lockstep.recordings.recording import Step
from lockstep.recordings.uniquify import Uniquifier
from lockstep.results.conditions import kinds_of
from lockstep.results.exchange import Exchange
from lockstep.results.findings import COMPARED, Finding
from lockstep.results.grounding import list_elements
from lockstep.results.sides import Pair
from lockstep.results.signatures import Observation
from lockstep.transport.credentials import Identity
from lockstep.transport.messages import Outcome, status_of

# Log-ins that take longer are shared by several attempts.
_SLOW_LOG_IN = 0.05
# Numbers with at most this many digits may be quantities, too.
_SHORT = 4


@dataclass(frozen=True, slots=True)
class Sequence:
    """Exchanges that showed a finding, in the last one of them.

    `unique` are texts that targets accept only once, `names` those of them that are whole values.
    """

    exchanges: tuple[Exchange, ...]
    unique: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Session:
    """Logged-in users: their log-ins as sent, and the unique texts of that time."""

    log_ins: tuple[Exchange, ...]
    unique: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(slots=True)
class Played:
    """The result of an attempt: the exchanges, and whether the finding showed in the last one.

    `follows` is an earlier one-sided exchange of the attempt, of which the finding is a
    consequence.
    """

    sequence: Sequence
    shown: bool
    follows: Exchange | None = None


@dataclass(slots=True)
class Oracle:
    """Tries to reproduce one finding; nothing that happens here counts in the run.

    `identities` are users who logged in outside the sequences. `is_conclusive` becomes false when
    an attempt could not be judged because it referred to values that it had not made;
    `leans_on_others` is true if the finding exists, but only due to what others left behind. If it
    `moves_on`, each attempt moves future times by other `weeks`, as they are taken then.
    """

    exchanger: Exchanger
    finding: Finding
    budget: Budget
    rng: random.Random
    identities: Mapping[str, Identity]
    is_conclusive: bool = True
    leans_on_others: bool = False
    # Whether each attempt moves future times to other weeks.
    moves_on: bool = False
    weeks: Weeks = field(default_factory=Weeks)
    _session: _Session | None = field(default=None, init=False)

    def show(self, origin: Sequence, exchanges: tuple[Exchange, ...]) -> Sequence | None:
        """Send a changed sequence with new unique texts; `None` if the finding did not show."""
        played = self.play(origin, exchanges)
        return played.sequence if played is not None and played.shown else None

    def play(
        self,
        origin: Sequence,
        exchanges: tuple[Exchange, ...],
        *,
        anew: bool = False,
        to_the_end: bool = False,
    ) -> Played | None:
        """Send a sequence, up to where the finding shows. Returns `None` if it could not be judged.

        With `to_the_end` all is sent, and only the last request counts. If logging in is slow, the
        users of the previous attempt are kept, unless it is to begin `anew`.
        """
        if self.budget.is_spent():
            self.is_conclusive = False
            return None
        session = None if anew else self._reusable(exchanges)
        weeks = self.weeks.choose() if self.moves_on else 0
        replayer = self._replayer(origin, exchanges, session, weeks)
        known = iter(session.log_ins if session is not None else ())
        played: list[Exchange] = []
        shown = False
        started, logging_in = time.monotonic(), 0.0
        for at, step in enumerate(exchanges, 1):
            if session is not None and step.group is not None:
                played.append(replayer.assume(Step.of(step), next(known)))
                continue
            self.budget.spend()
            result = replayer.step(Step.of(step))
            if _is_foreign(result.exchange.request.path, result.foreign):
                self.is_conclusive = False
                self.weeks.note(weeks, accepted=False)
                return None
            exchange = result.exchange
            played.append(exchange)
            if step.group is not None:
                logging_in = time.monotonic() - started
            is_last = at == len(exchanges)
            shown = self.shows(exchange, is_last=is_last)
            fitted = with_whole_page(step, exchange) if is_last and not shown else None
            if fitted is not None:
                self.budget.spend()
                played[-1] = replayer.step(Step.of(fitted)).exchange
                shown = self.shows(played[-1], is_last=True)
            if shown and not to_the_end:
                break
        self.weeks.note(weeks, accepted=not _is_refused(exchanges, played))
        follows = self._cause(played)
        stands_for = replayer.fresh.stands_for
        unique, names = (tuple(map(stands_for, texts)) for texts in (origin.unique, origin.names))
        if session is None and logging_in > _SLOW_LOG_IN:
            log_ins = tuple(each for each in played if each.group is not None)
            self._session = _Session(log_ins, unique, names)
        return Played(Sequence(tuple(played), unique, names), shown, follows)

    def _cause(self, played: list[Exchange]) -> Exchange | None:
        """Return the earlier exchange of an attempt that its last one is a consequence of."""
        if not played:
            return None
        *earlier, last = played
        found = self.observation(last)
        differences = found.differences if found is not None else ()
        return cause_among(self.exchanger.ledger.document, earlier, last, differences)

    def observation(self, exchange: Exchange) -> Observation | None:
        """Return the first observation in an exchange that matches the finding."""
        signature = self.finding.signature
        for _, one in self._observations(exchange):
            found = one.signature
            listed = found.kind == "list" and (found.kind, found.what) == (
                signature.kind,
                signature.what,
            )
            if found == signature or listed:
                return one
        return None

    def _observations(self, exchange: Exchange) -> Iterator[tuple[Pair, Observation]]:
        for partner, differences in exchange.found():
            names, found = self.exchanger.ledger.observed(exchange, partner, differences)
            yield from ((names, one) for one in found)

    def values(self, shown: Sequence) -> dict[str, str]:
        """Return what each target showed when the finding was seen in a sequence."""
        last = shown.exchanges[-1]
        found: dict[str, str] = {}
        for (one_side, other), one in self._observations(last):
            if one.signature == self.finding.signature:
                first = one.differences[0]
                found = {one_side: first.left, **found, other: first.right}
        for name, violations in last.violations.items():
            details = [each.detail for each in violations if self._is_it(each.kind, each.where)]
            if details and self.finding.category not in COMPARED:
                found[name] = details[0]
        return found

    def shows(self, exchange: Exchange, *, is_last: bool) -> bool:
        """Whether an exchange shows the finding, for the same reason."""
        finding = self.finding
        if exchange.label != finding.operation:
            return False
        if not is_judged(finding):
            status = status_of(finding.sequence[-1].leader)
            return is_last and status_of(exchange.leader) == status
        if finding.category in COMPARED:
            if self._lists_others(exchange):
                return True
            return self.observation(exchange) is not None and self._is_same_cause(exchange)
        every = (each for found in exchange.violations.values() for each in found)
        return any(self._is_it(each.kind, each.where) for each in every)

    def _lists_others(self, exchange: Exchange) -> bool:
        """Whether a list has, in the place of one thing, another one that it has elsewhere, too.

        A try has not seen how what was there before is called on each target, and takes the two for
        one thing whose members differ.
        """
        if self.finding.signature.kind != "list" or self.finding.signature.how == "count":
            return False
        ours, *others = map(_contents, exchange.outcomes.values())
        pairs = (pair for theirs in others for pair in zip(ours, theirs, strict=False))
        return any(left != right and right in ours for left, right in pairs)

    def _is_same_cause(self, exchange: Exchange) -> bool:
        if self.finding.signature.kind not in ("status", "outcome"):
            return True
        # Conditions that turned out not to matter are ignored, as for a `HEAD` beside its `GET`.
        both = (self.finding.conditions, self.finding.sequence[-1].conditions)
        causes = [kinds_of(conditions) - {"notable"} for conditions in both]
        # A try has not seen enough to know that a parameter takes any value, say.
        known = self.exchanger.ledger.conditions.settled(exchange.label, exchange.conditions)
        read = (exchange.conditions, known)
        return any(kinds_of(conditions) - {"notable"} in causes for conditions in read)

    def _is_it(self, kind: str, where: str) -> bool:
        return (kind, where) == (self.finding.kind, self.finding.where)

    def _replayer(
        self,
        origin: Sequence,
        exchanges: tuple[Exchange, ...],
        session: _Session | None,
        weeks: int,
    ) -> Replayer:
        log = scratch(self.exchanger.ledger)
        targets = self.exchanger.targets
        exchanger = Exchanger(log, targets, rotate=self.exchanger.rotates)
        recorded = RecordedTarget(log, targets[0], targets[0].base_url, judges=False)
        logged_in = {exchange.group for exchange in exchanges}
        given = {k: v for k, v in self.identities.items() if k not in logged_in}
        exchanger.identities |= given
        names = _names_of_leader(exchanges) - _tokens(given)
        kept: dict[str, str] = {}
        if session is not None:
            kept = dict(zip(origin.unique, session.unique, strict=True))
            kept |= dict(zip(origin.names, session.names, strict=True))
        fresh = Uniquifier(origin.unique, self.rng, names=origin.names, kept=kept, weeks=weeks)
        return Replayer(exchanger, recorded, fresh, made=names, known=self.identities)

    def _reusable(self, exchanges: tuple[Exchange, ...]) -> _Session | None:
        """Return the session of the previous attempt, if the same users log in."""
        session = self._session
        # A list would show leftovers of earlier attempts.
        if session is None or self.finding.signature.kind == "list":
            return None
        groups = [each.group for each in exchanges if each.group is not None]
        same = groups == [each.group for each in session.log_ins]
        return session if same and exchanges[-1].group is None else None


def _is_refused(steps: Iterable[Exchange], played: Iterable[Exchange]) -> bool:
    """Whether a step is refused that succeeded before."""
    pairs = zip(steps, played, strict=False)
    statuses = ((status_of(step.leader), status_of(now.leader)) for step, now in pairs)
    return any((was or 599) < 300 <= (now or 599) for was, now in statuses)


def _is_foreign(path: str, names: Iterable[str]) -> bool:
    """Whether a request refers to values unknown to live targets; short numbers only in paths."""
    parts = path.partition("?")[0].split("/")
    return any(len(name) > _SHORT or not name.isdigit() or name in parts for name in names)


def _contents(outcome: Outcome) -> list[dict[str, Any]]:
    """What the elements of a list say, without what the server has made up."""
    return [
        {k: v for k, v in element.items() if not is_id(k) and not is_made_time(k)}
        for element in list_elements(outcome)
    ]


def is_judged(finding: Finding) -> bool:
    """Whether lockstep itself detects the finding in an exchange, rather than another tool.

    For checks of other tools, only the status code of the last response is compared.
    """
    return finding.kind.islower()


def _names_of_leader(exchanges: tuple[Exchange, ...]) -> set[str]:
    """Return the identifiers of the leader that were translated: live ones must replace them."""
    found: set[str] = set()
    for exchange in exchanges:
        leader, *partners = exchange.requests.values()
        for partner in partners:
            found |= named_in(leader) - named_in(partner)
    return found


def _tokens(identities: Mapping[str, Identity]) -> set[str]:
    tokens = (token for identity in identities.values() for token in identity.tokens.values())
    return {secret for token in tokens for secret in token.split("\n")}
