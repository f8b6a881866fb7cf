"""Turns the results of general traps into findings, one per cause, and notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lockstep.drivers.traps.catalogue_files import GRADES, GeneralTrap
from lockstep.drivers.traps.raw import TrapResult
from lockstep.results.findings import TRAP, Finding

# Handled by the server software before an application sees the request: two frameworks nearly
# always differ here, whatever the applications do.
OF_SERVERS = frozenset({"framing", "lines", "headers", "HTTP", "methods", "URL"})
# Grades that clients notice.
_COUNTED = frozenset({"smuggling", "interop"})
_SHOWN = 3


def in_order(traps: Sequence[GeneralTrap], *, posts: bool) -> list[GeneralTrap]:
    """Return the traps sorted so that possible findings come first, as time may run out.

    Traps that may exhaust a server's memory, and the machine's, are only sent on request.
    """
    chosen = [trap for trap in traps if (posts or not trap.writes) and not trap.exhausts]
    return sorted(chosen, key=lambda trap: (trap.area in OF_SERVERS, GRADES.index(trap.grade)))


def findings_of(results: Iterable[TrapResult]) -> list[Finding]:
    """Return one finding for each area and combination of responses; see `is_counted`."""
    found: dict[tuple[object, ...], list[TrapResult]] = {}
    for result in results:
        if is_counted(result):
            found.setdefault((result.trap.area, result.sign), []).append(result)
    return [_finding(several) for several in found.values()]


def finding_of(result: TrapResult) -> Finding:
    """Return a finding for any difference; its kind is the severity."""
    trap = result.trap
    finding = Finding(
        TRAP, f"trap, {trap.area}", result.grade, trap.name, tuple(result.shown), result.shown
    )
    wrong = tuple(name for name, agrees in result.agrees.items() if agrees is False)
    finding.at_fault = wrong if len(wrong) < len(result.agrees) else ()
    return finding


def notes_of(results: Iterable[TrapResult]) -> list[str]:
    """Return a line on differences that are not findings."""
    others = [result for result in results if result.problems and not is_counted(result)]
    if not others:
        return []
    others.sort(key=lambda result: GRADES.index(result.grade))
    grades = Counter(result.grade for result in others)
    counted = ", ".join(f"{count} {grade}" for grade, count in grades.items())
    names = "; ".join(f"{one.trap.area}: {one.trap.name}" for one in others[:_SHOWN])
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return [
        f"raw requests: {len(others)} on which servers differ by nature ({counted}) are not "
        f"findings: {names}{more}; `lockstep traps` explains them"
    ]


def is_counted(result: TrapResult) -> bool:
    """Whether a difference is due to the application, and severe enough."""
    return bool(result.problems) and result.trap.area not in OF_SERVERS and result.grade in _COUNTED


def _finding(results: Sequence[TrapResult]) -> Finding:
    first = min(results, key=lambda result: GRADES.index(result.grade))
    names = "; ".join(dict.fromkeys(result.trap.name for result in results))
    return replace(finding_of(first), where=names, count=len(results))
