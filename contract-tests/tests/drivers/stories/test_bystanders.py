"""Bystanders of a story are unchanged after it: another user's resources, and siblings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.drivers.stories.files import read_story
from lockstep.openapi.document import Document
from lockstep.run import Run, RunError
from lockstep.settings import Settings
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]

STORY = """
name: one note goes
about: A test.
actors: [alice]
steps:
  - { operation: createNote, json: { text: hello }, expect: { status: 201 }, save: { note: body } }
  - { operation: deleteNote, path: { note_id: '${note.id}' }, expect: { status: 204 } }
  - { operation: listNotes, expect: { status: 200, json: { data: [] } } }
"""
NEXT = STORY.replace("one note goes", "another goes")
BYSTANDERS = """
actor: mallory
stranger:
  make: [{ operation: createNote, json: { text: not yours }, expect: { status: 201 } }]
  look: [{ operation: listNotes }]
neighbour:
  around: [deleteNote]
  make:
    - operation: createNote
      json: { text: beside it }
      expect: { status: 201 }
      save: { note: body }
  look: [{ operation: getNote, path: { note_id: '${note.id}' } }]
  remove: [{ operation: deleteNote, path: { note_id: '${note.id}' } }]
"""


@pytest.fixture
def watched(settings: Settings, tmp_path: Path) -> Run:
    """A run in which each story has bystanders."""
    return Run(replace(settings, bystanders=write(tmp_path, BYSTANDERS)))


def write(folder: Path, text: str) -> Path:
    path = folder / "bystanders.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def played(run: Run, document: Document, targets: list[Target], mode: str) -> list[str]:
    stories = [read_story(text, document) for text in (STORY, NEXT)]
    return [one.problem for one in run.play_stories(stories, targets, mode).stories]


@pytest.mark.parametrize("mode", ["alone", "lockstep"])
def test_nothing_is_reported_if_bystanders_do_not_change(
    watched: Run, document: Document, servers: Servers, mode: str
) -> None:
    targets = servers()
    assert played(watched, document, targets, mode) == [""] * 2 * (2 if mode == "alone" else 1)
    assert not watched.ledger.findings.all()


def test_targets_in_turn_share_their_bystanders(
    watched: Run, document: Document, servers: Servers
) -> None:
    left = servers()[0]
    again = Target("again", left.base_url)
    assert played(watched, document, [left, again], "alternating") == ["", ""]
    again.close()


def test_a_bystander_that_cannot_be_created_is_a_finding(
    settings: Settings, tmp_path: Path, document: Document, servers: Servers
) -> None:
    """No story gets to its first step, which must be reported."""
    other = BYSTANDERS.replace(
        "not yours }, expect: { status: 201 }", "x }, expect: { status: 200 }"
    )
    run = Run(replace(settings, bystanders=write(tmp_path, other)))
    for problem in played(run, document, servers(), "lockstep"):
        assert "its bystanders cannot be created: left: createNote" in problem
    [finding] = run.ledger.findings.all()
    assert (finding.kind, finding.count) == ("expectation", 2)
    assert finding.where == "beside every story, another user"


def test_a_step_that_deletes_everything_is_found(
    watched: Run, document: Document, servers: Servers
) -> None:
    problem, _ = played(watched, document, servers("deletes_all"), "lockstep")
    assert problem.startswith("one note goes, step 2, beside it: right: getNote has changed")
    assert "one note goes, another user: right: listNotes has changed" in problem
    assert "left" not in problem


def test_a_step_that_deletes_all_of_one_user_is_found_by_the_sibling(
    watched: Run, document: Document, servers: Servers
) -> None:
    problem, _ = played(watched, document, servers("deletes_own"), "lockstep")
    assert "beside it: right: getNote has changed" in problem
    assert "another user" not in problem


def test_without_bystanders_other_deletions_stay_unseen(
    run: Run, document: Document, servers: Servers
) -> None:
    assert played(run, document, servers("deletes_all"), "lockstep") == ["", ""]


def test_each_story_is_blamed_for_its_own_changes_only(
    watched: Run, document: Document, servers: Servers
) -> None:
    first, second = played(watched, document, servers("deletes_all"), "lockstep")
    assert "one note goes, another user" in first
    assert "another goes, another user" in second


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BYSTANDERS.replace("actor: mallory", "actor: 1"), "/actor"),
        (BYSTANDERS.replace("[deleteNote]", "[deleteNotes]"), "no operation deleteNotes"),
        (BYSTANDERS.replace("look: [{ operation: listNotes }]", "look: []"), "/stranger/look"),
    ],
)
def test_errors_in_the_bystander_file_are_reported(
    settings: Settings, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(RunError, match=message):
        Run(replace(settings, bystanders=write(tmp_path, text)))
