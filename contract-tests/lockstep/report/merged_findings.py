"""Merges the findings of several shards: one cause is one finding, as in a whole run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lockstep.explain.attribution import concerns_parity
from lockstep.explain.clusters import cluster
from lockstep.report.shards import observed, tried
from lockstep.report.steps import Data
from lockstep.results.findings import CONFORMANCE, PARITY, Finding, Place

# The index of the shard, and the number of the finding in its report.
Key = tuple[int, int]


def merged_findings(parts: Sequence[Data]) -> tuple[list[Data], list[Data]]:
    """Return the merged findings of shards, the most severe first, and those seen once overall."""
    groups = _groups(parts)
    every = [_joined(several) for several in groups]
    kept = _under_parity(every)
    kept.sort(key=lambda one: (-one["severity"], len(one["steps"])))
    return (
        [one for one in kept if one["reproduced"] is not False],
        [one for one in kept if one["reproduced"] is False],
    )


def _groups(parts: Sequence[Data]) -> list[list[Data]]:
    """Group the findings by cause, like a run that had observed all of them."""
    shown = {
        (at, one["number"]): one
        for at, part in enumerate(parts)
        for one in (*part["findings"], *part["seen_once"])
    }
    count = tried(part["shard"] for part in parts)
    stands_for: dict[int, Key] = {}
    found: list[Finding] = []
    for at, part in enumerate(parts):
        for finding, number in observed(part["shard"]):
            found.append(finding)
            if number is not None:
                stands_for[id(finding)] = at, number
    groups: list[list[Data]] = []
    left = dict(shown)
    for is_rule in (False, True):
        chosen = [one for one in found if (one.category == CONFORMANCE) is is_rule]
        for one in cluster(chosen, count):
            keys = [stands_for[id(each)] for each in one.findings if id(each) in stands_for]
            several = [left.pop(key) for key in sorted(keys) if key in left]
            if several:
                groups.append(several)
    # Findings without an observation are kept.
    return [*groups, *([one] for one in left.values())]


def _joined(several: Sequence[Data]) -> Data:
    """Merge several findings into one with the best evidence, and the places and counts of all."""
    best = min(several, key=_quality)
    counts: Counter[tuple[str, str]] = Counter()
    for finding in (best, *(one for one in several if one is not best)):
        for place in finding["places"]:
            counts[place["operation"], place["where"]] += place["count"]
    values: dict[str, str] = {}
    for finding in (*(one for one in several if one is not best), best):
        values |= finding["values"]
    return {
        **best,
        "places": [
            {"operation": operation, "where": where, "count": count}
            for (operation, where), count in counts.items()
        ],
        "count": sum(one["count"] for one in several),
        "targets": list(dict.fromkeys(name for one in (best, *several) for name in one["targets"])),
        "values": {name: values[name] for name in dict.fromkeys((*best["values"], *values))},
        "breaks": _distinct([one for each in (best, *several) for one in each["breaks"]]),
    }


def _quality(finding: Data) -> tuple[bool, bool, bool, int, int]:
    """Return a sort key: reproduced findings first, then those with a neighbour."""
    return (
        finding["reproduced"] is not True,
        finding["reproduced"] is False,
        finding["neighbour"] is None,
        len(finding["steps"]),
        -finding["count"],
    )


def _distinct(rules: Sequence[Data]) -> list[Data]:
    return list({(one["kind"], one["where"], one["sentence"]): one for one in rules}.values())


def _under_parity(every: Sequence[Data]) -> list[Data]:
    """Attach each violation caused by the difference of another finding to that finding."""
    blamed = [(one, _bare(one)) for one in every if one["category"] == PARITY and one["at_fault"]]
    kept = []
    for finding in every:
        broken = _bare(finding)
        cause = None
        if finding["category"] == CONFORMANCE:
            cause = next((one for one, light in blamed if concerns_parity(light, broken)), None)
        if cause is None:
            kept.append(finding)
        elif finding["kind"] != "server_error":
            rule = {name: finding[name] for name in ("kind", "where", "targets", "sentence")}
            cause["breaks"] = _distinct([*cause["breaks"], rule])
    return kept


def _bare(finding: Data) -> Finding:
    """Return a finding without its evidence."""
    return Finding(
        finding["category"],
        finding["operation"],
        finding["kind"],
        finding["where"],
        tuple(finding["targets"]),
        finding["values"],
        places=[Place(*place.values()) for place in finding["places"]],
        at_fault=tuple(finding["at_fault"]),
    )
