"""The selection of a run: everything, or one story, trap, race or operation."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lockstep.drivers.races.files import Race
from lockstep.drivers.stories.files import Story, load_stories
from lockstep.drivers.traps.files import Trap, load_traps
from lockstep.openapi.document import Document
from testbed import contract
from testbed.reports import PARTS

VARIABLES = ("STORY", "TRAP", "RACE", "OP")
_MOST_NEAR = 5

T = TypeVar("T")


class SelectionError(Exception):
    """No item, or more than one, has the name; the message lists similar names."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection of a run.

    operations: those that generated requests are sent to, all if empty. said: descriptions of the
    selected items, empty if nothing was selected.
    """

    stories: Sequence[Story] = ()
    traps: Sequence[Trap] = ()
    races: Sequence[Race] = ()
    operations: frozenset[str] = frozenset()
    said: Sequence[str] = ()

    @property
    def parts(self) -> list[str]:
        """The parts of the contract tests that contain a selected item."""
        if not self.said:
            return [*PARTS]
        selected = {
            "stories": self.stories,
            "traps": self.traps,
            "races": self.races,
            "generated": self.operations,
        }
        return [part for part in PARTS if selected.get(part)]


def select(given: Mapping[str, str], document: Document) -> Selection:
    """Return the items that STORY, TRAP, RACE and OP select; everything if none of them is set.

    A story is selected by its name or its file (`timer/take-over`, `take-over`), a trap by its name
    or with its area (`URL: upper case`), a race by its name or its file, an operation by its
    operationId. Case and punctuation are ignored. Raises SelectionError.
    """
    wanted = {name: given[name] for name in VARIABLES if given.get(name)}
    if not wanted:
        every = load_stories(contract.STORIES, document)
        return Selection(every, load_traps(contract.TRAPS), contract.races(document))
    stories = _only("STORY", wanted, stories_by_name(document))
    traps = _only("TRAP", wanted, traps_by_name())
    races = _only("RACE", wanted, races_by_name(document))
    operations = _only("OP", wanted, [((name,), name) for name in document.operations])
    return Selection(
        stories,
        traps,
        races,
        frozenset(operations),
        (
            *(f"the story {each.name!r}" for each in stories),
            *(f"the trap {each.area}: {each.name!r}" for each in traps),
            *(f"the race {each.name!r}" for each in races),
            *(f"generated requests to {each}" for each in operations),
        ),
    )


def stories_by_name(document: Document) -> Iterator[tuple[tuple[str, ...], Story]]:
    """Yield each story with its possible names."""
    files = sorted(contract.STORIES.rglob("*.yaml"))
    for path, story in zip(files, load_stories(contract.STORIES, document), strict=True):
        file = path.relative_to(contract.STORIES).with_suffix("")
        yield (str(file), story.name, file.name), story


def traps_by_name() -> Iterator[tuple[tuple[str, ...], Trap]]:
    """Yield each trap with its possible names."""
    for trap in load_traps(contract.TRAPS):
        yield (f"{trap.area}: {trap.name}", trap.name), trap


def races_by_name(document: Document) -> Iterator[tuple[tuple[str, ...], Race]]:
    """Yield each race with its possible names."""
    files = sorted(contract.RACES.glob("*.yaml"))
    for path, race in zip(files, contract.races(document), strict=True):
        yield (path.stem, race.name), race


def _only(
    variable: str, wanted: Mapping[str, str], every: Iterable[tuple[tuple[str, ...], T]]
) -> tuple[T, ...]:
    """Return the one item with the wanted name; nothing if none is wanted."""
    if variable not in wanted:
        return ()
    name, known = wanted[variable], list(every)
    key = _key(name)
    found = [(names, each) for names, each in known if key in map(_key, names)]
    if len(found) == 1:
        return (found[0][1],)
    if found:
        several = ", ".join(names[0] for names, _ in found)
        raise SelectionError(f"{variable}={name}: matches more than one: {several}")
    near = _near(key, [names for names, _ in known])
    raise SelectionError(f"{variable}={name}: unknown; did you mean {', '.join(near)}?")


def _near(key: str, known: list[tuple[str, ...]]) -> list[str]:
    """Return the first names that contain the key, or are similar to it."""
    called = {_key(name): names[0] for names in known for name in names}
    within = [each for each in called if key and key in each]
    close = difflib.get_close_matches(key, called, _MOST_NEAR, cutoff=0.0)
    return list(dict.fromkeys(called[each] for each in (*within, *close)))[:_MOST_NEAR]


def _key(name: str) -> str:
    """Normalise a name: lower case, with a hyphen for each run of other characters."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")
