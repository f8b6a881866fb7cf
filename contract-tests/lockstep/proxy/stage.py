"""Traffic through a proxy as a stage of a run."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.proxy.secrets import secrets_in
from lockstep.proxy.serving import Ready, serve
from lockstep.proxy.settings import Counts, ProxySettings
from lockstep.run import Run
from lockstep.transport.targets import Target


def compare_traffic(
    run: Run, targets: Sequence[Target], settings: ProxySettings, ready: Ready
) -> Counts:
    """Answer clients from the first target and compare the others with it on the side.

    It ends as `serve` says, which also raises `ProxyError`. Secrets of users that passed are
    masked in the reports of the run.
    """

    def told(counts: Counts) -> None:
        run.reporter.progress(str(counts), counts.answered, None)

    with run.stage("traffic through the proxy", targets):
        counts = serve(run.ledger, list(targets), settings, ready, told)
    run.not_judged += counts.not_judged(settings)
    for problem in counts.problems():
        run.add_problem(problem)
    if counts.faults and not counts.mirrored:
        run.could_not_run("no mirror answered")
    if counts.errors:
        run.could_not_run("not every answer could be compared")
    run.secrets |= secrets_in(run.ledger.findings.all(), run.document)
    return counts
