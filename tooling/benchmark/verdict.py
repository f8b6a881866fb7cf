"""Sentences about the figures, computed from them."""

from collections.abc import Mapping
from dataclasses import dataclass

from tooling.benchmark.figures import Figures, Pick, at_rate, field, highest, per_cpu_second
from tooling.benchmark.profiles import P99_LIMIT_MS
from tooling.benchmark.spread import in_words, ratio, ratio_in_words

MEGA = 1e-6
_SPACE = "\N{NO-BREAK SPACE}"
RUNTIMES = {"node": "Node", "python": "Python"}
FRAMEWORKS = (
    {"fastapi": "FastAPI", "python": "Flask"},
    {"fastify": "Fastify", "node": "Express"},
)
_YARDSTICKS = {
    "read a task": "for reading",
    "list tasks": "for listing",
    "create a task": "for creating",
}
_BASELINES = {
    "bare": "a bare handler with the plain driver",
    "tutorial": "an application written as in tutorials",
}


@dataclass(frozen=True)
class Claim:
    """A sentence about one figure of two contestants.

    difference: a sentence with {more}, {less} and {times}. topic: the subject if there is no
    difference. workers: None for the default number. resolution: values below it on both sides
    count as equal.
    """

    pick: Pick
    difference: str
    topic: str
    unit: str = ""
    workers: int | None = None
    resolution: float = 0.0

    def said(self, figures: Figures, names: Mapping[str, str]) -> str | None:
        """Return the sentence; names maps both contestants to display names. None if unknown."""
        first, second = names
        found = ratio(*(figures.by_round(name, self.pick, self.workers) for name in names))
        medians = {name: figures.spread(name, self.pick, self.workers) for name in names}
        if found is None:
            return None
        more, less = (first, second) if found.median >= 1 else (second, first)
        values = " against ".join(
            f"{in_words(each.median)}{self.unit}" for each in (medians[more], medians[less]) if each
        )
        most = max(each.median for each in medians.values() if each)
        if not found.can_tell_from_one or most < self.resolution:
            return (
                f"No difference that this machine can show between {names[more]} and"
                f" {names[less]} in {self.topic}: {values}."
            )
        times = ratio_in_words(found if more == first else found.inverse)
        filled = self.difference.format(more=names[more], less=names[less], times=times)
        return f"{filled}: {values}."


def verdict(figures: Figures) -> list[str]:
    """Return the sentences at the top of the page, the twins first."""
    sentences = [
        mixed_claim(figures, workers).said(figures, RUNTIMES) for workers in figures.workers
    ]
    sentences += [claim.said(figures, RUNTIMES) for claim in claims(figures).values()]
    adapters = [mixed_claim(figures).said(figures, names) for names in FRAMEWORKS]
    every = (*sentences, *adapters, *against_baselines(figures))
    return [sentence for sentence in every if sentence is not None]


def mixed_claim(figures: Figures, workers: int | None = None) -> Claim:
    """Return the claim about the highest rate of the mixed load."""
    number = workers or figures.workers[0]
    with_workers = "one worker" if number == 1 else f"{number} workers"
    return Claim(
        highest("mixed"),
        f"With {with_workers}, {{more}} holds {{times}} times the mixed requests a second"
        " of {less}",
        f"the mixed requests a second that {with_workers} can hold",
        workers=number,
    )


def claims(figures: Figures) -> dict[str, Claim]:
    """Return the other claims, by the section that shows their figures."""
    rate = common_rate(figures, tuple(RUNTIMES))
    return {
        "cpu": Claim(
            per_cpu_second("mixed"),
            "A second of processor time serves {times} times as many mixed requests in {more}"
            " as in {less}",
            "the requests that a second of processor time serves",
        ),
        "curves": Claim(
            at_rate(rate or 0, "p99"),
            f"At {rate} requests a second, the slowest of a hundred take {{times}} times as long"
            " in {more} as in {less}",
            f"how long the slowest of a hundred take at {rate} requests a second",
            f"{_SPACE}ms",
        ),
        "memory": Claim(
            field("loaded_bytes", MEGA),
            "Under load, {more} takes {times} times the memory of {less}",
            "memory under load",
            f"{_SPACE}MB",
        ),
        "start": Claim(
            field("start_seconds"),
            "{more} takes {times} times as long as {less} to start",
            "how long they take to start",
            f"{_SPACE}s",
        ),
        "recovery": Claim(
            field("recover_seconds"),
            "{more} takes {times} times as long as {less} to be back after an outage",
            "how long they take to be back after an outage",
            f"{_SPACE}s",
            resolution=0.05,
        ),
    }


def against_baselines(figures: Figures) -> list[str]:
    """Return a sentence for each baseline that was measured and its twin."""
    pairs = [(baseline, runtime) for baseline in _BASELINES for runtime in RUNTIMES]
    found = [_against(figures, baseline, runtime) for baseline, runtime in pairs]
    return [sentence for sentence in found if sentence is not None]


def _against(figures: Figures, baseline: str, runtime: str) -> str | None:
    """Return the share of the baseline's rate that a twin sustains. None if not measured."""
    shares = []
    for load, what in _YARDSTICKS.items():
        twin, other = (
            figures.by_round(name, highest(load)) for name in (runtime, f"{baseline}-{runtime}")
        )
        found = ratio(twin, other)
        if found is not None:
            shares.append(f"{ratio_in_words(found)} {what}")
    if not shares:
        return None
    return (
        f"Of the rate that {_BASELINES[baseline]} holds, {RUNTIMES[runtime]} holds"
        f" {', '.join(shares)}."
    )


def common_rate(figures: Figures, names: tuple[str, ...]) -> int | None:
    """Return the highest fixed rate that all of them sustained in every round."""
    rates = [
        {rate for rate, found in figures.curve(name, "p99") if found.high <= P99_LIMIT_MS}
        for name in names
    ]
    return max(set.intersection(*rates), default=None)
