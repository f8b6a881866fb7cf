"""What is said while a run goes on: on a terminal, and in a log."""

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

# Of a name that looks like markup, and does not fit into a line.
PATH = "GET /things/[draft]/[/b]/{id}/" + "deep/" * 30


@pytest.fixture
def every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a log have every line, and not one in a few seconds."""
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)


@pytest.mark.usefixtures("every_line")
def test_a_log_has_a_line_for_each_thing_that_is_under_way() -> None:
    text = StringIO()
    with TerminalProgress(Console(file=text, width=60)) as told:
        told.stage("walk")
        told.progress(f"reading 3 of 1,100: {PATH}", 17, None)
        told.progress("a story", 2, 5)
    assert text.getvalue().splitlines() == [
        "walk …",
        f"walk: 17, reading 3 of 1,100: {PATH}",
        "walk: 2 of 5, a story",
    ]


def test_a_log_is_told_now_and_then() -> None:
    text = StringIO()
    with TerminalProgress(Console(file=text)) as told:
        told.stage("walk")
        for number in range(1000):
            told.progress("op", number, None)
    assert text.getvalue().splitlines() == ["walk …"]


def test_a_terminal_shows_any_name() -> None:
    text = StringIO()
    console = Console(file=text, width=200, force_terminal=True)
    with TerminalProgress(console) as told:
        told.stage("walk")
        told.progress(PATH, 1, None)
        told._bars.refresh()
    assert "[draft]/[/b]" in text.getvalue()


@pytest.mark.usefixtures("every_line")
def test_every_phase_names_the_operation_and_how_many_there_are(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(plain_document()))
    text = StringIO()
    with TerminalProgress(Console(file=text)) as told:
        run = Run(Settings(document=path, fuzz=PROFILES["quick"], require_coverage=False), told)
        run.confirms_at_the_end = True
        targets = [Scripted("old", lambda _: answer([])), Scripted("new", lambda _: answer({}))]
        run.walk(targets)
        run.probe(targets)
        run.fuzz(targets)
        run.confirm_all(targets)
    count = len(run.document.operations)
    said = text.getvalue()
    for wanted in (
        "walk: 1, looking around 1 of ",
        ", making 1 of ",
        "probes: ",
        f"examples 1 of {count}: ",
        f"coverage 2 of {count}: ",
        f"fuzzing {count} of {count}: ",
        "showing again: ",
        "making short: ",
    ):
        assert wanted in said, wanted
