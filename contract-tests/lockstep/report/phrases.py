"""Phrases shared by several reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from lockstep.explain.attribution import ALL_ALIKE
from lockstep.explain.severity import LEVELS
from lockstep.report.steps import Data
from lockstep.results.findings import BY_CHANCE, COMPARED, CONFORMANCE

# The maximum number of operations, rules and clauses to list.
_NAMED_PLACES = 3
_NAMED_RULES = 6
_NAMED_CLAUSES = 3


def is_parity(finding: Data) -> bool:
    """Whether a finding is a difference between targets, like `verdict.is_parity`."""
    if finding["category"] == CONFORMANCE or finding["kind"] == BY_CHANCE:
        return False
    return bool(finding["category"] in COMPARED or finding["class"] != ALL_ALIKE)


def decides(data: Data, finding: Data) -> bool:
    """Whether a finding counts for the exit code (`--fail-on`)."""
    asked = data["fail_on"]
    return bool(asked == "any" or is_parity(finding) == (asked == "parity"))


def in_full(data: Data) -> list[Data]:
    """Return the findings to show with evidence: differences, and others that count."""
    return [one for one in data["findings"] if is_parity(one) or decides(data, one)]


def only_remarked(data: Data) -> list[Data]:
    """Return the other findings: violated rules that `fail_on` does not cover."""
    return [one for one in data["findings"] if not (is_parity(one) or decides(data, one))]


def verdict(data: Data) -> str:
    """Return the verdict with its limitations: `alike, as far as tested (…)`."""
    word: str = data["verdict"]
    clauses = _clauses(data["untested"])
    if not clauses:
        return word
    if word == "alike":
        return f"{word}, as far as tested ({clauses})"
    return f"{word}: {clauses}" if word == "not tested" else word


def headline(data: Data) -> str:
    """Return the text after verdict and title: the number of findings, and what was not tested.

    If the run is incomplete, the reason follows.
    """
    clauses = _clauses(data["untested"])
    more = (
        f"; not tested: {clauses}"
        if clauses and data["verdict"] not in ("alike", "not tested")
        else ""
    )
    # The first problem has caused the others.
    problem = next(iter(data["problems"]), "") if data["verdict"] == "could not run" else ""
    return f"{counts(data)}{more}{f'; {problem}' if problem else ''}"


def conformance(data: Data) -> str:
    """Return `kept`, or `broken: 405 without `Allow` (6 operations), …` with the targets."""
    if not data["remarks"]:
        return str(data["conformance"])
    shown = [remark(one, data) for one in data["remarks"][:_NAMED_RULES]]
    hidden = len(data["remarks"]) - _NAMED_RULES
    return f"broken: {', '.join(shown)}" + (f" and {hidden} more rules" if hidden > 0 else "")


def remark(one: Data, data: Data) -> str:
    """Return a violated rule, the targets at fault if not all, and the number of operations."""
    number = one["operations"]
    by = f", {enumerated(one['targets'])}" if set(one["targets"]) < set(data["targets"]) else ""
    return f"{one['rule']} ({number} operation{'s' * (number != 1)}{by})"


def counts(data: Data) -> str:
    """Return the number of parity findings: `3 findings (1 critical, 2 low) on old and new`."""
    findings = [one for one in data["findings"] if is_parity(one)]
    levels = Counter(one["level"] for one in findings)
    found = [f"{levels[name]} {name}" for name, _ in LEVELS if levels[name]]
    listed = f" ({', '.join(found)})" if found else ""
    number = {0: "no findings", 1: "1 finding"}.get(len(findings), f"{len(findings)} findings")
    where = f" on {enumerated(data['targets'])}" if data["targets"] else ""
    return f"{number}{listed}{where}"


def totals(data: Data) -> str:
    """How much was sent, how fast, and how much of the document it reached."""
    seconds = sum(stage["seconds"] for stage in data["stages"])
    rate = data["exchanges"] / seconds if seconds else 0.0
    covered = data["covered"]
    found = len(data["findings"])
    return (
        f"{data['requests']:,} requests in {data['exchanges']:,} exchanges, "
        f"{seconds:.1f} s ({rate:,.0f} exchanges/s), "
        f"{covered['seen']} of {covered['documented']} documented statuses, "
        f"{found} finding{'s' * (found != 1)}, seed {data['seed']}"
    )


def missing_lines(data: Data) -> Iterator[str]:
    """Yield the documented status codes that were not seen, and the targets."""
    for missing in data["missing"]:
        yield _missing(missing)


def missing_of(data: Data, operation: str) -> list[str]:
    """Return the `missing_lines` of one operation."""
    return [_missing(one) for one in data["missing"] if one["operation"] == operation]


def excused_lines(data: Data) -> list[str]:
    """Return how many differences were not counted, by cause, the most frequent first."""
    causes = sorted(data["excused"].items(), key=lambda item: -item[1])
    return [f"{count:,} after: {cause}" for cause, count in causes]


def curl_lines(finding: Data, target: str, limit: int = 4000) -> Iterator[str]:
    """Yield the commands of a finding's steps for one target, each with all targets' responses."""
    for step, control in shell_commands(finding["steps"], target):
        command = step["curl"][target]
        if len(command) > limit:
            command = f"{command[:limit]}… (whole in the JSON report)"
        yield f"{command}{control}  # {answers(step)}"


def shell_commands(steps: Sequence[Data], target: str) -> Iterator[tuple[Data, str]]:
    """Yield the steps that were sent to a target, with what follows their commands in a shell."""
    sent = [step for step in steps if target in step["curl"]]
    return zip(sent, controls(sent), strict=True)


def controls(steps: Sequence[Data]) -> Iterator[str]:
    """Yield what follows the command of each step in a shell.

    Commands that are sent at once are run in the background, and waited for after the last.
    """
    for step, after in zip_longest(steps, steps[1:]):
        if not step.get("at_once"):
            yield ""
        else:
            yield " &" if after is not None and after.get("at_once") else " & wait"


def answers(step: Data) -> str:
    """Return `201` if all targets returned it, otherwise `old 201, new 422`."""
    by_target = {
        name: str(outcome.get("failure") or outcome.get("status", ""))
        for name, outcome in step["outcomes"].items()
    }
    if len(set(by_target.values())) == 1:
        return next(iter(by_target.values()))
    return ", ".join(f"{name} {text}" for name, text in by_target.items())


def operations_of(finding: Data) -> list[str]:
    """Return the operations that a finding occurs in, the one with its steps first."""
    named = (place["operation"] for place in finding["places"])
    return list(dict.fromkeys([finding["operation"], *named]))


def places(finding: Data) -> str:
    """Return `5 operations: a, b, c and 2 more`; empty for a finding of one operation."""
    names = operations_of(finding)
    if len(names) < 2:
        return ""
    return f"{len(names)} operations: {_some(names, _NAMED_PLACES)}"


def place_lines(finding: Data) -> list[str]:
    """Return every place of a finding: operation, location in the response, and count."""
    return [
        f"{place['operation']}: {place['where']} ({place['count']:,})"
        for place in finding["places"]
    ]


def breaks(finding: Data) -> list[str]:
    """Return a sentence for each rule of the document that the difference violates."""
    rules: dict[tuple[str, ...], list[str]] = {}
    for one in finding["breaks"]:
        key = one["kind"], one["where"], *one["targets"]
        rules.setdefault(key, []).append(one["sentence"])
    return [
        f"{first} Also in {len(more)} more operation{'s' * (len(more) > 1)}." if more else first
        for first, *more in rules.values()
    ]


def neighbour(finding: Data) -> str:
    """Return the change in the nearest steps that do not differ; empty if there are none."""
    return finding["neighbour"]["changed"] if finding["neighbour"] else ""


def seen(finding: Data) -> str:
    """Return how often a finding occurred, the first stage, and whether it was reproduced."""
    times = "1 time" if finding["count"] == 1 else f"{finding['count']:,} times"
    again = {True: "; reproduced from scratch", False: "; not reproduced"}
    return f"{times}, first in {finding['stage']}{again.get(finding['reproduced'], '')}"


def plain(sentence: str) -> str:
    """Return a sentence without the backticks around names."""
    return sentence.replace("`", "")


def classes(data: Data) -> list[tuple[str, int]]:
    """Return the number of findings of each class, the most frequent first."""
    return Counter(finding["class"] for finding in data["findings"]).most_common()


def enumerated(names: Sequence[str]) -> str:
    """Join names: `a, b and c`."""
    *first, last = names or ("nobody",)
    return f"{', '.join(first)} and {last}" if first else last


def _some(names: Sequence[str], limit: int) -> str:
    """Join the first names, and the number of remaining ones."""
    if len(names) <= limit + 1:
        return enumerated(names)
    return f"{', '.join(names[:limit])} and {len(names) - limit} more"


def _clauses(texts: Sequence[str]) -> str:
    return "; ".join(texts[:_NAMED_CLAUSES])


def _missing(missing: Data) -> str:
    names = ", ".join(missing["targets"])
    return f"{missing['operation']} {missing['status']}: not from {names}"
