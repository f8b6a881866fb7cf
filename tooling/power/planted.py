"""The third-party fixtures of the tests: each planted fault alone, and pairs without faults."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fixtures.blog_server import DOCUMENT as BLOG
from fixtures.blog_server import make_blog
from fixtures.blog_state import FAULTS as BLOG_FAULTS
from fixtures.chunks import guard_chunks
from fixtures.flask_servers import Variant, pair
from fixtures.shed_server import DOCUMENT as SHED
from fixtures.shed_server import make_shed
from fixtures.shed_state import FAULTS as SHED_FAULTS
from flask import Flask

from tooling.power.children import side_by_side
from tooling.power.driving import Addresses, is_shown_again, run_lockstep
from tooling.power.findings import Report
from tooling.power.scoring import Row, score_honest, score_planted

SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Api:
    """A small API with optional faults."""

    name: str
    make: Callable[[Variant], Flask]
    document: Path
    faults: tuple[str, ...]
    log_in: Callable[[str], dict[str, str]]
    prefix: str = ""

    @contextmanager
    def serving(self, *faults: str) -> Iterator[Addresses]:
        """Run a server without faults and one with faults, both new."""
        guard_chunks()
        with pair(self.make, *faults) as targets:
            old, new = (target.base_url for target in targets)
            yield Addresses(old, new)


def _post(address: str, body: object) -> tuple[dict[str, str], bytes]:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(answer.headers.items()), answer.read()


def _log_in_to_blog(address: str) -> dict[str, str]:
    user = {"username": "zed", "email": "zed@example.com", "password": "Correct-Horse-7"}
    _, body = _post(f"{address}/users", {"user": user})
    return {"Authorization": f"Token {json.loads(body)['user']['token']}"}


def _log_in_to_shed(address: str) -> dict[str, str]:
    member = {"login": "zed", "password": "Correct-Horse-7"}
    _post(f"{address}/members", member)
    headers, _ = _post(f"{address}/session", member)
    return {"Cookie": headers["Set-Cookie"].partition(";")[0]}


APIS = {
    "blog": Api("blog", make_blog, BLOG, tuple(BLOG_FAULTS), _log_in_to_blog, "/api"),
    "shed": Api("shed", make_shed, SHED, tuple(SHED_FAULTS), _log_in_to_shed),
}
# One of each kind: output, rejection, storage, counting.
QUICK = {"blog": ("leak", "foreign"), "shed": ("lost_price", "total")}
QUICK_OPTIONS = ("--phase=examples",)


def row_of_faults(
    api: Api,
    faults: Sequence[str],
    options: Sequence[str],
    at_once: int,
    progress: Callable[[str], None],
) -> Row:
    """Test each fault alone, and reproduce each finding on new servers."""

    def one(fault: str) -> tuple[Report, int]:
        name = f"{api.name}-{fault}"
        with api.serving(fault) as addresses:
            report = run_lockstep(name, api.document, addresses, options)
        shown = 0
        for finding in report.deciding:
            with api.serving(fault) as addresses:
                shown += is_shown_again(name, finding.number, api.document, addresses)
        found = len(report.deciding)
        progress(f"{name}: {found} findings, {shown} shown again, {report.seconds:.0f} s")
        return report, shown

    results = dict(zip(faults, side_by_side(one, faults, at_once), strict=True))
    row = score_planted(api.name, {fault: report for fault, (report, _) in results.items()})
    row.shown, row.tried = sum(shown for _, shown in results.values()), row.findings
    return row


def row_of_honest(
    apis: Sequence[Api],
    seeds: Sequence[int],
    options: Sequence[str],
    at_once: int,
    progress: Callable[[str], None],
) -> Row:
    """Test pairs that differ only in noise, with several seeds."""

    def one(run: tuple[Api, int]) -> Report:
        api, seed = run
        name = f"{api.name}-honest-{seed}"
        with api.serving() as addresses:
            report = run_lockstep(name, api.document, addresses, (*options, f"--seed={seed}"))
        progress(f"{name}: {len(report.deciding)} findings, {report.seconds:.0f} s")
        return report

    runs = [(api, seed) for api in apis for seed in seeds]
    reports = side_by_side(one, runs, at_once)
    names = [f"{api.name}, seed {seed}" for api, seed in runs]
    return score_honest("honest", dict(zip(names, reports, strict=True)))
