"""The summary of a comparison: the figures of both twins, and five sentences."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from testbed.servers import KINDS, Kind
from tooling.benchmark.figures import Figures, Pick, at_rate, field, highest, per_cpu_second
from tooling.benchmark.lines import totals
from tooling.benchmark.spread import Spread, in_words, ratio
from tooling.benchmark.verdict import MEGA, RUNTIMES, common_rate

_DIGITS = 4
_SENTENCES = {
    "throughput": "Throughput: Python holds {python} requests/s with one worker, Node {node}",
    "cpu": "CPU: a request takes Python {python} ms, Node {node} ms",
    "latency": "Latency: the p99 at {rate} requests/s is {python} ms in Python, {node} ms in Node",
    "memory": "Memory under load: Python takes {python} MB, Node {node} MB",
}


@dataclass(frozen=True)
class Figure:
    """One figure of both twins.

    better: `higher` or `lower`. differs: whether the same twin had the higher value in every round.
    """

    name: str
    title: str
    better: str
    differs: bool
    twins: Mapping[Kind, Spread]

    def words(self, kind: Kind) -> str:
        """Return the median of a twin as text."""
        return in_words(self.twins[kind].median)


@dataclass(frozen=True)
class Summary:
    """What is kept of a comparison.

    behaviour: how many requests had equal responses before it. code: lines, packages and their
    megabytes. All else: as in compare.json.
    """

    made_at: str
    commit: str | None
    profile: str
    seed: int
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    rounds: int
    workers: tuple[int, ...]
    rate: int | None
    behaviour: Mapping[str, int]
    figures: tuple[Figure, ...]
    code: Mapping[Kind, Mapping[str, float]]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Summarise a compare.json. Raises ValueError if a twin is missing."""
        figures = Figures(data)
        missing = set(KINDS) - set(figures.names)
        if missing:
            raise ValueError(f"There are no measurements of {', '.join(sorted(missing))}.")
        rate = common_rate(figures, tuple(RUNTIMES))
        return cls(
            **{name: data[name] for name in ("made_at", "commit", "profile", "seed")},
            machine=data["machine"],
            versions=data["versions"],
            rounds=data["settings"]["rounds"],
            workers=tuple(figures.workers),
            rate=rate,
            behaviour={name: data["parity"][name] for name in ("requests", "findings")},
            figures=tuple(_figures(figures, rate)),
            code={kind: _code(figures.of(kind)) for kind in KINDS},
        )

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Load the result of as_json()."""
        read = [
            Figure(
                each["name"],
                each["title"],
                each["better"],
                each["differs"],
                {kind: Spread(**each["twins"][kind]) for kind in KINDS},
            )
            for each in content["figures"]
        ]
        return cls(**{**content, "figures": tuple(read), "workers": tuple(content["workers"])})

    def as_json(self) -> dict[str, Any]:
        """Return everything, for a file."""
        return asdict(self)

    def figure(self, name: str) -> Figure | None:
        """Return a figure by its name; None if it was not measured."""
        return next((each for each in self.figures if each.name == name), None)


def answer(summary: Summary) -> list[str]:
    """Return a sentence for each figure: what Python and Node cost for the same behaviour."""
    sentences = [
        sentence.format(rate=summary.rate, **{kind: figure.words(kind) for kind in KINDS})
        + ("" if figure.differs else ", no difference that this machine can show")
        for name, sentence in _SENTENCES.items()
        if (figure := summary.figure(name)) is not None
    ]
    code = {
        kind: "{lines:,} lines, {packages:,} packages of {megabytes:,.0f} MB".format_map(
            summary.code[kind]
        )
        for kind in KINDS
    }
    sentences.append("Code: Python {python}; Node {node}".format(**code))
    return [f"{sentence}." for sentence in sentences]


def _figures(figures: Figures, rate: int | None) -> Iterator[Figure]:
    """Yield the figures that were measured for both twins."""
    for name, title, better, pick, workers in _picks(figures, rate):
        values = {kind: figures.spread(kind, pick, workers) for kind in KINDS}
        known = {kind: _rounded(value) for kind, value in values.items() if value}
        found = ratio(*(figures.by_round(kind, pick, workers) for kind in KINDS))
        if len(known) == len(KINDS):
            differs = found is not None and found.can_tell_from_one
            yield Figure(name, title, better, differs, known)


def _picks(figures: Figures, rate: int | None) -> Iterator[tuple[str, str, str, Pick, int | None]]:
    for workers in figures.workers:
        name = "throughput" if workers == figures.workers[0] else f"throughput-{workers}"
        label = "1 worker" if workers == 1 else f"{workers} workers"
        yield name, f"Requests/s, {label}", "higher", highest("mixed"), workers
    yield "cpu", "CPU time per request, ms", "lower", _cpu_milliseconds, None
    if rate is not None:
        title = f"p99 at {rate} requests/s, ms"
        yield "latency", title, "lower", at_rate(rate, "p99"), None
    yield "memory", "Memory under load, MB", "lower", field("loaded_bytes", MEGA), None
    yield "start", "Start-up, s", "lower", field("start_seconds"), None


def _cpu_milliseconds(each: Any) -> float | None:
    answered = per_cpu_second("mixed")(each)
    return 1000 / answered if answered else None


def _code(contestant: Mapping[str, Any]) -> dict[str, float]:
    packages = contestant["packages"]
    megabytes = round(packages["bytes"] * MEGA, 1)
    return {
        "lines": totals(contestant["lines"]),
        "packages": packages["all"],
        "megabytes": megabytes,
    }


def _rounded(value: Spread) -> Spread:
    """Round to significant digits, so that the file stays small."""
    return Spread(*(float(f"{each:.{_DIGITS}g}") for each in (value.median, value.low, value.high)))
