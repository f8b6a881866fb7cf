"""Stories are validated strictly and played in three modes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lockstep.drivers.stories.files import StoryError, load_stories, read_story
from lockstep.drivers.stories.values import fill, mismatches
from lockstep.exchange.versions import Versions
from lockstep.openapi.document import Document
from lockstep.run import Run
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]

HEAD = "name: a story\nabout: A test.\nactors: [alice, bob]\nsteps:\n"


def play(run: Run, document: Document, targets: list[Target], mode: str, steps: str) -> str:
    """Return the problem of a story with these steps; empty if it succeeded."""
    stage = run.play_stories([read_story(HEAD + steps, document)], targets, mode)
    return stage.stories[0].problem if stage.stories else "not played"


@pytest.mark.parametrize("mode", ["alone", "lockstep"])
def test_a_story_with_the_expected_responses_has_no_problem(
    run: Run, document: Document, servers: Servers, mode: str
) -> None:
    steps = """
  - { operation: createNote, json: { text: hello }, expect: { status: 201,
      headers: { ETag: present, X-None: absent, Location: { matches: '^/notes/' } },
      json: { text: hello, id: { $any: id } } },
      save: { note: body, path: header:Location } }
  - { method: GET, path: '${path}', as: alice, expect: { status: 200, json: { id: '${note.id}' } } }
  - { operation: getNote, path: { note_id: '${note.id}' }, as: bob,
      expect: { status: 404, code: note_not_found } }
  - { operation: deleteNote, path: { note_id: '${note.id}' },
      expect: { status: 204, body_absent: true } }
"""
    assert play(run, document, servers(), mode, steps) == ""
    assert not run.ledger.findings.all()


def test_in_turn_each_request_goes_to_the_next_target(
    run: Run, document: Document, servers: Servers
) -> None:
    left = servers()[0]
    again = Target("again", left.base_url)
    steps = """
  - { operation: createNote, json: { text: hello }, expect: { status: 201 }, save: { note: body } }
  - { operation: getNote, path: { note_id: '${note.id}' }, expect: { status: 200 } }
"""
    assert play(run, document, [left, again], "alternating", steps) == ""
    seen = run.ledger.coverage.operations
    assert (set(seen["createNote"].statuses), set(seen["getNote"].statuses)) == (
        {"left"},
        {"again"},
    )
    again.close()


def test_an_expectation_that_fails_names_step_target_and_values(
    run: Run, document: Document, servers: Servers
) -> None:
    steps = """
  - { operation: createNote, json: { text: UP }, expect: { status: 201, json: { text: UP } } }
  - { operation: listNotes, expect: { status: 200 } }
"""
    problem = play(run, document, servers("text"), "lockstep", steps)
    assert problem == 'a story, step 1: right: /text: expected "UP", got "up"'
    (found,) = [found for found in run.ledger.findings.all() if found.category == "story"]
    assert (found.targets, found.where) == (("right",), "a story, step 1")


def test_an_expectation_has_the_values_that_the_target_itself_has_returned(
    run: Run, document: Document, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instant of one target may correspond to two of another: it cannot be translated."""
    monkeypatch.setattr(Versions, "translate_text", lambda _self, text, _name: text)
    steps = """
  - { operation: createNote, json: { text: hello }, expect: { status: 201 }, save: { note: body } }
  - { operation: getNote, path: { note_id: '${note.id}' },
      expect: { status: 200, json: { id: '${note.id}' } } }
"""
    assert play(run, document, servers(), "lockstep", steps) == ""


def test_a_parallel_step_is_checked_by_its_status_codes(
    run: Run, document: Document, servers: Servers
) -> None:
    steps = """
  - { operation: createNote, json: { text: one }, expect: { status: 201 }, save: { note: body } }
  - parallel:
      - { operation: closeNote, path: { note_id: '${note.id}' } }
      - { operation: closeNote, path: { note_id: '${note.id}' } }
    expect_any_order: [200, 409]
    save: { closed: body }
  - parallel:
      - { operation: createNote, json: { text: left } }
      - { operation: createNote, json: { text: right } }
    expect_any_order: [201, 201]
  - { operation: getNote, path: { note_id: '${closed.id}' }, expect: { status: 200 } }
  - { operation: listNotes, expect: { status: 200, json: { data: { $length: 3 } } } }
"""
    assert play(run, document, servers(), "lockstep", steps) == ""


