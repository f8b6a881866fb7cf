"""Folds what reads show of an earlier difference, which has left the targets in other states."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.explain.cluster import Cluster, into
from lockstep.results.exchange import SAFE_METHODS
from lockstep.results.findings import PARITY, RACE, Finding
from lockstep.results.tried import Tried

# The kinds of signatures of what a read shows of a state, and not of a form.
_OF_STATE = frozenset({"value", "list"})
_READ = "200"


def without_leftovers(clusters: list[Cluster], tried: Tried) -> Iterator[Cluster]:
    """Fold reads that differ without any step into what is known to part the targets.

    Steps that only read show what was there before. A server that has no users keeps what others
    have left behind, so that one write makes each later list and total differ.
    """
    causes = [one for one in clusters if _parts_targets(one.chosen)]
    return into(clusters, causes, lambda one, _: _is_left_over(one, tried))


def _parts_targets(finding: Finding) -> bool:
    """Whether steps from nothing show that a write has another effect on each target."""
    writes = not _only_reads(finding) and finding.reproduced is True
    return finding.category == RACE or (writes and bool(finding.effect_of))


def _is_left_over(one: Cluster, tried: Tried) -> bool:
    """Whether a read that was alike before differs, and no step of its evidence writes."""
    chosen = one.chosen
    of_state = chosen.category == PARITY and chosen.signature.kind in _OF_STATE
    if not (of_state and chosen.sequence and _only_reads(chosen)):
        return False
    return all(tried.alike_at(each.operation, _READ) > each.count for each in one.findings)


def _only_reads(finding: Finding) -> bool:
    steps = (each for each in finding.sequence if each.group is None)
    return all(each.request.method in SAFE_METHODS for each in steps)
