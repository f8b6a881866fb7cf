"""Runs lockstep on two servers, and reproduces its findings."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tooling.power.children import Command, run
from tooling.power.findings import Finding, Report, read_report
from tooling.power.places import LOGS

RUN_LIMIT = 300
REPLAY_LIMIT = 60
_COMMAND = (sys.executable, "-m", "lockstep")


@dataclass(frozen=True)
class Addresses:
    """The base URLs of two servers of one document."""

    old: str
    new: str

    @property
    def options(self) -> list[str]:
        """The base URLs as options of lockstep."""
        return [f"--target=old={self.old}", f"--target=new={self.new}"]


def run_lockstep(
    name: str, document: Path, addresses: Addresses, options: Sequence[str] = ()
) -> Report:
    """Run lockstep once, with the timeout RUN_LIMIT."""
    file = report_file(name)
    file.unlink(missing_ok=True)
    chosen = ("--profile=quick", "--quiet", f"--json={file}", *options)
    command: Command = [*_COMMAND, "run", document, *addresses.options, *chosen]
    ran = run(command, LOGS / f"{name}.log", RUN_LIMIT)
    problem = "" if ran.code in (0, 1) else _problem(ran.code, ran.output)
    data = _read(file)
    if data is None:
        return Report(seconds=ran.seconds, problem=problem or "no report")
    report = read_report(data, ran.seconds)
    return replace(report, problem=problem or report.problem)


def is_shown_again(name: str, number: int, document: Path, addresses: Addresses) -> bool:
    """Replay the steps of one finding on other servers; return whether the difference recurs."""
    source, file = report_file(name), report_file(f"{name}-{number}")
    file.unlink(missing_ok=True)
    chosen = (f"--finding={number}", "--quiet", f"--json={file}")
    command: Command = [*_COMMAND, "replay", source, document, *addresses.options, *chosen]
    run(command, LOGS / f"{name}-{number}.log", REPLAY_LIMIT)
    data, original = _read(file), _read(source)
    if data is None or original is None:
        return False
    wanted = next(each for each in read_report(original).findings if each.number == number)
    return shows(wanted, read_report(data).findings)


def shows(wanted: Finding, replayed: Iterable[Finding]) -> bool:
    """Whether the findings of a replay include the wanted difference."""
    return any(
        each.decides and (each.kind, each.where) == (wanted.kind, wanted.where) for each in replayed
    )


def report_file(name: str) -> Path:
    """Return the path of the report of a run."""
    return LOGS / f"{name}.json"


def _read(file: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def _problem(code: int | None, output: str) -> str:
    if code is None:
        return f"not done after {RUN_LIMIT} s"
    lines = output.strip().splitlines() or [f"exit code {code}"]
    return lines[-1]
