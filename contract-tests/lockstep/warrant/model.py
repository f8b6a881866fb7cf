"""The data model of a warrant, and how warrants are merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from lockstep.warrant.bounds import CONFIDENCE, percent, upper_bound
from lockstep.warrant.latency import Latency, Ratio

# Maximum number of findings that are kept for a route, the latest ones.
KEPT_FINDINGS = 5
# Categories of documented parts that requests and responses may never have had.
CATEGORIES = (
    "parameters",
    "values",
    "request_members",
    "media_types",
    "credentials",
    "statuses",
    "response_members",
)
NeverSeen = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Divergence:
    """A divergence of a route.

    `kind` is the class: what differs (`status`, `header`, `value`, `missing`, ..., `effects`).
    `sentence` is for people, with secrets masked. `count` is how often it was seen, `at` when it
    was seen last, in UTC (ISO 8601), `request_id` is the last request's `X-Request-Id` or the trace
    id of its `traceparent`, if it had one.
    """

    kind: str
    sentence: str
    at: str
    count: int = 1
    request_id: str | None = None


@dataclass(slots=True)
class Route:
    """One operation, `GET /tasks/{id}`, and the results of its requests.

    Requests without a documented operation have a route by method, `GET (undocumented)`, which is
    not `documented`; `operation` is the operationId.

    `requests` were answered to clients, by class of status code in `answers` (`2xx`). Those
    `compared` were `alike`, or differed in `known` differences only, or `diverged`; `kinds` counts
    the last ones by class, a response that differs in two ways under both. Not judged are those
    that were `shed` (comparing could not keep up), `unclear` (a write overlapped, or states had
    diverged before), `failed` (no response of a target, by its name), and, by reason, `set_aside`.

    `latency` is by target. `never_seen` has, by category, the parts of the document that no request
    and no response had.
    """

    name: str
    operation: str | None = None
    documented: bool = True
    requests: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    alike: int = 0
    known: int = 0
    diverged: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    shed: int = 0
    unclear: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)
    latency: dict[str, Latency] = field(default_factory=dict)
    never_seen: dict[str, frozenset[str]] = field(default_factory=dict)
    findings: list[Divergence] = field(default_factory=list)

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.name.partition(" ")[0]

    @property
    def compared(self) -> int:
        """The number of compared responses."""
        return self.alike + self.known + self.diverged

    def bound(self, confidence: float = CONFIDENCE) -> float:
        """Return the upper bound of the share of divergent requests."""
        return upper_bound(self.diverged, self.compared, confidence)

    @property
    def sentence(self) -> str:
        """A sentence such as `3,120 compared, 0 diverged: below 0.1 % with 95 %`."""
        if not self.compared:
            return "nothing compared"
        known = f" ({self.known:,} with known differences only)" if self.known else ""
        bound = f"below {percent(self.bound())} with {percent(CONFIDENCE)}"
        return f"{self.compared:,} compared{known}, {self.diverged:,} diverged: {bound}"

    def plus(self, other: Route) -> Route:
        """Return the sum of both; never seen is what neither has seen."""
        return Route(
            self.name,
            self.operation,
            self.documented,
            self.requests + other.requests,
            self.answers + other.answers,
            self.alike + other.alike,
            self.known + other.known,
            self.diverged + other.diverged,
            self.kinds + other.kinds,
            self.shed + other.shed,
            self.unclear + other.unclear,
            self.failed + other.failed,
            self.set_aside + other.set_aside,
            {
                name: self.latency.get(name, Latency()).plus(other.latency.get(name, Latency()))
                for name in dict.fromkeys([*self.latency, *other.latency])
            },
            {
                name: self.never_seen[name] & other.never_seen[name]
                for name in self.never_seen.keys() & other.never_seen.keys()
            },
            joined(self.findings, other.findings),
        )

    def minus(self, earlier: Route) -> Route:
        """Return the counts since then; `never_seen` stays that of now."""
        before = {(each.kind, each.sentence): each.count for each in earlier.findings}
        fresh = (
            replace(each, count=each.count - before.get((each.kind, each.sentence), 0))
            for each in self.findings
        )
        return replace(
            self,
            requests=self.requests - earlier.requests,
            answers=self.answers - earlier.answers,
            alike=self.alike - earlier.alike,
            known=self.known - earlier.known,
            diverged=self.diverged - earlier.diverged,
            kinds=self.kinds - earlier.kinds,
            shed=self.shed - earlier.shed,
            unclear=self.unclear - earlier.unclear,
            failed=self.failed - earlier.failed,
            set_aside=self.set_aside - earlier.set_aside,
            latency={
                name: own.minus(earlier.latency.get(name, Latency()))
                for name, own in self.latency.items()
            },
            findings=[each for each in fresh if each.count > 0],
        )


@dataclass(slots=True)
class Warrant:
    """All routes of a document in its order, the undocumented ones last.

    `targets` begin with the reference, which answered the clients. `document` is its title,
    `digest` identifies its content. `started` and `until` are in UTC (ISO 8601): a restarted proxy
    counts from zero. `sources` is the number of merged warrants; `notes` are for people.
    """

    document: str
    digest: str
    targets: tuple[str, ...]
    started: str
    until: str
    routes: list[Route] = field(default_factory=list)
    sources: int = 1
    notes: list[str] = field(default_factory=list)

    def route(self, name: str) -> Route | None:
        """Return a route by its name, `GET /tasks/{id}`, or by its operationId."""
        return next((each for each in self.routes if name in (each.name, each.operation)), None)

    @property
    def total(self) -> Route:
        """The sum of all routes, without `never_seen`."""
        every = reduce(Route.plus, self.routes, Route("all routes"))
        return replace(every, name="all routes", operation=None)

    def ratio(self, route: Route, target: str) -> Ratio | None:
        """Return the ratio of a target's latency to the reference's; `None` if one has no times."""
        reference = route.latency.get(self.targets[0])
        own = route.latency.get(target)
        return own.ratio_to(reference) if own is not None and reference is not None else None

    def since(self, earlier: Warrant) -> Warrant:
        """Return the counts of this proxy since an earlier reading.

        All of them if it was restarted in between. With several proxies, each must be read
        separately; the differences can be merged.
        """
        if earlier.started != self.started or earlier.digest != self.digest:
            return self
        before = {each.name: each for each in earlier.routes}
        routes = [
            each.minus(before[each.name]) if each.name in before else each for each in self.routes
        ]
        return replace(self, routes=routes)


def merge(warrants: Sequence[Warrant]) -> Warrant:
    """Merge the warrants of proxies that ran side by side.

    Counts and histograms are added, parts seen by one were seen, and the latest findings are kept.
    Raises `ValueError` for an empty sequence, and for different documents or targets.
    """
    if not warrants:
        raise ValueError("there is no warrant to merge")
    first = warrants[0]
    for other in warrants[1:]:
        if other.digest != first.digest:
            raise ValueError(
                f"the warrants are about different documents: {first.document} and "
                f"{other.document}, or two versions of one"
            )
        if other.targets != first.targets:
            names = " and ".join(", ".join(each.targets) for each in (first, other))
            raise ValueError(f"the warrants are about different targets: {names}")
    routes: dict[str, Route] = {}
    for warrant in warrants:
        for route in warrant.routes:
            known = routes.get(route.name)
            routes[route.name] = known.plus(route) if known is not None else route
    return Warrant(
        first.document,
        first.digest,
        first.targets,
        min(each.started for each in warrants),
        max(each.until for each in warrants),
        sorted(routes.values(), key=lambda route: not route.documented),
        sum(each.sources for each in warrants),
        list(dict.fromkeys(note for each in warrants for note in each.notes)),
    )


def joined(*several: Iterable[Divergence]) -> list[Divergence]:
    """Return the latest findings of several lists, newest first; equal ones are merged."""
    found: dict[tuple[str, str], Divergence] = {}
    for each in (one for findings in several for one in findings):
        key = (each.kind, each.sentence)
        known = found.get(key)
        if known is None:
            found[key] = each
        else:
            latest = max(known, each, key=lambda one: one.at)
            found[key] = replace(latest, count=known.count + each.count)
    return sorted(found.values(), key=lambda one: one.at, reverse=True)[:KEPT_FINDINGS]
