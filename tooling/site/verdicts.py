"""The latest verdicts in build/: their text, time and commit."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from testbed.paths import BUILD, ROOT
from tooling.benchmark.figures import Figures
from tooling.benchmark.keeping import PICTURE, Keeping, behaviour, provenance
from tooling.benchmark.picture import described
from tooling.benchmark.summary import answer
from tooling.benchmark.verdict import verdict

# The number of the comparison's sentences; its page has all.
_SENTENCES = 3
_COMMIT = ("git", "log", "-1", "--format=%h")


@dataclass(frozen=True)
class Verdict:
    """The result of a run.

    good: whether it is the desired one; None if nothing was run yet. said: one or more sentences.
    command: how to run it. page: the page with details.
    """

    title: str
    command: str
    page: str
    good: bool | None
    said: tuple[str, ...]
    when: str | None
    commit: str | None


@dataclass(frozen=True)
class Kept:
    """The comparison kept in the repository: its picture and its texts."""

    picture: str
    alternative: str
    behaviour: str
    answer: tuple[str, ...]
    provenance: str


def kept_comparison() -> Kept | None:
    """Return the last comparison in the default profile, from any machine; None without one."""
    summary = Keeping().read()
    if summary is None:
        return None
    return Kept(
        PICTURE,
        described(summary),
        behaviour(summary),
        tuple(answer(summary)),
        provenance(summary),
    )


def newest(folder: Path = BUILD) -> list[Verdict]:
    """Return the verdicts of the reports in a folder; for missing ones, how to create them."""
    return [
        _verdict(folder / "contract-report.json", "Parity", "test-contract", "parity", _parity),
        _verdict(folder / "mutants.json", "Wrong twins", "test-mutants", "index", _mutants),
        _verdict(folder / "compare.json", "Comparison", "compare", "compare", _comparison),
    ]


def _verdict(
    path: Path, title: str, verb: str, page: str, read: Callable[[Any], tuple[bool, list[str]]]
) -> Verdict:
    command, file = f"make {verb}", f"{page}.html"
    try:
        good, said = read(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        # A report of an older version does not count.
        return Verdict(title, command, file, None, ("Not run here yet.",), None, None)
    made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    when = made.strftime("%Y-%m-%d %H:%M UTC")
    return Verdict(title, command, file, good, tuple(said), when, _commit_at(made))


def _parity(report: Any) -> tuple[bool, list[str]]:
    covered = report["covered"]
    findings = len(report["findings"])
    return report["exit_code"] == 0, [
        f"The twins are {report['verdict']}; the contract is {report['conformance']}.",
        f"{report['requests']:,} requests in {report['exchanges']:,} exchanges,"
        f" {covered['seen']} of {covered['documented']} documented statuses,"
        f" {findings} {'finding' if findings == 1 else 'findings'}, seed {report['seed']}.",
    ]


def _mutants(matrix: Any) -> tuple[bool, list[str]]:
    tried, caught = matrix["tried"], matrix["caught"]
    return tried == caught, [f"{caught} of {tried} deliberately wrong twins were caught."]


def _comparison(data: Any) -> tuple[bool, list[str]]:
    return True, verdict(Figures(data))[:_SENTENCES]


def _commit_at(when: datetime) -> str | None:
    """Return the latest commit at a time; None outside a repository."""
    try:
        found = subprocess.run(
            [*_COMMIT, f"--before={when.isoformat()}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip() or None
