"""View models of the parity traps and the stories."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from lockstep.drivers.traps.files import Expectation, Trap, load_traps
from lockstep.openapi.loading import load_yaml
from testbed.paths import ROOT

_LETTER = re.compile(r"[^a-z0-9]+")
_HEX_ESCAPE = re.compile("[\x80-\xff]")


@dataclass(frozen=True)
class Entry:
    """A trap: its request as text, and the required response."""

    anchor: str
    name: str
    left_alone: Mapping[str, str]
    decision: str
    request: str
    expect: tuple[Expectation, ...]


@dataclass(frozen=True)
class Area:
    """The traps of an area and their file."""

    name: str
    anchor: str
    file: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Story:
    """A scenario: its name, its purpose, its file, and how many requests it sends."""

    name: str
    about: str
    file: str
    steps: int


def areas(folder: Path) -> list[Area]:
    """Return every trap, by area, in the order of their files."""
    files = {load_yaml(path.read_text())["area"]: path for path in folder.glob("*.yaml")}
    return [
        Area(
            name=name,
            anchor=anchor_of(name),
            file=str(files[name].relative_to(ROOT)),
            entries=tuple(_entries(traps)),
        )
        for name, traps in groupby(load_traps(folder), lambda trap: trap.area)
    ]


def stories(folder: Path) -> dict[str, list[Story]]:
    """Return the stories by folder."""
    found: dict[str, list[Story]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        raw = load_yaml(path.read_text(encoding="utf-8"))
        steps = sum(len(step.get("parallel", (step,))) for step in raw["steps"])
        story = Story(raw["name"], raw["about"], str(path.relative_to(ROOT)), steps)
        found.setdefault(path.parent.name, []).append(story)
    return found


def anchor_of(text: str) -> str:
    """Convert a text to the id of an element."""
    return _LETTER.sub("-", text.lower()).strip("-")


def readable(latin_1: str) -> str:
    """Return bytes, given as Latin-1, as text: decoded as UTF-8 if possible, else with `\\xNN`."""
    try:
        return latin_1.encode("latin-1").decode()
    except UnicodeDecodeError:
        return _HEX_ESCAPE.sub(lambda found: f"\\x{ord(found[0]):02x}", latin_1)


def _entries(traps: Iterable[Trap]) -> Iterator[Entry]:
    """Yield the entries of an area; names that differ only in punctuation are numbered."""
    seen: Counter[str] = Counter()
    for trap in traps:
        anchor = f"{anchor_of(trap.area)}-{anchor_of(trap.name)}"
        seen[anchor] += 1
        yield _entry(trap, anchor if seen[anchor] == 1 else f"{anchor}-again-{seen[anchor]}")


def _entry(trap: Trap, anchor: str) -> Entry:
    return Entry(
        anchor=anchor,
        name=trap.name,
        left_alone=trap.left_alone,
        decision=trap.decision,
        request=readable(trap.template + trap.body).replace("\r\n", "\n").rstrip("\n"),
        expect=tuple(_in_turn(trap.expect)),
    )


def _in_turn(expect: Expectation | None) -> Iterator[Expectation]:
    while expect is not None:
        yield expect
        expect = expect.then
