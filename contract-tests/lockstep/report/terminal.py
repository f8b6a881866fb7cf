"""The result of a run for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lockstep.report import lines
from lockstep.report.data import as_data
from lockstep.report.phrases import also, counts, curl_lines, missing_lines, totals
from lockstep.report.sanitize import visible
from lockstep.report.steps import Data
from lockstep.verdict import Verdict

# Further findings are a sentence each.
SHOWN_IN_FULL = 10
SHOWN_FINDINGS = 40
SHOWN_LINES = 15
SHOWN_TEXT = 400
_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}


def print_verdict(verdict: Verdict, console: Console) -> None:
    """Print the verdict, the table of operations, the findings, and what was not looked at."""
    print_report(as_data(verdict), console)


def print_report(data: Data, console: Console) -> None:
    """`print_verdict` for a report that was read from a file."""
    _say(console, f"{_word(data)}  {_shown(data['title'])}: {_shown(counts(data))}")
    for note in data["notes"]:
        _print_line(console, note)
    console.print()
    console.print(_operations(data))
    for finding in data["findings"][:SHOWN_IN_FULL]:
        _print_finding(finding, console)
    for finding in data["findings"][SHOWN_IN_FULL:SHOWN_FINDINGS]:
        console.print(_headline(finding))
        _print_line(console, finding["sentence"])
    hidden = len(data["findings"]) - SHOWN_FINDINGS
    if hidden > 0:
        console.print(f"\n{hidden} more findings are in the other reports.")
    _print_list("Documented statuses that were not seen", missing_lines(data), console)
    _print_list("Problems", data["problems"], console, cut=False)
    _print_list("Known differences", lines.known(data), console)
    _print_list(
        "Noise: treated as the same, since a target differs from itself", lines.noise(data), console
    )
    _print_list("Rules", lines.rules(data), console)
    _print_list("Not judged", data["not_judged"], console)
    _print_list("Not tested", data["not_tested"], console)
    console.print()
    _say(console, f"{_word(data)}: {totals(data)}")


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)


def _word(data: Data) -> str:
    colour = "green" if data["alike"] else "red"
    return f"[bold {colour}]{data['verdict']}[/]"


def _operations(data: Data) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("operation", no_wrap=True)
    table.add_column("sent", justify="right")
    table.add_column("statuses", overflow="fold")
    table.add_column("conformance")
    table.add_column("parity")
    targets = len(data["targets"])
    quiet = []
    for name, record in data["operations"].items():
        if record["documented"] or record["differing"] or record["nonconforming"]:
            table.add_row(*_row(name, record, targets))
        else:
            quiet.append(record["exchanges"])
    if quiet:
        title = f"other requests, of {len(quiet)} kinds"
        table.add_row(title, f"{sum(quiet):,}", "", "[green]ok[/]", "[green]ok[/]")
    return table


def _row(name: str, record: Data, targets: int) -> tuple[str, ...]:
    wrong = ", ".join(f"{who} {count:,}" for who, count in sorted(record["nonconforming"].items()))
    conformance = f"[red]{_shown(wrong)}[/]" if wrong else "[green]ok[/]"
    differing = record["differing"]
    parity = f"[red]{differing:,} differ[/]" if differing else "[green]ok[/]"
    if not record["exchanges"]:
        conformance = parity = "[dim]not sent[/]"
    sent = f"{record['exchanges']:,}"
    return _shown(name), sent, _shown(_statuses(record, targets)), conformance, parity


def _statuses(record: Data, targets: int) -> str:
    seen = record["statuses"]
    parts = []
    for status in sorted({status for by_status in seen.values() for status in by_status}):
        who = [name for name in sorted(seen) if seen[name].get(status)]
        parts.append(status if len(who) == targets else f"{status} ({', '.join(who)} only)")
    return " ".join(parts)


def _headline(finding: Data) -> str:
    level = f"[{_COLOURS[finding['level']]}]{finding['level']}[/]"
    called = f"[bold]{_shown(finding['class'])}[/]  {_shown(finding['operation'])}"
    return f"\n[bold]{finding['number']}.[/] {level}  {called}"


def _print_finding(finding: Data, console: Console) -> None:
    console.print(_headline(finding))
    _print_line(console, finding["sentence"])
    if finding["silence"]:
        _print_line(console, f"The document is silent: {finding['silence']}")
    for name, value in finding["values"].items():
        text = value if len(value) <= SHOWN_TEXT else f"{value[:SHOWN_TEXT]}…"
        _print_line(console, f"  {name}: {text}".replace("\n", "\n     "))
    if finding["also"]:
        _print_line(console, f"  {also(finding)}")
    for broken in finding["breaks"]:
        _print_line(console, f"  breaks the document: {broken['sentence']}")
    _print_line(console, f"{_seen(finding)}; {finding['kind']}, {finding['where']}", dim=True)
    for name in _with_steps(finding):
        _print_line(console, f"on {name}:", dim=True)
        for line in curl_lines(finding, name):
            _print_line(console, f"  {line}")


def _print_line(console: Console, text: str, *, dim: bool = False) -> None:
    style = "dim" if dim else None
    console.print(f"   {visible(text)}", style=style, markup=False, highlight=False, soft_wrap=True)


def _seen(finding: Data) -> str:
    times = "once" if finding["count"] == 1 else f"{finding['count']:,} times"
    also = f", with {finding['consequences']:,} more because of it" * bool(finding["consequences"])
    again = {True: ", and again when repeated", False: ", but not again when repeated"}
    repeated = again.get(finding["reproduced"], "")
    return f"{times}{also}, first in {finding['stage']}{repeated}"


def _with_steps(finding: Data) -> Iterator[str]:
    """All that were compared; of a finding on single targets the first will do."""
    sent = finding["steps"][-1]["curl"] if finding["steps"] else {}
    shown = [name for name in (*finding["targets"], *sent) if name in sent]
    yield from dict.fromkeys(shown if finding["category"] == "parity" else shown[:1])


def _print_list(title: str, texts: Iterable[str], console: Console, *, cut: bool = True) -> None:
    every = list(texts)
    if not every:
        return
    console.print(f"\n[bold]{title}[/]")
    shown = every[:SHOWN_LINES] if cut else every
    for line in shown:
        _print_line(console, line)
    if len(shown) < len(every):
        _print_line(console, f"and {len(every) - len(shown)} more in the other reports", dim=True)


def _shown(text: str) -> str:
    return escape(visible(text))
