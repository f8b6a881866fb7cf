"""Prints the table, and details below it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from tooling.power.scoring import OURS, Row
from tooling.power.truth import FALSE, UNJUDGED

_COLUMNS = (
    "faults known",
    "faults found",
    "findings",
    "for one fault",
    "shown again",
    "false",
    "unjudged",
    "seconds",
)


def print_rows(rows: Iterable[Row], console: Console) -> None:
    """Print the table, and below it the missed, false and unjudged findings."""
    rows = list(rows)
    table = Table()
    for column in ("set", "tool"):
        table.add_column(column, no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    last = ""
    for row in rows:
        name = "" if row.set == last else row.set
        table.add_row(name, row.tool, *_cells(row), end_section=False)
        last = row.set
    console.print(table)
    for row in rows:
        _print_rest(row, console)


def _cells(row: Row) -> list[str]:
    if row.problems and not row.findings and row.found is None:
        return ["" for _ in _COLUMNS]
    shown = "" if row.shown is None else f"{row.shown} / {row.tried}"
    numbers = (row.known, row.found, row.findings, row.for_one)
    rest = (row.false, row.unjudged, row.seconds)
    return [*map(_text, numbers), shown, *map(_text, rest)]


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def _print_rest(row: Row, console: Console) -> None:
    name = f"{row.set}, {row.tool}"
    lines = list(row.problems)
    if row.missed:
        lines.append(f"missed: {', '.join(row.missed)}")
    if row.tool == OURS:
        kinds = (FALSE, UNJUDGED) if row.known else tuple(row.listed)
        lines += [f"{kind}: {each}" for kind in kinds for each in row.listed.get(kind, ())]
    for line in lines:
        console.print(f"{name}: {line}", soft_wrap=True, markup=False)
