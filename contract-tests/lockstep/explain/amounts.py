"""Folds differences in numbers that follow from one wrong number, as totals and balances do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import product

from lockstep.explain.cluster import Cluster, into_earlier, plainest_first
from lockstep.results.amounts import distance
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.findings import PARITY, Finding


def same_amount(clusters: Iterable[Cluster]) -> list[Cluster]:
    """Fold numbers of one response that are as far off as another one, or as two others together.

    Totals in a list that are off because of what was there before follow from the number of the
    same name.
    """
    return into_earlier(sorted(clusters, key=_grounded_first), _follows)


def _grounded_first(one: Cluster) -> tuple[bool, tuple[bool | int, ...]]:
    return _is_left_over(one.chosen), plainest_first(one.chosen)


def _is_off(one: Cluster) -> bool:
    """Whether a cluster is about a number with another value."""
    chosen = one.chosen
    plain = chosen.category == PARITY and chosen.kind == "value" and chosen.cause is None
    return plain and distance(chosen.values.values()) is not None


def _follows(one: Cluster, other: Cluster) -> bool:
    ours, theirs = one.chosen, other.chosen
    if not (_is_off(one) and _is_off(other)):
        return False
    is_total = _is_left_over(ours) and not _is_left_over(theirs) and "*" in ours.where
    if is_total and _member(ours) == _member(theirs):
        return True
    last = (finding.sequence[-1] for finding in (ours, theirs) if finding.sequence)
    return any(
        left in off and right in off and _is_same_fact(off, left, right)
        for exchange in last
        for off in [_off(exchange)]
        for left, right in product(_places(one, exchange.label), _places(other, exchange.label))
    )


def _places(one: Cluster, operation: str) -> set[str]:
    return {finding.where for finding in one.findings if finding.operation == operation}


def _is_same_fact(off: Mapping[str, Decimal], one: str, other: str) -> bool:
    """Whether two places of one response are equally far off, or by what a third one is."""
    if abs(off[one]) == abs(off[other]):
        return True
    thirds = {abs(number) for place, number in off.items() if place not in (one, other)}
    return bool(thirds & {abs(off[one] - off[other]), abs(off[one] + off[other])})


def _off(exchange: Exchange) -> dict[str, Decimal]:
    """Return the numbers of a response that have another value, by their places."""
    found: dict[str, Decimal] = {}
    for differences in exchange.differences.values():
        for each in differences:
            apart = distance((each.left, each.right)) if each.kind == "value" else None
            if apart is not None:
                found.setdefault(each.where, apart)
    return found


def _is_left_over(finding: Finding) -> bool:
    """Whether nothing in the steps of a finding writes: what it shows was there before."""
    steps = finding.sequence
    return bool(steps) and all(
        each.request.method in SAFE_METHODS or each.group is not None for each in steps
    )


def _member(finding: Finding) -> str:
    return finding.where.rpartition("/")[2]
