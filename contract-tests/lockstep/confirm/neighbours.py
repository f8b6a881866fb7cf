"""Compares a finding with the most similar steps that do not show it, to isolate its cause."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lockstep.confirm.corrections import Corrector, cause_of
from lockstep.confirm.oracle import Oracle, Sequence
from lockstep.confirm.plain_texts import with_plain_texts
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.conditions import ACCEPT, BEYOND_ASCII, INVALID, Condition
from lockstep.results.exchange import Exchange
from lockstep.results.findings import (
    Finding,
    Neighbour,
)
from lockstep.results.signatures import Signature
from lockstep.transport.messages import status_of

_REFUSED = (400, 422)


@dataclass(slots=True)
class Neighbours:
    """Removes one condition after the other, and keeps the proved causes."""

    exchanger: Exchanger
    _causes: list[tuple[Condition, Signature]] = field(default_factory=list, init=False)
    # Texts beyond ASCII as causes, with the target that alone refuses them.
    _refusing: list[tuple[Condition, str]] = field(default_factory=list, init=False)
    # What is invalid in a request that one target alone accepts.
    _accepted: list[Condition] = field(default_factory=list, init=False)

    def compare(self, finding: Finding, oracle: Oracle, best: Sequence) -> None:
        """Set the cause of a finding, and the most similar steps without the difference."""
        finding.cause = self._known_cause(oracle, best)
        if finding.cause is None:
            self._compare_with_neighbour(finding, oracle, best)

    def _corrector(self) -> Corrector:
        log = self.exchanger.ledger
        return Corrector(log.document, log.conditions.requests, log.findings.tried.succeeded)

    def _known_cause(self, oracle: Oracle, best: Sequence) -> Condition | None:
        """Return the proved cause of another finding, if this one depends on it as well."""
        for condition, name in self._refusing:
            if self._refuses_texts(name, oracle, best):
                return condition
        for condition in self._accepted:
            if self._is_of_accepted(condition, oracle, best):
                return condition
        for condition, signature in self._causes:
            if condition.kind == "parameter" and signature != oracle.finding.signature:
                continue
            if condition == ACCEPT and ACCEPT not in best.exchanges[-1].conditions:
                # In another media type, whatever is wrong with this one does not show.
                continue
            exchanges = self._corrector().without(best.exchanges, condition)
            played = oracle.play(best, exchanges, anew=True) if exchanges is not None else None
            if played is not None and not played.shown:
                return condition
        return None

    def _refuses_texts(self, name: str, oracle: Oracle, best: Sequence) -> bool:
        """Whether a target refuses a request for its texts beyond ASCII, in whichever member.

        If all texts are plain, the finding does not show, and the others answer as before.
        """
        last = best.exchanges[-1]
        refused = name in last.outcomes and status_of(last.outcomes[name]) in _REFUSED
        plain = with_plain_texts(last.request) if refused else None
        if plain is None:
            return False
        steps = (*best.exchanges[:-1], replace(last, request=plain))
        played = oracle.play(best, steps, anew=True)
        if played is None or played.shown:
            return False
        now = played.sequence.exchanges[-1].outcomes
        others = ((now[each], last.outcomes[each]) for each in now if each != name)
        return all(status_of(one) == status_of(other) for one, other in others)

    def _is_of_accepted(self, condition: Condition, oracle: Oracle, best: Sequence) -> bool:
        """Whether a refusal differs only if something is invalid that one target accepts.

        Without it, everyone refuses the request for the rest of its content as before.
        """
        last = best.exchanges[-1]
        before = [status_of(each) for each in last.outcomes.values()]
        if condition not in last.conditions or not all(each in _REFUSED for each in before):
            return False
        steps = self._corrector().without(best.exchanges, condition)
        played = oracle.play(best, steps, anew=True) if steps is not None else None
        if played is None or played.shown:
            return False
        now = played.sequence.exchanges[-1].outcomes.values()
        return [status_of(each) for each in now] == before

    def _compare_with_neighbour(self, finding: Finding, oracle: Oracle, best: Sequence) -> None:
        if finding.signature.kind not in ("status", "list", "value"):
            return
        corrector = self._corrector()
        conditions = finding.conditions
        if finding.signature.kind == "status":
            conditions = best.exchanges[-1].conditions
        named = any(one.kind != "notable" for one in conditions)
        blamed: list[Condition] = []
        harmless: list[Condition] = []
        for correction in corrector.corrections(best.exchanges, conditions):
            if blamed and named and correction.condition not in conditions:
                break
            played = oracle.play(best, correction.exchanges, anew=finding.signature.kind == "list")
            if played is None:
                continue
            last = played.sequence.exchanges[-1]
            status = status_of(best.exchanges[-1].leader)
            if finding.signature.kind != "status" and status_of(last.leader) != status:
                # A different kind of response, which is not comparable.
                continue
            if correction.condition.kind == "notable" and _breaks(best.exchanges[-1], last):
                # Whoever took the request refuses what is left of it.
                continue
            if played.shown or oracle.observation(last) is not None:
                harmless.append(correction.condition)
                continue
            blamed.append(correction.condition)
            if finding.neighbour is None:
                finding.neighbour = Neighbour(correction.changed, played.sequence.exchanges)
            if correction.condition.kind == "notable":
                break
        # Conditions whose removal made no difference are not causes; those not tried may be.
        kept = [one for one in finding.conditions if one.kind != "notable"]
        if blamed or len(harmless) == len(conditions):
            kept = [one for one in kept if one not in harmless]
        notable = [one for one in blamed if one.kind == "notable"]
        finding.conditions = (*kept, *notable)
        if len(blamed) == 1 and blamed[0].kind in INVALID and _is_accepted_alone(finding):
            finding.cause = blamed[0]
            self._accepted.append(blamed[0])
        proved = [one for one in blamed if one.kind in ("notable", "precondition")]
        if len(proved) == 1:
            finding.cause = cause_of(proved[0], best.exchanges[-1].request)
            self._causes.append((finding.cause, finding.signature))
            name = _refuses_alone(finding)
            if finding.cause.detail in BEYOND_ASCII and name:
                self._refusing.append((finding.cause, name))


def _is_accepted_alone(finding: Finding) -> bool:
    """Whether one target takes a content that all others refuse."""
    taken = sum(value.startswith("2") for value in finding.values.values())
    refused = sum(value in map(str, _REFUSED) for value in finding.values.values())
    return finding.kind == "status" and taken == 1 and refused == len(finding.values) - 1


def _refuses_alone(finding: Finding) -> str:
    """Return the one target that refuses the content of what others take; empty if none does."""
    refusing = [name for name, value in finding.values.items() if value in map(str, _REFUSED)]
    taken = sum(value.startswith("2") for value in finding.values.values())
    alone = len(refusing) == 1 and taken == len(finding.values) - 1
    return refusing[0] if alone and finding.kind == "status" else ""


def _breaks(before: Exchange, after: Exchange) -> bool:
    """Whether some target took a request, and none takes it any more."""
    return _is_taken(before) and not _is_taken(after)


def _is_taken(exchange: Exchange) -> bool:
    statuses = (status_of(outcome) or 599 for outcome in exchange.outcomes.values())
    return any(status < 400 for status in statuses)
