"""Every fault planted in one of two servers is found, with the right operation, kind and place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lockstep.drivers.stories.files import read_story
from lockstep.openapi.document import Document
from lockstep.run import Run
from lockstep.transport.targets import Target

STORY = """
name: the life of a note
about: Everything that can be done to a note.
actors: [alice, bob]
steps:
  - { operation: getMetrics, expect: { status: 200 } }
  - { operation: createNote, json: { text: ONE, size: 1 }, expect: { status: 201 },
      save: { one: body, tag: 'header:ETag' } }
  - { operation: createNote, json: { text: TWO }, expect: { status: 201 }, save: { two: body } }
  - { operation: listNotes, query: { limit: 1 }, expect: { status: 200 }, save: { page: body } }
  - { operation: listNotes, query: { cursor: '${page.next_cursor}' }, expect: { status: 200 } }
  - { operation: updateNote, path: { note_id: '${one.id}' }, headers: { If-Match: '${tag}' },
      json: { text: CHANGED }, expect: { status: 200 } }
  - { operation: closeNote, path: { note_id: '${one.id}' }, expect: { status: 200 } }
  - { operation: createNote, json: { text: HUGE, size: 100 }, expect: { status: [201, 500] } }
  - { operation: deleteNote, path: { note_id: '${one.id}' }, expect: { status: 204 } }
  - { operation: getNote, path: { note_id: '${one.id}' }, expect: { status: [200, 404] } }
  - { operation: getNote, path: { note_id: '${two.id}' }, as: bob, expect: { status: [200, 404] } }
"""


def play(run: Run, document: Document, targets: list[Target]) -> set[tuple[str, str, str, str]]:
    """The findings of the story, as (category, operation, kind, where)."""
    stage = run.play_stories([read_story(STORY, document)], targets, "lockstep")
    assert [story.problem for story in stage.stories] == [""]
    return {
        (found.category, found.operation, found.kind, found.where)
        for found in run.ledger.findings.all()
    }


@pytest.mark.parametrize(
    ("fault", "operation", "kind", "where"),
    [
        ("leak", "createNote", "extra", "body /owner"),
        ("text", "createNote", "value", "body /text"),
        ("new_id", "closeNote", "symbol", "body /id"),
        ("old_time", "createNote", "time", "body /created_at"),
        ("number", "createNote", "value", "body /size"),
        ("key_order", "createNote", "order", "body"),
        ("spaces", "createNote", "bytes", "body"),
        ("header", "createNote", "header", "header location"),
        ("limit", "listNotes", "length", "body /data"),
        ("order", "listNotes", "symbol", "body /data/*/id"),
        ("elapsed", "closeNote", "elapsed", "body /seconds"),
        ("crash", "createNote", "status", "status"),
        ("lost_delete", "getNote", "status", "status"),
        ("no_owner_check", "getNote", "status", "status"),
    ],
)
def test_planted_fault_is_found(
    run: Run,
    document: Document,
    servers: Callable[..., list[Target]],
    fault: str,
    operation: str,
    kind: str,
    where: str,
) -> None:
    found = play(run, document, servers(fault))
    assert ("parity", operation, kind, where) in found


def test_correct_servers_are_alike(
    run: Run, document: Document, servers: Callable[..., list[Target]]
) -> None:
    assert play(run, document, servers()) == set()


def test_conformance_violation_names_the_target(
    run: Run, document: Document, servers: Callable[..., list[Target]]
) -> None:
    play(run, document, servers("leak"))
    broken = [found for found in run.ledger.findings.all() if found.category == "conformance"]
    assert {found.targets for found in broken} == {("right",)}
    assert {found.kind for found in broken} == {"body_schema"}


def test_sequence_of_a_finding_starts_at_the_origin_of_its_values(
    run: Run, document: Document, servers: Callable[..., list[Target]]
) -> None:
    play(run, document, servers("elapsed"))
    (found,) = [found for found in run.ledger.findings.all() if found.operation == "closeNote"]
    labels = [exchange.label for exchange in found.sequence]
    assert labels == ["registerUser", "logIn", "createNote", "closeNote"]


def test_sequence_of_a_finding_is_minimised(
    run: Run, document: Document, servers: Callable[..., list[Target]]
) -> None:
    play(run, document, servers("order"))
    found = [found for found in run.ledger.findings.all() if found.operation == "listNotes"]
    labels = [exchange.label for exchange in found[0].sequence]
    assert labels == ["registerUser", "logIn", "createNote", "createNote", "listNotes"]


def test_every_other_server_is_compared_with_the_leader(
    run: Run, document: Document, servers: Callable[..., list[Target]]
) -> None:
    targets = [*servers(), servers("text")[1]]
    targets[2].name = "third"
    play(run, document, targets)
    found = [found for found in run.ledger.findings.all() if found.category == "parity"]
    assert {found.targets for found in found} == {("left", "third")}