def test_an_unexpected_result_of_a_parallel_step_is_a_finding(
    run: Run, document: Document, servers: Servers
) -> None:
    steps = """
  - parallel:
      - { operation: createNote, json: { text: left } }
      - { operation: createNote, json: { text: right } }
    expect_any_order: [201, 409]
"""
    assert "expected the statuses [201, 409], got" in play(run, document, servers(), "alone", steps)


def test_steps_can_be_repeated_and_call_controls(
    run: Run, document: Document, servers: Servers
) -> None:
    done = []
    steps = """
  - { operation: getMetrics, repeat: 3, expect: { status: 200 } }
  - { control: knock }
"""
    story = read_story(HEAD + steps, document)
    stage = run.play_stories(
        [story], servers(), "lockstep", controls={"knock": lambda: done.append("knocked")}
    )
    assert (stage.stories[0].problem, done) == ("", ["knocked"])
    assert run.ledger.coverage.operations["getMetrics"].requests == 3


def test_a_story_is_played_only_in_its_modes(
    run: Run, document: Document, servers: Servers
) -> None:
    story = read_story(
        "modes: [alone]\n" + HEAD + "  - { operation: getMetrics, expect: { status: 200 } }",
        document,
    )
    assert run.play_stories([story], servers(), "lockstep").stories == []


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ("{ operation: nothing, expect: { status: 200 } }", "no operation nothing"),
        ("{ operation: getMetrics, as: carol, expect: { status: 200 } }", "carol is not one of"),
        ("{ operation: getMetrics }", '"expect" is a required property'),
        ("{ operation: getMetrics, expct: 1, expect: { status: 200 } }", "'expct' was unexpected"),
        ("{ method: GET, expect: { status: 200 } }", '"path" is a required property'),
    ],
)
def test_an_invalid_story_is_refused(document: Document, step: str, complaint: str) -> None:
    with pytest.raises(StoryError, match=complaint):
        read_story(f"{HEAD}  - {step}", document)


def test_all_errors_in_a_folder_are_reported_with_their_files(
    tmp_path: Path, document: Document
) -> None:
    good = HEAD + "  - { operation: getMetrics, expect: { status: 200 } }"
    (tmp_path / "a.yaml").write_text(good)
    (tmp_path / "b.yaml").write_text(good)
    (tmp_path / "c.yaml").write_text("name: [")
    with pytest.raises(StoryError) as caught:
        load_stories(tmp_path, document)
    assert "c.yaml" in str(caught.value)
    assert "two stories are named 'a story'" in str(caught.value)


def test_a_value_that_was_not_saved_is_a_problem_of_the_story(
    run: Run, document: Document, servers: Servers
) -> None:
    steps = "  - { operation: getNote, path: { note_id: '${note.id}' }, expect: { status: 200 } }"
    problem = play(run, document, servers(), "lockstep", steps)
    assert problem == "a story: step 1: nothing is saved as note.id"


def test_values_keep_their_type_and_builders_make_strings() -> None:
    values = {"note": {"tags": ["a", 7]}}
    assert fill("${note.tags.1}", values) == 7
    assert fill("<${note.tags.1}>", values) == "<7>"
    assert fill({"a": {"$repeat": "é", "$times": 3}}, values) == {"a": "ééé"}
    assert fill({"$join": ["${note.tags.0}", {"$repeat": "b", "$times": 2}]}, values) == "abb"


@pytest.mark.parametrize(
    ("expected", "actual", "count"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, 0),
        ({"a": 1}, {"a": 1.0}, 1),
        ({"a": True}, {"a": 1}, 1),
        ({"a": {"$absent": True}}, {"b": 2}, 0),
        ({"a": {"$absent": True}}, {"a": None}, 1),
        ([1, 2], [1], 1),
        ({"$length": 2}, [1, 2], 0),
        ({"$matches": "^a+$"}, "aab", 1),
        ({"$contains": [{"a": 1}]}, [{"a": 2}, {"a": 1, "b": 1}], 0),
        ({"$exactly": {"a": 1}}, {"a": 1, "b": 2}, 1),
        ({"$any": "time"}, "2026-01-01T00:00:00.000Z", 0),
        ({"$any": "integer"}, True, 1),
    ],
)
def test_expected_json(expected: Any, actual: Any, count: int) -> None:
    assert len(list(mismatches(expected, actual))) == count
