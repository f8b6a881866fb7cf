"""Progress of a run, on a terminal and in a log."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from fixtures.scripted import Scripted, answer, plain_document
from rich.console import Console

from lockstep.report import progress
from lockstep.report.progress import TerminalProgress
from lockstep.run import Run
from lockstep.settings import PROFILES, Settings

# A path that looks like Rich markup, and is longer than a line.
PATH = "GET /things/[draft]/[/b]/{id}/" + "deep/" * 30


@pytest.fixture
def every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log every progress line, without the usual rate limit."""
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)


@pytest.mark.usefixtures("every_line")
def test_log_has_a_line_for_each_item_in_progress() -> None:
    text = StringIO()
    with TerminalProgress(Console(file=text, width=60)) as terminal:
        terminal.stage("walk")
        terminal.progress(f"reading 3 of 1,100: {PATH}", 17, None)
        terminal.progress("a story", 2, 5)
    assert text.getvalue().splitlines() == [
        "walk …",
        f"walk: 17, reading 3 of 1,100: {PATH}",
        "walk: 2 of 5, a story",
    ]


def test_log_lines_are_rate_limited() -> None:
    text = StringIO()
    with TerminalProgress(Console(file=text)) as terminal:
        terminal.stage("walk")
        for number in range(1000):
            terminal.progress("op", number, None)
    assert text.getvalue().splitlines() == ["walk …"]


def test_terminal_escapes_markup_in_names() -> None:
    text = StringIO()
    console = Console(file=text, width=200, force_terminal=True)
    with TerminalProgress(console) as terminal:
        terminal.stage("walk")
        terminal.progress(PATH, 1, None)
        terminal._bars.refresh()
    assert "[draft]/[/b]" in text.getvalue()


@pytest.mark.usefixtures("every_line")
def test_every_stage_reports_the_operation_and_the_total(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(plain_document()))
    text = StringIO()
    with TerminalProgress(Console(file=text)) as terminal:
        run = Run(Settings(document=path, fuzz=PROFILES["quick"], require_coverage=False), terminal)
        run.confirms_at_the_end = True
        targets = [Scripted("old", lambda _: answer([])), Scripted("new", lambda _: answer({}))]
        run.walk(targets)
        run.probe(targets)
        run.fuzz(targets)
        run.confirm_all(targets)
    count = len(run.document.operations)
    said = text.getvalue()
    for wanted in (
        "walk: 1, reading 1 of ",
        ", making 1 of ",
        "probes: ",
        f"examples 1 of {count}: ",
        f"coverage 2 of {count}: ",
        f"fuzzing {count} of {count}: ",
        "reproducing: ",
        "shortening: ",
    ):
        assert wanted in said, wanted
