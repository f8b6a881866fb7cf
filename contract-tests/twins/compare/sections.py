"""The plots of the page, each with the sentence that it says and the table of its numbers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from twins.compare.figures import Figures, Pick, field, highest, per_cpu_second
from twins.compare.plots import NARROW, WIDE, Curve, Group, Lane, Words, curves, rows
from twins.compare.profiles import P99_LIMIT_MS
from twins.compare.spread import Spread, in_words
from twins.compare.verdict import FRAMEWORKS, MEGA, RUNTIMES, against_bare, mixed_claim

NAMES = {
    "python": "Flask",
    "node": "Express",
    "fastapi": "FastAPI",
    "fastify": "Fastify",
    "bare-python": "bare Python",
    "bare-node": "bare Node",
}
_LANES_ARE = (
    "One mark for each server at its median; the thick line reaches from the lowest round to the"
    " highest."
)
_PERCENTILES = {"p50": "50th", "p99": "99th", "p999": "99.9th"}


@dataclass(frozen=True)
class Table:
    """Heads and cells, as text."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A part of the page. plots: SVG, each for a wide and for a narrow window."""

    name: str
    title: str
    sentences: Sequence[str]
    plots: Sequence[tuple[str, str]]
    table: Table | None


def sections(figures: Figures) -> Iterator[Section]:
    """Those that there are figures for, in order."""
    yield _highest(figures)
    if any(figures.rates()):
        yield _curves(figures)
    yield _alone(figures)
    yield _lanes(
        figures,
        Words("cpu", "Requests for a second of processor time", _LANES_ARE, "mixed requests"),
        per_cpu_second("mixed"),
        "How many mixed requests a second of the server's own processor time answers while all"
        " connections are busy. The database's time is not in it.",
    )
    yield _memory(figures)
    yield _lanes(
        figures,
        Words("start", "Seconds from start to the first answer", _LANES_ARE, "seconds"),
        field("start_seconds"),
        "From the start of the process to the first 200 of /ready, database connection included.",
    )
    yield _lanes(
        figures,
        Words("recovery", "Seconds to recover from an outage", _LANES_ARE, "seconds"),
        field("recover_seconds"),
        "From the first connection that the returning database takes to the first 200 of /ready."
        " 0 says that the server was as fast as who watched.",
    )


def lanes(figures: Figures, pick: Pick, workers: int | None = None) -> list[Lane]:
    """One lane for each contestant that has the value."""
    found = [
        (index, name, figures.spread(name, pick, workers))
        for index, name in enumerate(figures.names)
    ]
    return [Lane(NAMES[name], f"s-{name}", index, value) for index, name, value in found if value]


def table_of(groups: Sequence[Group], unit: str) -> Table:
    """The numbers of a plot of rows."""
    cells = [
        [*([group.heading] if group.heading else []), lane.name, *_cells(lane.value)]
        for group in groups
        for lane in group.lanes
    ]
    heads = ["server", f"median, {unit}", "lowest round", "highest round"]
    return Table(["", *heads] if groups[0].heading else heads, cells)


def _lanes(figures: Figures, words: Words, pick: Pick, sentence: str) -> Section:
    groups = [Group("", lanes(figures, pick))]
    return _of_rows(groups, words, [sentence])


def _of_rows(groups: Sequence[Group], words: Words, sentences: Sequence[str]) -> Section:
    kept = [group for group in groups if group.lanes]
    drawn = [_both(lambda width: rows(kept, words, width))] if kept else []
    table = table_of(kept, words.axis) if kept else None
    return Section(words.name, words.title, sentences, drawn, table)


def _highest(figures: Figures) -> Section:
    words = Words(
        "highest",
        "The highest rate that is held",
        _LANES_ARE,
        f"mixed requests a second, 99 of 100 within {in_words(P99_LIMIT_MS)} ms",
    )
    groups = [
        Group(
            "" if len(figures.workers) == 1 else "1 worker" if each == 1 else f"{each} workers",
            lanes(figures, highest("mixed"), each),
        )
        for each in figures.workers
    ]
    said = [mixed_claim(figures, each).said(figures, RUNTIMES) for each in figures.workers]
    said += [mixed_claim(figures).said(figures, names) for names in FRAMEWORKS]
    return _of_rows(groups, words, [sentence for sentence in said if sentence])


def _curves(figures: Figures) -> Section:
    plots, cells = [], []
    for percentile, ordinal in _PERCENTILES.items():
        lines = [
            Curve(NAMES[name], f"s-{name}", index, points)
            for index, name in enumerate(figures.names)
            if (points := list(figures.curve(name, percentile)))
        ]
        cells += [
            [line.name, ordinal, in_words(rate), *_cells(found)]
            for line in lines
            for rate, found in line.points
        ]
        if lines:
            words = Words(
                percentile,
                f"{ordinal} percentile of the time to answer",
                "Median of the rounds at each rate, with a line from the lowest to the highest.",
                f"{ordinal} percentile in ms, over mixed requests a second",
            )
            plots.append(_both(partial(_drawn_curves, lines, words)))
    heads = ["server", "percentile", "rate", "median, ms", "lowest round", "highest round"]
    sentence = (
        "How long answers take when requests come at a fixed rate, whatever the server does. The"
        " time runs from the instant at which a request was due. A curve ends where the rate was"
        " not answered any more, or where too few requests were sent for the percentile."
    )
    return Section(
        "curves", "Time to answer at fixed rates", [sentence], plots, Table(heads, cells)
    )


def _drawn_curves(lines: Sequence[Curve], words: Words, width: int) -> str:
    return curves(lines, words, width, P99_LIMIT_MS)


def _alone(figures: Figures) -> Section:
    groups = [
        Group(load[0].upper() + load[1:], lanes(figures, highest(load)))
        for load in figures.data["settings"]["alone"]
    ]
    said = [against_bare(figures, runtime) for runtime in RUNTIMES]
    sentences = [sentence for sentence in said if sentence]
    if "log in" in figures.data["settings"]["alone"]:
        sentences.append(
            "A log-in is costly on purpose: argon2id with 19 MiB is the same work everywhere."
        )
    words = Words(
        "alone", "Each operation by itself", _LANES_ARE, "requests a second that are held"
    )
    return _of_rows(groups, words, sentences)


def _memory(figures: Figures) -> Section:
    words = Words("memory", "Memory", _LANES_ARE, "MB")
    groups = [
        Group("Idle", lanes(figures, field("idle_bytes", MEGA))),
        Group("Under load, at most", lanes(figures, field("loaded_bytes", MEGA))),
    ]
    sentence = "Of all processes of a server; what they share counts once (proportional set size)."
    return _of_rows(groups, words, [sentence])


def _both(draw: Callable[[int], str]) -> tuple[str, str]:
    return draw(WIDE), draw(NARROW)


def _cells(value: Spread) -> list[str]:
    return [in_words(each) for each in (value.median, value.low, value.high)]
