"""Computes the rows of the table from reports and known differences."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from tooling.power.findings import Report
from tooling.power.truth import FALSE, LABELLED, UNJUDGED, Truth

OURS = "lockstep"


@dataclass
class Row:
    """The results of one tool on one set; None where a column does not apply.

    shown: findings reproduced from an empty state, out of `tried`. reproduced: findings that the
    report itself marks as reproduced. remarks: the tool's findings about violated rules.
    """

    set: str
    tool: str = OURS
    known: int | None = None
    found: int | None = None
    findings: int = 0
    for_one: float | None = None
    shown: int | None = None
    tried: int = 0
    reproduced: int | None = None
    false: int | None = None
    unjudged: int | None = None
    seen_once: int = 0
    remarks: int = 0
    seconds: float = 0.0
    missed: list[str] = field(default_factory=list)
    listed: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def score_planted(
    name: str,
    reports: Mapping[str, Report],
    *,
    usual: Collection[tuple[str, ...]] = (),
    tool: str = OURS,
) -> Row:
    """Score runs on servers with one planted fault each, by the fault's name.

    usual: keys of findings that the tool also has without faults, which do not count.
    """
    row = Row(name, tool, known=len(reports))
    counts: dict[str, int] = {}
    for fault, report in reports.items():
        _add(row, report, fault)
        found = [each for each in report.deciding if each.key not in usual]
        if found:
            counts[fault] = len(found)
            row.listed[fault] = [each.title for each in found]
        else:
            row.missed.append(fault)
    row.found = len(counts)
    row.for_one = round(fmean(counts.values()), 2) if counts else None
    return row


def score_honest(name: str, reports: Mapping[str, Report], *, tool: str = OURS) -> Row:
    """Score runs on servers with equal behaviour: every finding is false."""
    row = Row(name, tool, known=0, found=0)
    for run, report in reports.items():
        _add(row, report, run)
        if report.deciding:
            row.listed[run] = [each.title for each in report.deciding]
    row.false = row.findings
    return row


def score_real(name: str, report: Report, truth: Truth, *, tool: str = OURS) -> Row:
    """Score a run on two real servers against their known differences."""
    row = Row(name, tool, known=len(truth.known))
    _add(row, report, name)
    judged = [truth.judge(each) for each in report.deciding]
    by_fact: dict[str, int] = {}
    for each in judged:
        row.listed.setdefault(each.verdict, []).append(
            f"{', '.join(fact.id for fact in each.facts) or '?'}: {each.finding.title}"
        )
        for fact in each.facts:
            if each.verdict != FALSE and fact.verdict == LABELLED:
                by_fact[fact.id] = by_fact.get(fact.id, 0) + 1
    row.missed = [each for each in truth.known if each not in by_fact]
    row.found = len(by_fact)
    row.for_one = round(fmean(by_fact.values()), 2) if by_fact else None
    row.false = len(row.listed.get(FALSE, ()))
    row.unjudged = len(row.listed.get(UNJUDGED, ()))
    return row


def _add(row: Row, report: Report, run: str) -> None:
    row.findings += len(report.deciding)
    row.remarks += len(report.findings) - len(report.deciding)
    row.seen_once += report.seen_once
    row.seconds = round(row.seconds + report.seconds, 1)
    if row.tool == OURS:
        row.reproduced = (row.reproduced or 0) + sum(each.shown is True for each in report.deciding)
    if report.problem:
        row.problems.append(f"{run}: {report.problem}")
