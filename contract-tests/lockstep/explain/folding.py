"""Puts findings together that have one cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lockstep.explain.attribution import has_cause_of
from lockstep.explain.words import same_number
from lockstep.openapi.schema_lookup import Place
from lockstep.results.findings import PARITY, Finding

# Differences of a member as such, and not of the values that one request gave it.
_OF_A_MEMBER = frozenset({"extra", "form", "missing", "type"})

Cause = tuple[str, ...]


def cause_of(finding: Finding, place: Place) -> Cause | None:
    """What findings of other operations may share: a member of a component, or a header."""
    if finding.category != PARITY:
        return None
    of_a_member = finding.kind in _OF_A_MEMBER or same_number(list(finding.values.values()))
    if of_a_member and place.owner_name:
        return finding.kind, place.name, finding.verdict, *finding.targets
    if finding.kind == "header" and "absent" in finding.values.values():
        lacking = (name for name, value in finding.values.items() if value == "absent")
        return finding.kind, finding.where, finding.verdict, *finding.targets, *lacking
    return None


def under_parity(findings: list[Finding]) -> list[Finding]:
    """The findings without those on single targets that are about a difference found anyway."""
    parity = [one for one in findings if one.category == PARITY and one.at_fault]
    kept = []
    for finding in findings:
        cause = next((one for one in parity if has_cause_of(one, finding)), None)
        if cause is None:
            kept.append(finding)
        elif finding.kind != "server_error":
            # That an answer of 5xx is wrong needs no second sentence.
            cause.breaks.append(finding)
    return kept


def under_first(findings: Iterable[Finding], causes: Mapping[int, Cause | None]) -> list[Finding]:
    """The findings with those that share a cause under the first of them; `causes` are by `id`."""
    first: dict[Cause, Finding] = {}
    kept = []
    for finding in findings:
        cause = causes.get(id(finding))
        if cause is None or cause not in first:
            kept.append(finding)
        else:
            first[cause].also.append(finding)
        if cause is not None:
            first.setdefault(cause, finding)
    return kept
