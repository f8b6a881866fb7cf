"""The parts of a section: sentences, plots in two widths, and tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tooling.benchmark.figures import Figures, Pick
from tooling.benchmark.plots import NARROW, WIDE, Group, Lane, Words, rows
from tooling.benchmark.spread import Spread, in_words

NAMES = {
    "python": "Flask",
    "node": "Express",
    "fastapi": "FastAPI",
    "fastify": "Fastify",
    "bare-python": "bare Python",
    "bare-node": "bare Node",
    "tutorial-python": "tutorial, Python",
    "tutorial-node": "tutorial, Node",
}
LANES_ARE = (
    "One mark for each server at its median; the thick line reaches from the lowest round to the"
    " highest."
)


@dataclass(frozen=True)
class Table:
    """Heads and cells, as text."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A section of the page. plots: SVG, each for a wide and for a narrow window."""

    name: str
    title: str
    sentences: Sequence[str]
    plots: Sequence[tuple[str, str]]
    table: Table | None


def lanes(figures: Figures, pick: Pick, workers: int | None = None) -> list[Lane]:
    """Return one lane for each contestant that has the value."""
    found = [
        (index, name, figures.spread(name, pick, workers))
        for index, name in enumerate(figures.names)
    ]
    return [Lane(NAMES[name], f"s-{name}", index, value) for index, name, value in found if value]


def table_of(groups: Sequence[Group], unit: str) -> Table:
    """Return the numbers of a plot of rows."""
    cells = [
        [*([group.heading] if group.heading else []), lane.name, *cells_of(lane.value)]
        for group in groups
        for lane in group.lanes
    ]
    heads = ["server", f"median, {unit}", "lowest round", "highest round"]
    return Table(["", *heads] if groups[0].heading else heads, cells)


def of_rows(groups: Sequence[Group], words: Words, sentences: Sequence[str]) -> Section:
    """Return a section with one plot of rows; empty groups are omitted."""
    kept = [group for group in groups if group.lanes]
    drawn = [both(lambda width: rows(kept, words, width))] if kept else []
    table = table_of(kept, words.axis) if kept else None
    return Section(words.name, words.title, sentences, drawn, table)


def both(draw: Callable[[int], str]) -> tuple[str, str]:
    """Draw a plot for a wide and for a narrow window."""
    return draw(WIDE), draw(NARROW)


def cells_of(value: Spread) -> list[str]:
    """Return the median, the lowest and the highest round, as text."""
    return [in_words(each) for each in (value.median, value.low, value.high)]
