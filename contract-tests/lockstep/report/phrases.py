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
        yield _missing(missing)


def missing_of(data: Data, operation: str) -> list[str]:
    """`missing_lines` of one operation."""
    return [_missing(one) for one in data["missing"] if one["operation"] == operation]


def curl_lines(finding: Data, target: str, limit: int = 4000) -> Iterator[str]:
    """The commands of a finding's steps for one target, each with what it was answered."""
    for step in finding["steps"]:
        if target in step["curl"]:
            outcome = step["outcomes"].get(target, {})
            answer = outcome.get("failure") or outcome.get("status", "")
            command = step["curl"][target]
            if len(command) > limit:
                command = f"{command[:limit]}… (whole in the JSON report)"
            yield f"{command}  # {answer}"


def operations_of(finding: Data) -> list[str]:
    """The operations that show a finding, the one with its steps first."""
    return [finding["operation"], *(other["operation"] for other in finding["also"])]


def also(finding: Data) -> str:
    """`Also in a, b.` for the operations that show the same; empty where there are none."""
    names = dict.fromkeys(operations_of(finding)[1:])
    return f"Also in {', '.join(names)}." if names else ""


def plain(sentence: str) -> str:
    """A sentence without the backticks around names."""
    return sentence.replace("`", "")


def _missing(missing: Data) -> str:
    whom = ", ".join(missing["targets"])
    return f"{missing['operation']} {missing['status']}: not from {whom}"


def classes(data: Data) -> list[tuple[str, int]]:
    """How many findings each class has, the most frequent first."""
    return Counter(finding["class"] for finding in data["findings"]).most_common()
