"""View models of the HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from lockstep.report.diff import (
    APART,
    DIFFERS,
    PAIRED,
    SAME,
    Cell,
    Row,
    body_lines,
    rows,
    side_by_side,
)
from lockstep.report.phrases import operations_of, shell_commands
from lockstep.report.steps import Data
from lockstep.results.findings import COMPARED

# Equal lines further than this from a difference are collapsed.
CONTEXT = 4
MAX_ROWS = 400
MAX_COMMAND = 8000


@dataclass(frozen=True, slots=True)
class Pane:
    """The responses of two targets to one request; `right` is empty if there is only one.

    A row is a `Row`, or the number of omitted equal lines.
    """

    left: str
    right: str
    status: Row
    headers: list[tuple[str, Row]]
    body: list[Row | int]
    note: str


@dataclass(frozen=True, slots=True)
class Command:
    """One step for one target: the user that sends it, the command, and the response."""

    operation: str
    actor: str
    line: str
    answer: str
    note: str


def panes(finding: Data) -> Iterator[Pane]:
    """Yield the last responses of a finding: the leader's beside those of every other target."""
    return _panes(finding["steps"], finding["targets"], {finding["where"]})


def panes_of_neighbour(finding: Data) -> Iterator[Pane]:
    """Yield the last responses of the nearest steps that do not differ."""
    neighbour = finding["neighbour"] or {"steps": []}
    return _panes(neighbour["steps"], finding["targets"], set())


def _panes(steps: Sequence[Data], targets: Sequence[str], where: set[str]) -> Iterator[Pane]:
    if not steps:
        return
    step = steps[-1]
    leader, *others = step["outcomes"]
    involved = [name for name in others if name in targets] or others
    for name in involved:
        places = {one["where"] for one in step["differences"].get(name, ())} | where
        yield _pane(leader, name, step, places)
    if not others:
        yield _pane(leader, "", step, where)


def commands(finding: Data) -> list[tuple[str, list[Command]]]:
    """Return the steps of a finding for each target."""
    steps = finding["steps"]
    names = dict.fromkeys(name for step in steps for name in step["curl"])
    return [
        (name, [_command(step, name, after) for step, after in shell_commands(steps, name)])
        for name in names
    ]


def findings_of(data: Data, names: Sequence[str], *, parity: bool, target: str = "") -> list[int]:
    """Return the numbers of the findings that a cell of the matrix counts."""
    wanted = set(names)
    return [
        finding["number"]
        for finding in data["findings"]
        if wanted.intersection(operations_of(finding))
        and (finding["category"] in COMPARED if parity else target in finding["at_fault"])
    ]


def _pane(left: str, right: str, step: Data, places: set[str]) -> Pane:
    ours = step["outcomes"][left]
    theirs = step["outcomes"][right] if right else ours
    compared = _status(ours) == _status(theirs)
    mine, other = body_lines(ours.get("body", {})), body_lines(theirs.get("body", {}))
    body = _folded(rows(mine, other, places) if compared else side_by_side(mine, other))
    return Pane(
        left=left,
        right=right,
        status=_plain(_status(ours), _status(theirs), DIFFERS),
        headers=list(_headers(ours, theirs, places, compared=compared)),
        body=body[:MAX_ROWS],
        note=_note(ours, theirs, compared=compared, cut=len(body) > MAX_ROWS),
    )


def _status(outcome: Data) -> str:
    if "failure" in outcome:
        detail = f": {outcome['detail']}" if outcome["detail"] else ""
        return f"no response ({outcome['failure']}{detail})"
    return str(outcome["status"])


def _headers(
    ours: Data, theirs: Data, places: set[str], *, compared: bool
) -> Iterator[tuple[str, Row]]:
    left, right = _by_name(ours), _by_name(theirs)
    for name in sorted(left.keys() | right.keys()):
        state = DIFFERS if f"header {name}" in places else PAIRED if compared else APART
        yield name, _plain(left.get(name), right.get(name), state)


def _by_name(outcome: Data) -> dict[str, str]:
    grouped: dict[str, list[str]] = {}
    for name, value in outcome.get("headers", ()):
        grouped.setdefault(name.lower(), []).append(value)
    return {name: "\n".join(values) for name, values in grouped.items()}


def _plain(left: str | None, right: str | None, otherwise: str) -> Row:
    cells = [Cell(text) if text is not None else None for text in (left, right)]
    return Row(SAME if left == right else otherwise, *cells)


def _folded(found: Sequence[Row]) -> list[Row | int]:
    """Collapse long runs of equal rows into their number."""
    folded: list[Row | int] = []
    groups = [(same, list(group)) for same, group in groupby(found, lambda row: row.state == SAME)]
    for at, (same, group) in enumerate(groups):
        head = CONTEXT if at > 0 else 0
        tail = CONTEXT if at < len(groups) - 1 else 0
        if same and len(groups) > 1 and len(group) > head + tail + 1:
            folded += [*group[:head], len(group) - head - tail, *group[len(group) - tail :]]
        else:
            folded += group
    return folded


def _note(*outcomes: Data, compared: bool, cut: bool) -> str:
    bodies = [outcome.get("body", {}) for outcome in outcomes]
    sizes = [body["cut"] for body in bodies if "cut" in body and "sha256" not in body]
    if sizes:
        return f"Bodies are truncated; the longest has {max(sizes):,} bytes."
    if cut:
        return "Only the beginning is shown; the JSON report has more."
    return "" if compared else "The status codes differ, so headers and bodies were not compared."


def _command(step: Data, name: str, after: str) -> Command:
    line: str = step["curl"][name] + after
    outcome: dict[str, Any] = step["outcomes"].get(name, {})
    return Command(
        operation=step["operation"],
        actor=step["actor"] or "",
        line=line[:MAX_COMMAND],
        answer=str(outcome.get("failure") or outcome.get("status", "")),
        note="Truncated; the JSON report has all of it." if len(line) > MAX_COMMAND else "",
    )
