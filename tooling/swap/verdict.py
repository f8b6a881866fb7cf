"""The results of a swap in figures: swap.json."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psutil

from tooling.swap.clients import Sample
from tooling.swap.profiles import Profile
from tooling.swap.run import Swapped

_SHOWN = 10


def figures(swapped: Swapped, profile: Profile) -> dict[str, Any]:
    """Return all figures of a swap. The counts in `faults` must be zero."""
    samples = swapped.observed.samples
    begin = min(sample.due for sample in samples)
    kinds = Counter(sample.kind for sample in samples)
    times = [sample.milliseconds for sample in samples]
    runtimes = {each.name: each.kind for each in swapped.instances}
    answered = Counter[str]()
    for counts in swapped.served.values():
        answered.update(counts)
    return {
        "rate": profile.rate,
        "users": profile.users,
        "seconds": max(sample.due for sample in samples) - begin,
        "requests": len(samples),
        "faults": {
            "failed": kinds["failed"],
            "inconsistent": kinds["inconsistent"],
            "lost": len(swapped.ledger.lost),
            "never acknowledged": len(swapped.ledger.extra),
            "sent twice by the proxy": sum(count - 1 for count in answered.values()),
            "idle connections ended by servers": sum(
                each.closed or 0 for each in swapped.instances
            ),
            "processes that ended badly": len(swapped.problems),
        },
        "refused": swapped.observed.refused,
        "rows": swapped.ledger.rows,
        "messages": _messages(swapped),
        "milliseconds": {
            "p50": percentile(times, 0.5),
            "p99": percentile(times, 0.99),
            "max": max(times),
        },
        "operations": dict(Counter(sample.operation for sample in samples).most_common()),
        "served": {name: len(counts) for name, counts in swapped.served.items()},
        "moves": [
            {"what": move.what, "begin": move.begin - begin, "end": move.end - begin}
            for move in swapped.moves
        ],
        "series": list(_series(samples, begin, swapped.served, runtimes)),
        "not_counted": [] if psutil.LINUX else ["idle connections ended by servers"],
    }


def percentile(times: Sequence[float], share: float) -> float:
    """Return a percentile by nearest rank."""
    return sorted(times)[max(0, math.ceil(share * len(times)) - 1)]


def _messages(swapped: Swapped) -> list[str]:
    """Return messages about the first failures of each kind."""
    failures = [
        f"{each['operation']} ({each['request_id']}): {each['kind']}, {each['message']}"
        for each in swapped.observed.failures
    ]
    closed = [
        f"{each.name} ended {each.closed} idle connections"
        for each in swapped.instances
        if each.closed
    ]
    every = [failures, swapped.ledger.lost, swapped.ledger.extra, closed, swapped.problems]
    return [line for lines in every for line in lines[:_SHOWN]]


def _series(
    samples: Sequence[Sample],
    begin: float,
    served: Mapping[str, Mapping[str, int]],
    runtimes: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    """Yield for each second the number of requests, by responding runtime, and the times."""
    by_request = {each: runtimes[name] for name, counts in served.items() for each in counts}
    seconds = defaultdict[int, list[Sample]](list)
    for sample in samples:
        seconds[int(sample.due - begin)].append(sample)
    for second, found in sorted(seconds.items()):
        times = [sample.milliseconds for sample in found]
        by_runtime = Counter(by_request.get(sample.request_id, "nobody") for sample in found)
        yield {
            "second": second,
            "requests": len(found),
            "wrong": sum(sample.kind != "ok" for sample in found),
            "python": by_runtime["python"],
            "node": by_runtime["node"],
            "p50": percentile(times, 0.5),
            "p99": percentile(times, 0.99),
        }
