"""What several reports say in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lockstep.report.steps import Data


def counts(data: Data) -> str:
    """`3 findings (1 critical, 2 low) on old and new`."""
    found = [f"{count} {name}" for name, count in data["levels"].items() if count]
    number = len(data["findings"])
    listed = f" ({', '.join(found)})" if found else ""
    on = ", ".join(data["targets"])
    return f"{number} {'finding' if number == 1 else 'findings'}{listed} on {on}"


def totals(data: Data) -> str:
    """How much was sent, how fast, and how much of the document it reached."""
    seconds = sum(stage["seconds"] for stage in data["stages"])
    rate = data["exchanges"] / seconds if seconds else 0.0
    covered = data["covered"]
    return (
        f"{data['requests']:,} requests in {data['exchanges']:,} exchanges, "
        f"{seconds:.1f} s ({rate:,.0f} exchanges/s), "
        f"{covered['seen']} of {covered['documented']} documented statuses, "
        f"{len(data['findings'])} findings, seed {data['seed']}"
    )


def missing_lines(data: Data) -> Iterator[str]:
    """The documented statuses that were not seen, and from whom."""
    for missing in data["missing"]:
        whom = ", ".join(missing["targets"])
        yield f"{missing['operation']} {missing['status']}: not from {whom}"


def classes(data: Data) -> list[tuple[str, int]]:
    """How many findings each class has, the most frequent first."""
    return Counter(finding["class"] for finding in data["findings"]).most_common()
