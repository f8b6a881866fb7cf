"""The plan of a cut-over: judges, routes, steps, and the bounds of each step."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from lockstep.configuration.reading import ConfigurationError, Source, read

RouterKind = Literal["caddy", "nginx", "haproxy", "envoy"]
OnTimeout = Literal["back", "hold"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([\d.]+)(ms|s|m|h|d)")
_DEFAULT_STEPS = (0, 1, 5, 25, 50, 100)
_DEFAULT_AT_LEAST = 60.0
_CADDY_ADMIN = "http://127.0.0.1:2019"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds for a route before the ramp proceeds.

    The share of divergent responses must be below `diverged_below_percent` with
    `confidence_percent`, at least `compared` responses must have been compared, and the ratio of
    the latencies (new to old) must be below `latency_ratio_below`, if that is set.
    """

    diverged_below_percent: float = 0.5
    confidence_percent: float = 95.0
    compared: int = 0
    latency_ratio_below: float | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """A comparing proxy: clients get the responses of the target `leads`."""

    leads: str
    admin: str


@dataclass(frozen=True, slots=True)
class Sticky:
    """How users are identified for sticky routing: by a cookie or a request header field."""

    kind: Literal["cookie", "header"]
    name: str


@dataclass(frozen=True, slots=True)
class RouterPlan:
    """The router that sends requests to the targets; `upstreams` has the addresses by target."""

    kind: RouterKind
    upstreams: Mapping[str, tuple[str, ...]]
    admin: str = _CADDY_ADMIN
    file: Path | None = None
    reload: tuple[str, ...] = ()
    listen: str | None = None


@dataclass(frozen=True, slots=True)
class RouteGroup:
    """Routes that match patterns; `bounds` has the keys of a plan's table.

    Ignored ones, such as health checks, have no bounds and do not count for users; if they are
    taken `together`, the bounds apply to their sum.
    """

    match: tuple[str, ...]
    ignore: bool
    together: bool
    bounds: Mapping[str, Any]

    def covers(self, *names: str | None) -> bool:
        """Whether a route matches, by `GET /tasks/{id}` or by its operationId."""
        return any(fnmatchcase(name, pattern) for name in names if name for pattern in self.match)


@dataclass(frozen=True, slots=True)
class Step:
    """A share of the traffic, in percent, and its duration in seconds; `at_most` may be `None`.

    `answers` is the number of responses of the new target required before the next step.
    """

    percent: float
    at_least: float
    at_most: float | None
    answers: int
    bounds: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stop:
    """The limits that end the ramp: numbers of responses, and seconds of a judge's silence."""

    diverged: int = 1
    failed: int = 1
    judge_silent: float = 10.0
    on_timeout: OnTimeout = "back"


@dataclass(frozen=True, slots=True)
class CutoverPlan:
    """A complete plan, with defaults; `digest` identifies its content."""

    path: Path
    old: str
    new: str
    judges: tuple[Judge, ...]
    router: RouterPlan
    sticky: Sticky | None
    groups: tuple[RouteGroup, ...]
    steps: tuple[Step, ...]
    stop: Stop
    poll: float
    state: Path
    bounds: Mapping[str, Any]
    digest: str

    def group(self, *names: str | None) -> RouteGroup | None:
        """Return the first group that a route of these names belongs to."""
        return next((group for group in self.groups if group.covers(*names)), None)

    def ignores(self, *names: str | None) -> bool:
        """Whether the route of these names is ignored."""
        group = self.group(*names)
        return group is not None and group.ignore

    def bounds_for(self, group: RouteGroup | None, step: Step) -> Bounds:
        """Return the bounds of a group at a step; those of the group override the step's."""
        values = {**self.bounds, **step.bounds, **(group.bounds if group else {})}
        return replace(Bounds(), **values)


def read_plan(path: Path) -> CutoverPlan:
    """Read a plan. Raises `ConfigurationError`, which lists all errors, line by line."""
    source = read(path, "cutover")
    faults = [source.fault(where, message) for where, message in _contradictions(source.data)]
    if faults:
        raise ConfigurationError("\n".join(faults))
    return _plan(source, path)


def _plan(source: Source, path: Path) -> CutoverPlan:
    data = source.data
    sticky = data.get("sticky")
    stop = data.get("stop", {})
    values = {field.name: stop[field.name] for field in fields(Stop) if field.name in stop}
    if "judge_silent" in values:
        values["judge_silent"] = seconds(values["judge_silent"])
    return CutoverPlan(
        path=path,
        old=data["from"],
        new=data["to"],
        judges=tuple(Judge(each["leads"], each["admin"].rstrip("/")) for each in data["judges"]),
        router=_router(source),
        sticky=Sticky(*next(iter(sticky.items()))) if sticky else None,
        groups=tuple(map(_group, data.get("routes", ()))),
        steps=tuple(map(_step, _steps(data))),
        stop=Stop(**values),
        poll=seconds(data.get("poll", 0.2)),
        state=source.beside(data.get("state", f"{path.stem}.state.json")),
        bounds=data.get("bounds", {}),
        digest=hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16],
    )


