"""One ramp from Python to Node under load, by the command that people run."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed import processes
from testbed.databases import Databases
from testbed.migrations import migrate
from testbed.paths import CONTRACT_TESTS, WITHOUT_ENV_FILE
from testbed.servers import TEST_SETTINGS, TwinServer
from tooling.cutover.judges import Judge, judging
from tooling.cutover.profiles import Profile, command_of
from tooling.swap.clients import Clients, Observations
from tooling.swap.ledger import Ledger, settle
from tooling.swap.proxy import Proxy
from tooling.swap.run import Reporter

OLD, NEW = "python", "node"
_TEMPLATE = "cutover_migrated"
_HEALTH_SECONDS = 1.0
_RAMP_SECONDS = 600.0


class RampError(Exception):
    """The ramp could not run."""


@dataclass
class Ramped:
    """The result of a ramp. report: what `lockstep cutover --json` wrote; status: its exit code.

    observed: what the users saw; ledger: what is stored, compared with that.
    """

    status: int
    report: dict[str, Any]
    observed: Observations
    ledger: Ledger


def ramp(
    databases: Databases,
    profile: Profile,
    seed: int,
    logs: Path,
    reporter: Reporter,
    fault: str | None = None,
) -> Ramped:
    """Ramp once, with a fault in Node or none. Raises what the parts raise where they cannot."""
    name = f"cutover_{fault or 'sound'}"
    logs.mkdir(parents=True, exist_ok=True)
    reporter.stage("servers, proxies and users")
    url = databases.create(name, template=_template(databases))
    with ExitStack() as stack:
        stack.callback(databases.drop, name)
        old, new = _servers(url, logs, fault)
        for server in (old, new):
            stack.callback(server.kill)
            server.launch()
        targets = {OLD: old.base_url, NEW: new.base_url}
        # They send nothing before the first request arrives.
        judges = stack.enter_context(judging(targets, logs))
        for server in (old, new):
            server.settle()
        if targets != {OLD: old.base_url, NEW: new.base_url}:
            raise RampError("Another process took the port of a server; try again.")
        ports = [judge.port for judge in judges]
        caddy = stack.enter_context(Proxy.start(ports, [1, 0], _HEALTH_SECONDS, logs))
        clients = stack.enter_context(
            Clients.start(caddy.address, profile.users, profile.rate, seed, logs / "clients.log")
        )
        plan = logs / "cutover.toml"
        plan.write_text(plan_text(profile, judges, caddy.admin), encoding="utf-8")
        (logs / "cutover.state.json").unlink(missing_ok=True)
        reporter.stage("the ramp")
        status, report = _cut_over(plan, logs)
        clients.check()
        observed = clients.stop()
        return Ramped(status, report, observed, settle(url, observed.users))


def _template(databases: Databases) -> str:
    """A migrated database, made once."""
    if not databases.exists(_TEMPLATE):
        migrate(databases.create(_TEMPLATE))
    return _TEMPLATE


def plan_text(profile: Profile, judges: Sequence[Judge], admin: str) -> str:
    """The plan of the ramp."""
    lines = [f'from = "{OLD}"', f'to = "{NEW}"']
    for judge in judges:
        lines += ["", "[[judges]]", f'leads = "{judge.leads}"', f'admin = "{judge.admin}"']
    lines += ["", "[router]", 'kind = "caddy"', f'admin = "{admin}"', "", "[router.upstreams]"]
    lines += [f'{judge.leads} = ["127.0.0.1:{judge.port}"]' for judge in judges]
    # Caddy's health checks are no users.
    lines += ["", "[[routes]]", 'match = ["GET /ready"]', "ignore = true"]
    lines += ["", "[[routes]]", 'match = ["*"]', "together = true"]
    lines += [f"bounds = {{ diverged_below_percent = {profile.bound} }}"]
    for step in profile.steps:
        lines += ["", "[[steps]]", f"percent = {step.percent}", f'at_least = "{step.at_least}s"']
        lines += [f'at_most = "{_RAMP_SECONDS / 4:g}s"']
    return "\n".join(lines) + "\n"


def _servers(url: str, logs: Path, fault: str | None) -> tuple[TwinServer, TwinServer]:
    settings = {**TEST_SETTINGS, "APP_ENV": "production", "TRUSTED_PROXY_HOPS": "1"}
    command, planted = (None, {}) if fault is None else command_of(fault)
    for kind in (OLD, NEW):
        (logs / f"{kind}.log").unlink(missing_ok=True)
    return (
        TwinServer(OLD, url, logs / f"{OLD}.log", settings),
        TwinServer(NEW, url, logs / f"{NEW}.log", {**settings, **planted}, command=command),
    )


def _cut_over(plan: Path, logs: Path) -> tuple[int, dict[str, Any]]:
    report, log = logs / "cutover.json", logs / "cutover.log"
    for path in (report, log):
        path.unlink(missing_ok=True)
    command = [sys.executable, "-m", "lockstep", "cutover", str(plan)]
    command += ["--json", str(report), "--html", str(report.with_suffix(".html"))]
    process = processes.start(
        command,
        output=log,
        cwd=WITHOUT_ENV_FILE,
        env={**os.environ, "PYTHONPATH": str(CONTRACT_TESTS)},
    )
    try:
        status = process.wait(_RAMP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise RampError(f"The ramp took too long.\n{processes.last_lines(log)}") from error
    finally:
        processes.stop(process)
    if not report.exists():
        raise RampError(f"The ramp could not run.\n{processes.last_lines(log)}")
    return status, json.loads(report.read_text(encoding="utf-8"))
