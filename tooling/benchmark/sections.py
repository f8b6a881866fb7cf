"""The sections of the page: plots, each with a sentence and a table of its numbers."""

from collections.abc import Iterator, Sequence
from functools import partial

from tooling.benchmark.figures import Figures, Pick, field, highest, per_cpu_second, unevenness
from tooling.benchmark.parts import (
    LANES_ARE,
    NAMES,
    Section,
    Table,
    both,
    cells_of,
    lanes,
    of_rows,
)
from tooling.benchmark.plots import Curve, Group, Words, curves
from tooling.benchmark.profiles import P99_LIMIT_MS
from tooling.benchmark.spread import in_words
from tooling.benchmark.verdict import (
    FRAMEWORKS,
    MEGA,
    RUNTIMES,
    against_baselines,
    claims,
    mixed_claim,
)

_PERCENTILES = {"p50": "50th", "p99": "99th", "p999": "99.9th"}


def sections(figures: Figures) -> Iterator[Section]:
    """Yield the sections that there are figures for, in order."""
    yield _highest(figures)
    if any(figures.rates()):
        yield _curves(figures)
    yield _alone(figures)
    yield _evenness(figures)
    yield _lanes(
        figures,
        Words("cpu", "Requests for a second of processor time", LANES_ARE, "mixed requests"),
        per_cpu_second("mixed"),
        "How many mixed requests a second of the server's own processor time serves while all"
        " connections are busy. The database's time is not in it.",
    )
    yield _memory(figures)
    yield _lanes(
        figures,
        Words("start", "Seconds from start to the first response", LANES_ARE, "seconds"),
        field("start_seconds"),
        "From the start of the process to the first 200 of /ready, database connection included.",
    )
    yield _lanes(
        figures,
        Words("recovery", "Seconds to recover from an outage", LANES_ARE, "seconds"),
        field("recover_seconds"),
        "From the first connection that the returning database takes to the first 200 of /ready."
        " 0 means that it took no measurable time.",
    )


def _lanes(figures: Figures, words: Words, pick: Pick, sentence: str) -> Section:
    groups = [Group("", lanes(figures, pick))]
    return of_rows(groups, words, [*_said(figures, words.name), sentence])


def _said(figures: Figures, name: str) -> list[str]:
    """Return a sentence about the figures of the twins, as a list of one or none."""
    sentence = claims(figures)[name].said(figures, RUNTIMES)
    return [] if sentence is None else [sentence]


def _highest(figures: Figures) -> Section:
    words = Words(
        "highest",
        "The highest rate that is held",
        LANES_ARE,
        f"mixed requests a second, 99 of 100 within {in_words(P99_LIMIT_MS)} ms",
    )
    groups = [
        Group(
            "" if len(figures.workers) == 1 else "1 worker" if each == 1 else f"{each} workers",
            lanes(figures, highest("mixed"), each),
        )
        for each in figures.workers
    ]
    claimed = [mixed_claim(figures, each).said(figures, RUNTIMES) for each in figures.workers]
    claimed += [mixed_claim(figures).said(figures, names) for names in FRAMEWORKS]
    return of_rows(groups, words, [sentence for sentence in claimed if sentence])


def _curves(figures: Figures) -> Section:
    plots, cells = [], []
    for percentile, ordinal in _PERCENTILES.items():
        lines = [
            Curve(NAMES[name], f"s-{name}", index, points)
            for index, name in enumerate(figures.names)
            if (points := list(figures.curve(name, percentile)))
        ]
        cells += [
            [line.name, ordinal, in_words(rate), *cells_of(found)]
            for line in lines
            for rate, found in line.points
        ]
        if lines:
            words = Words(
                percentile,
                f"{ordinal} percentile of response times",
                "Median of the rounds at each rate, with a line from the lowest to the highest.",
                f"{ordinal} percentile in ms, over mixed requests a second",
            )
            plots.append(both(partial(_drawn_curves, lines, words)))
    heads = ["server", "percentile", "rate", "median, ms", "lowest round", "highest round"]
    sentence = (
        "How long responses take when requests come at a fixed rate, regardless of the server. The"
        " time runs from the instant at which a request was due. A curve ends where the rate is far"
        " beyond what the server can serve, or where too few requests were sent for the percentile."
    )
    return Section(
        "curves",
        "Response times at fixed rates",
        [*_said(figures, "curves"), sentence],
        plots,
        Table(heads, cells),
    )


def _drawn_curves(lines: Sequence[Curve], words: Words, width: int) -> str:
    return curves(lines, words, width, P99_LIMIT_MS)


def _alone(figures: Figures) -> Section:
    groups = [
        Group(load[0].upper() + load[1:], lanes(figures, highest(load)))
        for load in figures.data["settings"]["alone"]
    ]
    sentences = against_baselines(figures)
    if "log in" in figures.data["settings"]["alone"]:
        sentences.append(
            "A login is deliberately costly: argon2id with 19 MiB is the same work everywhere."
        )
    words = Words("alone", "Each operation by itself", LANES_ARE, "requests a second that are held")
    return of_rows(groups, words, sentences)


def _evenness(figures: Figures) -> Section:
    words = Words(
        "evenness", "Uniformity of response times", LANES_ARE, "99th percentile by the median"
    )
    groups = [
        Group(load[0].upper() + load[1:], lanes(figures, unevenness(load)))
        for load in ("mixed", *figures.data["settings"]["alone"])
    ]
    mixed = {name: figures.spread(name, unevenness("mixed")) for name in RUNTIMES}
    ratios = [
        f"{in_words(each.median)} times in {RUNTIMES[name]}" for name, each in mixed.items() if each
    ]
    summary = [f"For mixed requests that is {' and '.join(ratios)}."] if ratios else []
    sentence = (
        "How many times as long as the middle one the slowest of a hundred requests take, at half"
        " of the highest rate of each server. The mixed load has quick and slow operations in it."
    )
    return of_rows(groups, words, [sentence, *summary])


def _memory(figures: Figures) -> Section:
    words = Words("memory", "Memory", LANES_ARE, "MB")
    groups = [
        Group("Idle", lanes(figures, field("idle_bytes", MEGA))),
        Group("Under load, at most", lanes(figures, field("loaded_bytes", MEGA))),
    ]
    sentence = "Of all processes of a server; what they share counts once (proportional set size)."
    return of_rows(groups, words, [*_said(figures, "memory"), sentence])
