"""One story, trap, race or operation is found by what people call it."""

import pytest

from lockstep.openapi.document import Document
from suite.selection import (
    SelectionError,
    races_by_name,
    select,
    stories_by_name,
    traps_by_name,
)
from testbed import contract
from testbed.paths import CONTRACT
from testbed.reports import PARTS


@pytest.fixture(scope="module")
def document() -> Document:
    return Document.load(CONTRACT)


def test_without_a_name_all_is_run(document: Document) -> None:
    selection = select({"STORY": "", "OTHER": "x"}, document)
    assert selection.parts == [*PARTS]
    assert not selection.said
    assert len(selection.races) == len(list(contract.RACES.glob("*.yaml")))


@pytest.mark.parametrize("name", ["timer/take-over", "take-over", "Take Over", "timer/take_over"])
def test_a_story_is_named_by_its_file(name: str, document: Document) -> None:
    selection = select({"STORY": name}, document)
    assert [story.name for story in selection.stories] == ["take over the timer"]
    assert selection.said == ("the story 'take over the timer'",)
    assert selection.parts == ["stories"]


@pytest.mark.parametrize(
    ("variable", "name", "part"),
    [
        ("STORY", "take over the timer", "stories"),
        ("TRAP", "URL: upper case", "traps"),
        ("TRAP", "an escape that is not UTF-8", "traps"),
        ("RACE", "if-match", "races"),
        ("RACE", "two changes of one version", "races"),
        ("OP", "createTask", "generated"),
    ],
)
def test_a_thing_is_named_by_its_name(
    variable: str, name: str, part: str, document: Document
) -> None:
    selection = select({variable: name}, document)
    assert selection.parts == [part]
    assert len(selection.said) == 1


def test_several_kinds_go_together(document: Document) -> None:
    selection = select({"RACE": "if-match", "OP": "updateTask"}, document)
    assert selection.parts == ["races", "generated"]
    assert selection.operations == {"updateTask"}


@pytest.mark.parametrize(
    ("variable", "name", "near"),
    [
        ("STORY", "take-ovr", "timer/take-over"),
        ("TRAP", "uppercase", "URL: upper case"),
        ("RACE", "ifmatch", "if-match"),
        ("OP", "createTasks", "createTask"),
        ("OP", "timer", "startTimer"),
    ],
)
def test_an_unknown_name_is_answered_with_those_near_it(
    variable: str, name: str, near: str, document: Document
) -> None:
    with pytest.raises(SelectionError, match=rf"{variable}={name}: unknown; did you mean .*{near}"):
        select({variable: name}, document)


def test_a_name_of_several_is_refused_with_all_of_them(document: Document) -> None:
    with pytest.raises(SelectionError, match="more than one: tasks/change, time-entries/change"):
        select({"STORY": "change"}, document)


def test_what_is_shown_first_names_one_thing(document: Document) -> None:
    for every in (stories_by_name(document), traps_by_name(), races_by_name(document)):
        names = [called[0].casefold() for called, _ in every]
        assert len(names) == len(set(names)) > 10
