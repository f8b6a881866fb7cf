"""Folds the members of a response that differ in the same exchanges."""

from __future__ import annotations

from collections.abc import Iterable

from lockstep.explain.cluster import Cluster, into_earlier, plainest_first
from lockstep.results.exchange import Exchange
from lockstep.results.findings import PARITY, Finding
from lockstep.results.tried import Tried

# Probability that what differs independently coincides as often as was seen, and the maximum share
# of the responses: what is not rare may depend on the same of a request, as a list of two numbers.
_CHANCE, _RARE = 0.05, 0.1
_OF_VALUES = frozenset({"value", "list", "member", "type", "time", "form"})


def same_exchanges(clusters: Iterable[Cluster], tried: Tried) -> list[Cluster]:
    """Fold the differences of one operation that only show together with a rare other one.

    An amount that is rounded wrongly is also wrong in its smallest unit, for example. Two faults
    that depend on different requests, or that show in each response, stay apart.
    """
    often_first = sorted(clusters, key=lambda each: (-each.count, plainest_first(each.chosen)))
    return into_earlier(often_first, lambda one, known: _is_together(known, one, tried))


def _is_together(known: Cluster, one: Cluster, tried: Tried) -> bool:
    if len(known.operations | one.operations) > 1:
        return False
    if not all(map(_is_of_value, (*known.findings, *one.findings))):
        return False
    ours = known.chosen
    count = sum(each.count for each in known.findings if each.where == ours.where)
    answered = sum(tried.alike_at(ours.operation, status) for status in ("200", "201"))
    lasts = [each[-1] for finding in one.findings for each in finding.exemplars if each]
    if not lasts or one.count > count or count > answered:
        return False
    share = count / answered
    by_chance = share ** len({last.number for last in lasts})
    return share <= _RARE and by_chance <= _CHANCE and all(_has(last, ours.where) for last in lasts)


def _is_of_value(finding: Finding) -> bool:
    return finding.category == PARITY and finding.signature.kind in _OF_VALUES


def _has(exchange: Exchange, where: str) -> bool:
    """Whether the responses of an exchange differ in a place."""
    return any(one.where == where for each in exchange.differences.values() for one in each)
