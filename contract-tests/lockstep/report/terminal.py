"""The result of a run as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lockstep.report import lines, operations
from lockstep.report.phrases import (
    breaks,
    conformance,
    curl_lines,
    excused_lines,
    headline,
    in_full,
    missing_lines,
    neighbour,
    only_remarked,
    places,
    seen,
    totals,
    verdict,
)
from lockstep.report.sanitize import visible
from lockstep.report.steps import Data
from lockstep.report.traps import explained
from lockstep.results.findings import COMPARED

# Further findings are printed as one sentence each.
SHOWN_IN_FULL = 10
SHOWN_FINDINGS = 40
SHOWN_LINES = 15
SHOWN_ONCE = 10
SHOWN_OPERATIONS = 25
SHOWN_TEXT = 400
SHOWN_COMMAND = 1000
_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}


def print_report(data: Data, console: Console) -> None:
    """Print the verdict, the findings, the table of operations, and what was not tested."""
    _say(
        console, f"{_word(data, verdict(data))}  {_shown(data['title'])}: {_shown(headline(data))}"
    )
    _say(console, f"conformance  {_shown(conformance(data))}")
    for note in data["notes"][:1]:
        _print_line(console, note)
    _print_findings(data, console)
    _print_list("Problems", data["problems"], console, cut=False)
    _print_list("Since the earlier replay", lines.replays(data), console)
    console.print()
    console.print(_operations(data))
    _print_list("Documented statuses that were not seen", missing_lines(data), console)
    _print_list("Known differences", lines.known(data), console)
    _print_list("Not counted, since the states had diverged", excused_lines(data), console)
    _print_list("Noise: ignored, since a target differs from itself", lines.noise(data), console)
    _print_list("Rules", lines.rules(data), console)
    _print_list("About the targets", data["notes"][1:], console)
    _print_list("Not judged", data["not_judged"], console)
    _print_list("Not tested", data["not_tested"], console)
    _print_once(data, console)
    console.print()
    _say(console, f"{_word(data, data['verdict'])}: {totals(data)}")


def print_finding(finding: Data, console: Console, more: Iterable[str] = ()) -> None:
    """Print one finding in full: values, places, the neighbour that does not differ, and its steps.

    `more` holds explanatory lines.
    """
    console.print(_headline(finding), highlight=False, soft_wrap=True)
    _print_line(console, finding["sentence"])
    if finding["silence"]:
        _print_line(console, f"The document is silent: {finding['silence']}")
    for text in more:
        _print_line(console, text)
    for name, value in finding["values"].items():
        text = value if len(value) <= SHOWN_TEXT else f"{value[:SHOWN_TEXT]}…"
        _print_line(console, f"  {name}: {text}".replace("\n", "\n     "))
    for title, value_text in (
        ("places", places(finding)),
        ("does not differ", neighbour(finding)),
        ("after", finding["effect_of"] or ""),
    ):
        if value_text:
            _print_line(console, f"  {title}: {value_text}")
    for value_text in breaks(finding):
        _print_line(console, f"  violates the document: {value_text}")
    _print_line(console, f"{seen(finding)}; {finding['kind']}, {finding['where']}", dim=True)
    for name in list(_with_steps(finding))[-1:]:
        _print_line(console, f"on {name}:", dim=True)
        for line in curl_lines(finding, name, SHOWN_COMMAND):
            _print_line(console, f"  {line}")


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)


def _word(data: Data, text: str) -> str:
    colour = {"alike": "green", "not tested": "yellow"}.get(data["verdict"], "red")
    return f"[bold {colour}]{_shown(text)}[/]"


def _print_findings(data: Data, console: Console) -> None:
    every = in_full(data)
    for finding in every[:SHOWN_IN_FULL]:
        console.print()
        print_finding(finding, console, explained(data, finding))
    for finding in every[SHOWN_IN_FULL:SHOWN_FINDINGS]:
        console.print()
        console.print(_headline(finding), highlight=False, soft_wrap=True)
        _print_line(console, finding["sentence"])
    hidden = len(every) - SHOWN_FINDINGS
    if hidden > 0:
        console.print(f"\n{hidden} more findings in the other reports.")
    if any(one["script"] for one in every):
        hint = (
            "The steps of a finding as a script for any fresh server: lockstep report JSON-REPORT"
        )
        console.print()
        _print_line(console, f"{hint} --finding NUMBER --script", dim=True)
    remarked = [f"{one['number']}. {one['sentence']}" for one in only_remarked(data)]
    _print_list("Violated rules of the document that --fail-on does not cover", remarked, console)


def _print_once(data: Data, console: Console) -> None:
    """Print what could not be reproduced, one line each; it is not counted."""
    once = [f"{one['number']}. {one['sentence']}" for one in data["seen_once"]]
    title = "Seen once: not reproduced when repeated, so not counted"
    _print_list(title, once, console, most=SHOWN_ONCE)


def _operations(data: Data) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("operation", no_wrap=True)
    table.add_column("sent", justify="right")
    table.add_column("statuses", overflow="fold")
    table.add_column("conformance")
    table.add_column("parity")
    for name, record in operations.rows(data, SHOWN_OPERATIONS, only_sent=True):
        table.add_row(*_row(name, record, len(data["targets"])))
    return table


def _row(name: str, record: Data, targets: int) -> tuple[str, ...]:
    wrong = ", ".join(f"{who} {count:,}" for who, count in sorted(record["nonconforming"].items()))
    broken = f"[red]{_shown(wrong)}[/]" if wrong else "[green]ok[/]"
    differing = record["differing"]
    parity = f"[red]{differing:,} differ[/]" if differing else "[green]ok[/]"
    if not record["exchanges"]:
        broken = parity = "[dim]not sent[/]"
    sent = f"{record['exchanges']:,}"
    return _shown(name), sent, _shown(_statuses(record, targets)), broken, parity


def _statuses(record: Data, targets: int) -> str:
    seen_by = record["statuses"]
    parts = []
    for status in sorted({status for by_status in seen_by.values() for status in by_status}):
        who = [name for name in sorted(seen_by) if seen_by[name].get(status)]
        parts.append(status if len(who) == targets else f"{status} ({', '.join(who)} only)")
    return " ".join(parts)


def _headline(finding: Data) -> str:
    level = f"[{_COLOURS[finding['level']]}]{finding['level']}[/]"
    called = f"[bold]{_shown(finding['class'])}[/]  {_shown(finding['operation'])}"
    return f"[bold]{finding['number']}.[/] {level}  {called}"


def _print_line(console: Console, text: str, *, dim: bool = False) -> None:
    style = "dim" if dim else None
    console.print(f"   {visible(text)}", style=style, markup=False, highlight=False, soft_wrap=True)


def _with_steps(finding: Data) -> Iterator[str]:
    """Yield the compared targets; for a finding about single targets only the first."""
    sent = finding["steps"][-1]["curl"] if finding["steps"] else {}
    shown = [name for name in (*finding["targets"], *sent) if name in sent]
    yield from dict.fromkeys(shown if finding["category"] in COMPARED else shown[:1])


def _print_list(
    title: str, texts: Iterable[str], console: Console, *, cut: bool = True, most: int = SHOWN_LINES
) -> None:
    every = list(texts)
    if not every:
        return
    console.print(f"\n[bold]{title}[/]")
    shown = every[:most] if cut else every
    for line in shown:
        _print_line(console, line)
    if len(shown) < len(every):
        _print_line(console, f"and {len(every) - len(shown)} more in the other reports", dim=True)


def _shown(text: str) -> str:
    return escape(visible(text))
