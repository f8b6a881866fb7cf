"""Accepted differences need a cause, may expire, and must still occur."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from lockstep.drivers.stories.files import read_story
from lockstep.openapi.document import Document
from lockstep.results.known_differences import load_known_differences
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.targets import Target
from lockstep.verdict import Verdict

Servers = Callable[..., list[Target]]

STORY = """
name: one note
about: A note is made.
actors: [alice]
steps:
  - { operation: createNote, json: { text: ONE }, expect: { status: 201 } }
"""
LEAK = """
- { operation: create*, kind: extra, where: 'body *owner', cause: The old clients ask for it. }
- { operation: createNote, kind: body_schema, where: '*', cause: The same. }
"""


@pytest.fixture
def play(
    tmp_path: Path, settings: Settings, document: Document, servers: Servers
) -> Callable[..., Verdict]:
    """A function that plays a story against two servers, with faults and known differences."""

    def run(known: str, *faults: str) -> Verdict:
        path = tmp_path / "known.yaml"
        path.write_text(known, encoding="utf-8")
        work = Run(replace(settings, known_differences=path))
        work.play_stories([read_story(STORY, document)], servers(*faults), "lockstep")
        return work.finish()

    return run


def test_a_known_difference_is_no_finding(play: Callable[..., Verdict]) -> None:
    verdict = play(LEAK, "leak")
    assert (verdict.exit_code, verdict.findings, verdict.problems) == (0, [], [])
    assert [entry.seen for entry in verdict.known] == [1, 1]


def test_an_unlisted_difference_is_still_found(play: Callable[..., Verdict]) -> None:
    verdict = play(LEAK, "leak", "text")
    assert verdict.exit_code == 1
    assert {found.where for found in verdict.findings} == {"body /text"}


def test_a_known_difference_that_no_longer_occurs_fails_the_run(
    play: Callable[..., Verdict],
) -> None:
    verdict = play("- { operation: logIn, kind: status, where: status, cause: Long gone. }")
    assert verdict.exit_code == 1
    assert verdict.problems == [
        "known difference did not occur: logIn, status, status (Long gone.)"
    ]


@pytest.mark.parametrize(("days", "exit_code"), [(0, 1), (-1, 1), (1, 0)])
def test_a_known_difference_expires(
    play: Callable[..., Verdict], days: int, exit_code: int
) -> None:
    until = date.today() + timedelta(days)
    verdict = play(LEAK.replace(" }", f", expires: {until} }}"), "leak")
    assert verdict.exit_code == exit_code
    assert all(f"expired on {until}" in problem for problem in verdict.problems)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("operation: a", "must be a list"),
        ("- { operation: a, kind: b, where: c }", "entry 1 needs cause"),
        ("- { operation: a, kind: b, where: c, cause: '' }", "entry 1 needs a `cause`"),
        ("- { operation: a, kind: b, where: c, cause: }", "entry 1 needs a `cause`"),
        ("- just text", "entry 1 needs cause, kind, operation, where"),
        ("- { operation: a, kind: b, where: c, cause: d, until: 1 }", "entry 1 has until; only"),
        ("- { operation: a, kind: b, where: c, cause: d, expires: soon }", "which is not a date"),
        ("- [", "known.yaml"),
    ],
)
def test_an_invalid_list_is_reported_with_its_entry(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "known.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=wrong):
        load_known_differences(path)


def test_a_list_may_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "known.yaml"
    path.write_text("# none\n[]\n", encoding="utf-8")
    assert load_known_differences(path) == []
