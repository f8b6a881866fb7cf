"""The result of a run for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lockstep.coverage import OperationRecord
from lockstep.findings import PARITY, Finding
from lockstep.report.curl import steps
from lockstep.verdict import Verdict

SHOWN_FINDINGS = 20
SHOWN_TEXT = 400


def print_verdict(verdict: Verdict, console: Console) -> None:
    """Print the table of operations, the findings, what was not seen, and the verdict."""
    console.print(_operations(verdict))
    for number, finding in enumerate(verdict.findings[:SHOWN_FINDINGS], 1):
        _print_finding(number, finding, console)
    hidden = len(verdict.findings) - SHOWN_FINDINGS
    if hidden > 0:
        console.print(f"\n{hidden} more findings are in the JSON report.")
    _print_list("Documented statuses that were not seen", _missing(verdict), console)
    _print_list("Problems", verdict.problems, console)
    known = [f"{entry.operation}: {entry.where} ({entry.cause})" for entry in verdict.known]
    _print_list("Known differences", known, console)
    console.print()
    console.print(_verdict_line(verdict), highlight=False, soft_wrap=True)


def _operations(verdict: Verdict) -> Table:
    table = Table(title=verdict.title, title_justify="left", box=None, pad_edge=False)
    table.add_column("operation", no_wrap=True)
    table.add_column("sent", justify="right")
    table.add_column("statuses", overflow="fold")
    table.add_column("conformance")
    table.add_column("parity")
    document = verdict.coverage.document
    records = verdict.coverage.operations
    for name in document.operations:
        table.add_row(*_row(name, records[name], len(verdict.coverage.targets)))
    others = {name: record for name, record in records.items() if name not in document.operations}
    quiet = [r for r in others.values() if not (r.differing or r.nonconforming)]
    for name, record in others.items():
        if record.differing or record.nonconforming:
            table.add_row(*_row(name, record, len(verdict.coverage.targets)))
    if quiet:
        sent = sum(record.requests for record in quiet)
        table.add_row(f"other requests, of {len(quiet)} kinds", f"{sent:,}", "", "ok", "ok")
    return table


def _row(name: str, record: OperationRecord, targets: int) -> tuple[str, ...]:
    wrong = ", ".join(f"{who} {count:,}" for who, count in sorted(record.nonconforming.items()))
    conformance = f"[red]{wrong}[/]" if wrong else "[green]ok[/]"
    parity = f"[red]{record.differing:,} differ[/]" if record.differing else "[green]ok[/]"
    if not record.requests:
        conformance = parity = "[dim]not sent[/]"
    return escape(name), f"{record.requests:,}", _statuses(record, targets), conformance, parity


def _statuses(record: OperationRecord, targets: int) -> str:
    seen = record.statuses
    every = sorted({status for counts in seen.values() for status in counts})
    parts = []
    for status in every:
        who = [name for name in sorted(seen) if seen[name][status]]
        parts.append(str(status) if len(who) == targets else f"{status} ({', '.join(who)} only)")
    return " ".join(parts)


def _print_finding(number: int, finding: Finding, console: Console) -> None:
    times = "once" if finding.count == 1 else f"{finding.count:,} times"
    title = f"{finding.category}: {finding.kind}, {finding.where}"
    console.print(f"\n[bold]{number}. {escape(finding.operation)}[/]  [red]{escape(title)}[/]")
    console.print(f"   {times}, first in {escape(finding.stage)}", highlight=False)
    for name, value in finding.values.items():
        text = value if len(value) <= SHOWN_TEXT else f"{value[:SHOWN_TEXT]}…"
        line = f"{name}: {text}".replace("\n", "\n     ")
        console.print(f"   {line}", markup=False, highlight=False, soft_wrap=True)
    shown = finding.targets if finding.category == PARITY else _with_sequence(finding)
    for name in shown:
        console.print(f"   on {name}:", style="dim", highlight=False)
        for line in steps(finding.sequence, name):
            console.print(f"     {line}", markup=False, highlight=False, soft_wrap=True)


def _with_sequence(finding: Finding) -> Iterator[str]:
    last = finding.sequence[-1] if finding.sequence else None
    for name in (*finding.targets, *(last.requests if last else ())):
        if last is not None and name in last.requests:
            yield name
            return


def _print_list(title: str, lines: Iterable[str], console: Console) -> None:
    lines = list(lines)
    if lines:
        console.print(f"\n[bold]{title}[/]")
    for line in lines:
        console.print(f"   {line}", markup=False, highlight=False, soft_wrap=True)


def _missing(verdict: Verdict) -> Iterator[str]:
    for missing in verdict.missing:
        yield f"{missing.operation} {missing.status}: not from {', '.join(missing.targets)}"


def _verdict_line(verdict: Verdict) -> str:
    word = {0: "[bold green]alike[/]", 1: "[bold red]not alike[/]"}.get(
        verdict.exit_code, "[bold red]could not run[/]"
    )
    seen, every = verdict.covered
    seconds = sum(stage.seconds for stage in verdict.stages)
    rate = verdict.exchanges / seconds if seconds else 0.0
    return (
        f"{word}: {verdict.requests:,} requests in {verdict.exchanges:,} exchanges, "
        f"{seconds:.1f} s ({rate:,.0f} exchanges/s), {seen} of {every} documented statuses, "
        f"{len(verdict.findings)} findings, seed {verdict.seed}"
    )
