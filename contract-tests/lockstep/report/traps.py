"""The general traps for people and as data."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lockstep.drivers.traps.catalogue_files import GRADES, GeneralTrap
from lockstep.drivers.traps.general import GeneralRun
from lockstep.drivers.traps.raw import TrapResult
from lockstep.transport.messages import Outcome, Response

_COLOURS = {"smuggling": "bold red", "security": "red", "interop": "yellow", "cosmetic": "dim"}
_SECRET = frozenset({"authorization", "cookie", "x-api-key"})
_RUN = re.compile(r"(.)\1{99,}")


def differing(results: Sequence[TrapResult]) -> list[TrapResult]:
    """The results with a difference, the gravest first."""
    found = [result for result in results if result.problems]
    return sorted(found, key=lambda result: GRADES.index(result.grade))


def print_catalogue(traps: Sequence[GeneralTrap], console: Console) -> None:
    """Print what the traps are, and what makes servers differ."""
    table = Table(box=None, pad_edge=False)
    for column in ("area", "trap", "grade", "left alone"):
        table.add_column(column)
    for trap in traps:
        row = (trap.area, trap.name, trap.grade, trap.left_alone)
        table.add_row(*map(escape, row))
    console.print(table)


def print_traps(results: Sequence[TrapResult], run: GeneralRun, console: Console) -> None:
    """Print a table of the differences, then each one explained, then what was not tried."""
    found = differing(results)
    if found:
        console.print(_table(found, run))
    for number, result in enumerate(found, 1):
        _print_one(number, result, run, console)
    for title, lines in (("Not tried", run.untried()), ("Unsteady", run.unsteady)):
        if lines:
            console.print(f"\n[bold]{title}[/]")
        for line in lines:
            console.print(f"   {line}", markup=False, highlight=False, soft_wrap=True)
    console.print()
    console.print(_verdict_line(results, found), highlight=False, soft_wrap=True)


def _table(found: Sequence[TrapResult], run: GeneralRun) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("grade", no_wrap=True)
    table.add_column("trap")
    for target in run.targets:
        table.add_column(target.name)
    for result in found:
        cells = [_cell(result, target.name, run) for target in run.targets]
        grade = f"[{_COLOURS[result.grade]}]{result.grade}[/]"
        table.add_row(grade, escape(f"{result.trap.area}: {result.trap.name}"), *cells)
    return table


def _cell(result: TrapResult, name: str, run: GeneralRun) -> str:
    mark = {True: " [green]✓[/]", False: " [red]✗[/]", None: ""}[run.agrees(result, name)]
    statuses = [_status(answer) for answer in result.answers[name]]
    return ", ".join(statuses) + mark


def _status(answer: Outcome) -> str:
    return str(answer.status) if isinstance(answer, Response) else answer.reason


def _print_one(number: int, result: TrapResult, run: GeneralRun, console: Console) -> None:
    trap = result.trap
    assert isinstance(trap, GeneralTrap)
    colour = _COLOURS[result.grade]
    title = f"\n[bold]{number}. {escape(trap.area)}: {escape(trap.name)}[/]"
    console.print(f"{title}  [{colour}]{result.grade}[/]")
    lines = [trap.left_alone, trap.decision] if trap.decision else [trap.left_alone]
    for line in lines:
        console.print(f"   {line}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"   sent: {_request(result, run)}", markup=False, highlight=False, soft_wrap=True
    )
    for name, text in result.shown.items():
        console.print(f"   {name}: {text}", markup=False, highlight=False, soft_wrap=True)


def _request(result: TrapResult, run: GeneralRun) -> str:
    """The request to the first target, as text with escapes; long runs are cut."""
    return _RUN.sub(
        lambda found: f"{found[1] * 3}…({len(found[0])} times)…", repr(_sent(result, run))
    )


def _sent(result: TrapResult, run: GeneralRun) -> str:
    """The bytes of the request to the first target as Latin-1, without the user's secrets."""
    assert isinstance(result.trap, GeneralTrap)
    first = run.targets[0]
    text = run.encode(result.trap, first).decode("latin-1")
    for name, value in first.headers:
        if name.lower() in _SECRET:
            text = text.replace(value, "***")
    return text


def _verdict_line(results: Sequence[TrapResult], found: Sequence[TrapResult]) -> str:
    if not found:
        return f"[bold green]alike[/]: {len(results)} traps"
    counts = Counter(result.grade for result in found)
    by_grade = ", ".join(f"{counts[grade]} {grade}" for grade in GRADES if counts[grade])
    return f"[bold red]not alike[/]: {len(found)} of {len(results)} traps differ ({by_grade})"


def write_traps(results: Sequence[TrapResult], run: GeneralRun, path: Path) -> None:
    """Write every result as JSON; `OSError` when that fails."""
    data = {
        "targets": {target.name: target.base_url for target in run.targets},
        "alike": not differing(results),
        "traps": [_as_data(result, run) for result in results],
        "not_tried": run.untried(),
        "unsteady": run.unsteady,
    }
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _as_data(result: TrapResult, run: GeneralRun) -> dict[str, Any]:
    trap = result.trap
    assert isinstance(trap, GeneralTrap)
    return {
        "area": trap.area,
        "name": trap.name,
        "differs": bool(result.problems),
        "grade": result.grade or None,
        "left_alone": trap.left_alone,
        "decided_by": trap.decision or None,
        "request": _sent(result, run),
        "answers": {
            name: {"agrees": run.agrees(result, name), "shown": result.shown[name]}
            | {"statuses": [one.status for one in answers if isinstance(one, Response)]}
            for name, answers in result.answers.items()
        },
    }
