"""The general traps as text for a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lockstep.drivers.traps.catalogue_files import GeneralTrap
from lockstep.report.steps import Data

_RUN = re.compile(r"(.)\1{99,}")
_MARKS = {True: " ✓", False: " ✗"}


def print_catalogue(traps: Sequence[GeneralTrap], console: Console) -> None:
    """Print the traps, and the causes of differences between servers."""
    table = Table(box=None, pad_edge=False)
    for column in ("area", "trap", "grade", "why servers differ"):
        table.add_column(column)
    for trap in traps:
        row = (trap.area, trap.name, trap.grade, trap.left_alone)
        table.add_row(*map(escape, row))
    console.print(table)


def explained(data: Data, finding: Data) -> Iterator[str]:
    """Yield why servers differ in a trap, what the standard requires, and what was sent."""
    if finding["category"] != "trap":
        return
    for trap in data["traps"]:
        if (f"trap, {trap['area']}", trap["name"]) == (finding["operation"], finding["where"]):
            yield from filter(None, (trap["left_alone"], trap["decision"]))
            if trap["sent"]:
                yield f"sent: {_shortened(repr(trap['sent']))}"


def marked(trap: Data, target: str) -> str:
    """Return the response of a target, marked if the standard says whether it is right."""
    answer = trap["answers"].get(target, "not sent")
    return f"{answer}{_MARKS.get(trap['agrees'].get(target), '')}"


def _shortened(text: str) -> str:
    """Shorten long runs of one character."""
    return _RUN.sub(lambda found: f"{found[1] * 3}…({len(found[0])} times)…", text)
