"""Fetches warrants from the judges, and adds up their counts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

from lockstep.cutover.plan import CutoverPlan, Judge
from lockstep.warrant import Divergence, Latency, Ratio, Route, Warrant, WarrantError, read_warrant
from lockstep.warrant.model import joined

_SECONDS = 2.0
# Kinds of differences if one of two responses is a failure.
_FAILURES = ("status", "outcome")

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The counts of all judges for a route, or for several.

    Users sent `requests`; the new target `served` some of them, of which `wrong` ones diverged or
    failed. It `failed` at some, mirrored ones included: a 5xx to a user, or no response. Of those
    `compared` some `diverged`, whichever target served them, others had `known` differences only;
    `pending` ones were mirrored but not judged. `ratio` is the latency of the new target relative
    to the old one.
    """

    name: str
    operation: str | None = None
    requests: int = 0
    compared: int = 0
    diverged: int = 0
    known: int = 0
    pending: int = 0
    served: int = 0
    failed: int = 0
    wrong: int = 0
    ratio: Ratio | None = None
    findings: tuple[Divergence, ...] = ()

    @property
    def is_compared(self) -> bool:
        """Whether its requests are mirrored at all, which writes often are not."""
        return self.compared > 0 or self.pending > 0


@dataclass(frozen=True, slots=True)
class Reading:
    """The latest warrants by admin address; `silent` has seconds without one, `reasons` why."""

    warrants: Mapping[str, Warrant] = field(default_factory=dict)
    silent: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


class Judges:
    """All comparing proxies of a plan."""

    def __init__(self, plan: CutoverPlan, clock: Clock = time.monotonic) -> None:
        self._plan = plan
        self._clock = clock
        self._heard = {judge.admin: clock() for judge in plan.judges}
        self._warrants: dict[str, Warrant] = {}
        self._session = requests.Session()
        # Admin addresses are not accessed through `HTTP_PROXY`.
        self._session.trust_env = False
        self._pool = ThreadPoolExecutor(len(plan.judges), thread_name_prefix="judges")

    def close(self) -> None:
        """Stop the requests and close the session."""
        self._pool.shutdown(cancel_futures=True)
        self._session.close()

    def ask(self) -> Reading:
        """Fetch all warrants at once; a judge that does not match the plan counts as silent."""
        reasons: dict[str, str] = {}
        for judge, result in zip(
            self._plan.judges, self._pool.map(self._warrant, self._plan.judges), strict=True
        ):
            if isinstance(result, Warrant):
                self._heard[judge.admin] = self._clock()
                self._warrants[judge.admin] = result
            else:
                reasons[judge.admin] = str(result)
        now = self._clock()
        silent = {admin: now - self._heard[admin] for admin in reasons}
        return Reading(dict(self._warrants), silent, reasons)

    def _warrant(self, judge: Judge) -> Warrant | WarrantError:
        url = f"{judge.admin}/warrant"
        try:
            answer = self._session.get(url, timeout=_SECONDS)
            answer.raise_for_status()
            warrant = read_warrant(answer.text, url)
            self._hold_to_plan(judge, warrant)
            return warrant
        except requests.HTTPError as error:
            return WarrantError(f"{url}: returned {error.response.status_code}")
        except requests.RequestException as error:
            return WarrantError(f"{url}: no response ({type(error).__name__})")
        except WarrantError as error:
            return error

    def _hold_to_plan(self, judge: Judge, warrant: Warrant) -> None:
        plan = self._plan
        leader, *others = warrant.targets
        if leader != judge.leads:
            raise WarrantError(f"{judge.admin} leads with {leader}; the plan says {judge.leads}")
        other = plan.new if judge.leads == plan.old else plan.old
        if others != [other]:
            raise WarrantError(
                f"{judge.admin} compares with {', '.join(others) or 'none'}; it must be {other}"
            )


def evidence(plan: CutoverPlan, warrants: Mapping[str, Warrant]) -> list[Evidence]:
    """Return the evidence for each route with requests, in the order of the document."""
    found: dict[str, list[tuple[Judge, Route]]] = {}
    for judge in plan.judges:
        warrant = warrants.get(judge.admin)
        for route in warrant.routes if warrant is not None else ():
            if route.requests or route.compared:
                found.setdefault(route.name, []).append((judge, route))
    return [_route(plan, name, judged) for name, judged in found.items()]


def total(name: str, parts: Sequence[Evidence]) -> Evidence:
    """Sum up several routes, without latencies, which are not comparable."""
    return Evidence(
        name,
        None,
        sum(each.requests for each in parts),
        sum(each.compared for each in parts),
        sum(each.diverged for each in parts),
        sum(each.known for each in parts),
        sum(each.pending for each in parts),
        sum(each.served for each in parts),
        sum(each.failed for each in parts),
        sum(each.wrong for each in parts),
        findings=tuple(joined(*(each.findings for each in parts))),
    )


def users(plan: CutoverPlan, parts: Sequence[Evidence]) -> Evidence:
    """Return the sum of all routes that affect users, without those that the plan ignores."""
    own = [each for each in parts if not plan.ignores(each.name, each.operation)]
    return total("all routes", own)


def since(warrants: Mapping[str, Warrant], baselines: Mapping[str, Warrant]) -> dict[str, Warrant]:
    """Return the counts since earlier readings; all counts of judges started since."""
    return {
        admin: warrant.since(baselines[admin]) if admin in baselines else warrant
        for admin, warrant in warrants.items()
    }


def _route(plan: CutoverPlan, name: str, judged: Sequence[tuple[Judge, Route]]) -> Evidence:
    routes = [route for _, route in judged]
    fronts = [route for judge, route in judged if judge.leads == plan.new]
    failed = {id(route): _failed(route, plan.new) for route in fronts}
    unanswered = sum(
        route.failed.get(plan.new, 0) for judge, route in judged if judge.leads == plan.old
    )
    wrong = sum(
        # A compared failure is already counted as a divergence.
        route.diverged + max(0, failed[id(route)] - _compared_failures(route))
        for route in fronts
    )
    return Evidence(
        name,
        next((route.operation for route in routes), None),
        requests=sum(route.requests for route in routes),
        compared=sum(route.compared for route in routes),
        diverged=sum(route.diverged for route in routes),
        known=sum(route.known for route in routes),
        pending=sum(route.shed + route.unclear for route in routes),
        served=sum(route.requests for route in fronts),
        failed=sum(failed.values()) + unanswered,
        wrong=wrong,
        ratio=_ratio(plan, routes),
        findings=tuple(joined(*(route.findings for route in routes))),
    )


def _failed(route: Route, leader: str) -> int:
    return route.answers.get("5xx", 0) + route.failed.get(leader, 0)


def _compared_failures(route: Route) -> int:
    kinds: Counter[str] = route.kinds
    return sum(kinds[kind] for kind in _FAILURES)


def _ratio(plan: CutoverPlan, routes: Sequence[Route]) -> Ratio | None:
    """Return the latency ratio; as both targets lead in turn, proxy overhead cancels out."""
    times = {plan.old: Latency(), plan.new: Latency()}
    for route in routes:
        for target, latency in route.latency.items():
            times[target] = times[target].plus(latency)
    return times[plan.new].ratio_to(times[plan.old])