def seconds(value: float | str) -> float:
    """Return a duration in seconds, from a number or a text such as `10m`."""
    if not isinstance(value, str):
        return float(value)
    found = _DURATION.fullmatch(value)
    if found is None:
        raise ValueError(f"not a duration: {value}")
    return float(found[1]) * _UNITS[found[2]]


def _router(source: Source) -> RouterPlan:
    table = source.data["router"]
    return RouterPlan(
        kind=table["kind"],
        upstreams={name: tuple(places) for name, places in table["upstreams"].items()},
        admin=table.get("admin", _CADDY_ADMIN).rstrip("/"),
        file=source.beside(table["file"]) if "file" in table else None,
        reload=tuple(table.get("reload", ())),
        listen=table.get("listen"),
    )


def _group(table: Mapping[str, Any]) -> RouteGroup:
    return RouteGroup(
        match=tuple(table["match"]),
        ignore=table.get("ignore", False),
        together=table.get("together", False),
        bounds=table.get("bounds", {}),
    )


def _steps(data: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    table: Sequence[Mapping[str, Any]] = data.get("steps", ())
    return table or [{"percent": percent} for percent in _DEFAULT_STEPS]


def _step(table: Mapping[str, Any]) -> Step:
    return Step(
        percent=float(table["percent"]),
        at_least=seconds(table.get("at_least", _DEFAULT_AT_LEAST)),
        at_most=seconds(table["at_most"]) if "at_most" in table else None,
        answers=table.get("answers", 1) if table["percent"] else 0,
        bounds=table.get("bounds", {}),
    )


Fault = tuple[Sequence[str | int], str]


def _contradictions(data: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the errors in a plan that a schema cannot express."""
    sides = (data["from"], data["to"])
    if sides[0] == sides[1]:
        yield ("to",), "must be another target than `from`"
    yield from _judges_missing(data, sides)
    yield from _router_faults(data, sides)
    yield from _step_faults(data)


def _judges_missing(data: Mapping[str, Any], sides: tuple[str, str]) -> Iterator[Fault]:
    for at, judge in enumerate(data["judges"]):
        if judge["leads"] not in sides:
            yield ("judges", at, "leads"), f"must be {sides[0]} or {sides[1]}"
    leaders = {judge["leads"] for judge in data["judges"]}
    for side in sides:
        if side not in leaders:
            yield (
                ("judges",),
                f"a proxy that leads with {side} is missing: users get its responses",
            )
    addresses = [judge["admin"].rstrip("/") for judge in data["judges"]]
    for at, address in enumerate(addresses):
        if address in addresses[:at]:
            yield ("judges", at, "admin"), "belongs to another judge too: it would count twice"


def _router_faults(data: Mapping[str, Any], sides: tuple[str, str]) -> Iterator[Fault]:
    router = data["router"]
    upstreams = router["upstreams"]
    if set(upstreams) != set(sides):
        yield ("router", "upstreams"), f"must be {sides[0]} and {sides[1]}"
    elif shared := set(upstreams[sides[0]]) & set(upstreams[sides[1]]):
        yield ("router", "upstreams"), f"{', '.join(sorted(shared))} is listed for both targets"
    kind = router["kind"]
    if kind == "caddy":
        for key in ("file", "reload", "listen"):
            if key in router:
                yield ("router", key), "is not for Caddy, whose admin API is used"
        if "header" in data.get("sticky", {}):
            yield (
                ("sticky", "header"),
                "Caddy cannot split users by a header; use cookie, or another router",
            )
        return
    if "admin" in router:
        yield ("router", "admin"), "is for Caddy only"
    if "file" not in router:
        yield ("router",), "file is missing: the path to write the configuration to"
    elif kind == "envoy" and not router["file"].endswith((".yaml", ".yml")):
        yield ("router", "file"), "must end in .yaml: Envoy derives the format from it"
    if kind == "nginx" and re.search(r"[^A-Za-z0-9_]", data.get("sticky", {}).get("cookie", "")):
        yield (
            ("sticky", "cookie"),
            "nginx supports only cookie names of letters, digits and _",
        )
    if kind == "haproxy" and "listen" not in router:
        yield (
            ("router",),
            "listen is missing: the address that HAProxy listens on, such as 0.0.0.0:8080",
        )


def _step_faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    percents = [step["percent"] for step in data.get("steps", ())]
    for at, percent in enumerate(percents):
        if at and percent <= percents[at - 1]:
            yield ("steps", at, "percent"), "must be more than that of the step before"
        if round(percent, 2) != percent:
            yield ("steps", at, "percent"), "has more than two decimals"
    for at, step in enumerate(data.get("steps", ())):
        most = step.get("at_most")
        if most is not None and seconds(most) < seconds(step.get("at_least", _DEFAULT_AT_LEAST)):
            yield ("steps", at, "at_most"), "is less than at_least"
