"""Selection of one story, trap, race or operation by name."""

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


def test_everything_is_selected_without_a_name(document: Document) -> None:
    selection = select({"STORY": "", "OTHER": "x"}, document)
    assert selection.parts == [*PARTS]
    assert not selection.said
    assert len(selection.races) == len(list(contract.RACES.glob("*.yaml")))


@pytest.mark.parametrize("name", ["timer/take-over", "take-over", "Take Over", "timer/take_over"])
def test_story_is_selected_by_its_file_name(name: str, document: Document) -> None:
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
def test_item_is_selected_by_its_name(
    variable: str, name: str, part: str, document: Document
) -> None:
    selection = select({variable: name}, document)
    assert selection.parts == [part]
    assert len(selection.said) == 1


def test_several_kinds_are_selected_together(document: Document) -> None:
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
def test_unknown_name_lists_similar_names(
    variable: str, name: str, near: str, document: Document
) -> None:
    with pytest.raises(SelectionError, match=rf"{variable}={name}: unknown; did you mean .*{near}"):
        select({variable: name}, document)


def test_ambiguous_name_lists_all_matches(document: Document) -> None:
    with pytest.raises(SelectionError, match="more than one: tasks/change, time-entries/change"):
        select({"STORY": "change"}, document)


def test_displayed_names_are_unique(document: Document) -> None:
    for every in (stories_by_name(document), traps_by_name(), races_by_name(document)):
        names = [called[0].casefold() for called, _ in every]
        assert len(names) == len(set(names)) > 10
