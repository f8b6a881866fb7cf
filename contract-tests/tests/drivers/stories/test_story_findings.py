"""A story's finding is reported once, with all the steps needed on an empty server."""

from __future__ import annotations

from collections.abc import Callable

from lockstep.drivers.stories.files import read_story
from lockstep.openapi.document import Document
from lockstep.run import Run
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]

CLOSING = """
name: closing
about: A note is closed once.
actors: [alice]
steps:
  - { operation: createNote, json: { text: one }, expect: { status: 201 }, save: { note: body } }
  - { operation: getNote, path: { note_id: '${note.id}' }, expect: { status: 200 },
      save: { seen: body } }
  - { operation: listNotes, expect: { status: 200 } }
  - { operation: closeNote, path: { note_id: '${seen.id}' }, expect: { status: 200 } }
  - { operation: closeNote, path: { note_id: '${seen.id}' }, expect: { status: 409 } }
"""


def labels(run: Run) -> list[list[str]]:
    """Return the operations of the steps of each finding."""
    return [[step.label for step in one.sequence] for one in run.finish().findings]


def test_the_steps_create_what_they_refer_to(
    run: Run, document: Document, servers: Servers
) -> None:
    _, right = servers("closes_twice")
    run.play_stories([read_story(CLOSING, document)], [right], "alone")
    (steps,) = labels(run)
    logging_in = ["registerUser", "logIn"]
    # A list without saved values is not needed.
    assert steps == [*logging_in, "createNote", "getNote", "closeNote", "closeNote"]


def test_a_difference_that_also_fails_a_story_is_one_finding(
    run: Run, document: Document, servers: Servers
) -> None:
    stories = [read_story(CLOSING, document)]
    targets = servers("closes_twice")
    run.play_stories(stories, targets, "alone")
    run.play_stories(stories, targets, "lockstep")
    (finding,) = run.finish().findings
    assert (finding.category, finding.operation, finding.where) == ("parity", "closeNote", "status")
    (expected,) = finding.breaks
    assert (expected.where, expected.targets) == ("closing, step 5", ("right",))
    assert "right: expected status 409, got 200" in expected.sentence
