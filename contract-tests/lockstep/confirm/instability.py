"""Detects status codes that change by chance, on all targets, when a request is repeated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from lockstep.confirm.oracle import Oracle
from lockstep.confirm.oracle import Sequence as Steps
from lockstep.results.exchange import SAFE_METHODS
from lockstep.results.findings import PARITY, Finding
from lockstep.transport.messages import status_of

_REPEATS = 9
# Status codes may come in runs.
_TRIES = 3
_FAILURE = 500
_KINDS = frozenset({"status", "outcome"})


def has_mirrored(finding: Finding, others: Iterable[Finding]) -> bool:
    """Whether the same operation was also seen to differ in status codes the other way round."""
    return any(
        other.operation == finding.operation
        and other.signature.kind in _KINDS
        and other.targets == finding.targets
        and _pair(other) == _pair(finding)[::-1]
        for other in others
        if other.category == PARITY
    )


def fails_at_times(finding: Finding, seen: Mapping[str, Mapping[int, int]]) -> bool:
    """Whether one status code of a finding is a failure, and every target has responded with both.

    `seen` counts the status codes of the operation by target. A health check at random differs in
    one direction only, if by chance.
    """
    codes = {int(code) for code in _pair(finding) if code.isdecimal()}
    counted = [set(seen.get(name, ())) for name in finding.targets]
    return max(codes, default=0) >= _FAILURE and all(codes <= each for each in counted)


def is_chance(oracle: Oracle, steps: Steps) -> bool:
    """Whether every target, by itself, goes from one status code to another and back.

    The last request of the steps is repeated. A target that alone does so differs from the others,
    and a status code that changes once may be that of a job.
    """
    finding, last = oracle.finding, steps.exchanges[-1]
    if finding.signature.kind not in _KINDS or last.request.method not in SAFE_METHODS:
        return False
    repeated = (*steps.exchanges, *[last] * _REPEATS)
    unsure = set(finding.targets)
    for _ in range(_TRIES):
        oracle.budget.begin()
        played = oracle.play(steps, repeated, anew=True, to_the_end=True)
        if played is None:
            return False
        answers = played.sequence.exchanges[-_REPEATS - 1 :]
        unsure -= {
            name
            for name in unsure
            if _returns([status_of(each.outcomes[name]) for each in answers])
        }
        if not unsure:
            return True
    return False


def _pair(finding: Finding) -> tuple[str, ...]:
    return tuple(finding.values.get(name, "") for name in finding.targets)


def _returns(statuses: Sequence[int | None]) -> bool:
    """Whether a status code comes again after a different one."""
    runs = [status for status, _ in groupby(statuses)]
    return len(runs) > len(set(runs))
