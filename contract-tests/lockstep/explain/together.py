"""Folds the members of a response that differ in the same exchanges, and in no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lockstep.explain.cluster import Cluster, plainest_first
from lockstep.results.findings import PARITY, Finding
from lockstep.results.tried import Tried

# Minimum number of exchanges: fewer may coincide by chance.
_FEWEST = 2
# Maximum share of the responses of an operation: what nearly always differs coincides with all.
_MOST = 0.75
_OF_VALUES = frozenset({"value", "list"})


def same_exchanges(clusters: Iterable[Cluster], tried: Tried) -> Iterator[Cluster]:
    """Fold the differences of one operation that each request shows together, or none of them.

    An amount that is rounded wrongly is also wrong in its smallest unit, for example. Only those
    that depend on the request count: two faults that show in each response are two.
    """
    kept: list[Cluster] = []
    for one in sorted(clusters, key=lambda each: plainest_first(each.chosen)):
        known = next((each for each in kept if _is_together(each, one, tried)), None)
        if known is None:
            kept.append(one)
        else:
            known.leading = known.chosen
            known.absorb(one)
    yield from kept


def _is_together(known: Cluster, one: Cluster, tried: Tried) -> bool:
    ours, theirs = known.chosen, one.chosen
    operations = known.operations | one.operations
    if len(operations) > 1 or not all(map(_is_of_value, (*known.findings, *one.findings))):
        return False
    count = sum(each.count for each in known.findings if each.where == ours.where)
    answered = sum(tried.alike_at(ours.operation, status) for status in ("200", "201"))
    if one.count != count or not _FEWEST <= count < answered * _MOST:
        return False
    return _always_has(ours, theirs.where) and _always_has(theirs, ours.where)


def _is_of_value(finding: Finding) -> bool:
    return finding.category == PARITY and finding.signature.kind in _OF_VALUES


def _always_has(finding: Finding, where: str) -> bool:
    """Whether all known occurrences of a finding differ in another place as well."""
    lasts = [sequence[-1] for sequence in finding.exemplars if sequence]
    return bool(lasts) and all(
        any(one.where == where for each in last.differences.values() for one in each)
        for last in lasts
    )
