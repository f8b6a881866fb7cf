"""Measures both twins beside servers written by hand in the same runtime, without framework or ORM.

python -m twins.bench

All servers run throughout and take turns, so that what slows the machine for a while slows all
alike. The ratio of a round is the twin's requests per second by the bare server's; the seconds of
processor time that a request takes are the steadier figure.
"""

import json
import os
import statistics
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from twins import bare, processes, terminal
from twins.databases import Databases
from twins.load import CONNECTIONS, SECONDS, Load, Rate, fetch, log_in, measure, warm_up
from twins.migrations import SAMPLE_USER
from twins.paths import BUILD
from twins.postgres import PostgresServer
from twins.servers import KINDS, TEST_SETTINGS, Kind, TwinServer
from twins.stage import POPULATED, Stage

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SIDES = ("twin", "bare")

_SETTINGS: Mapping[str, str] = {
    **TEST_SETTINGS,
    "APP_ENV": "production",
    "WORKERS": "1",
    "DATABASE_POOL_SIZE": "16",
}
_FILL = """
INSERT INTO tasks (id, user_id, title, status)
SELECT uuidv7(), users.id, 'Task ' || number, 'pending'
FROM users, generate_series(1, 100) AS number WHERE email = %s
"""
_LOGS = BUILD / "logs" / "bench"
_SAMPLE_TASK = "01936d5e-8a00-7000-8000-000000000100"

READS = (
    Load("get-task", "GET", f"/api/v1/tasks/{_SAMPLE_TASK}"),
    Load("list-tasks", "GET", "/api/v1/tasks"),
)
LOADS = (
    *READS,
    Load("create-task", "POST", "/api/v1/tasks", '{"title":"Write the report","tags":["board"]}'),
)


@dataclass
class Contestant:
    """A server that runs, and what was measured of it, by load and round."""

    kind: Kind
    side: str
    server: TwinServer
    token: str
    rates: dict[str, list[Rate]] = field(default_factory=dict)


def main() -> int:
    """Measure, print a table and write build/bench.json."""
    console = terminal.console()
    with processes.ended_by_signals(), PostgresServer.start() as server:
        stage = Stage(Databases(server.url), server, _LOGS)
        stage.prepare(POPULATED)
        with psycopg.connect(stage.databases.url(POPULATED)) as connection:
            # More tasks than a page has.
            connection.execute(_FILL, [SAMPLE_USER.email])
        with _contestants(stage) as contestants:
            _check(contestants)
            _measure(contestants, console)
    results = [_result(load, kind, contestants) for load in LOADS for kind in KINDS]
    console.print(_table(results))
    BUILD.mkdir(exist_ok=True)
    setting = {"rounds": ROUNDS, "seconds": SECONDS, "connections": CONNECTIONS, "workers": 1}
    text = json.dumps({"setting": setting, "results": results}, indent=2)
    (BUILD / "bench.json").write_text(text + "\n", encoding="utf-8")
    return 0


@contextmanager
def _contestants(stage: Stage) -> Iterator[list[Contestant]]:
    """Run every server on a database of its own."""
    with ExitStack() as stack:
        yield [_start(stage, stack, kind, side) for kind in KINDS for side in SIDES]


def _start(stage: Stage, stack: ExitStack, kind: Kind, side: str) -> Contestant:
    name = f"bench_{kind}_{side}"
    url = stage.databases.create(name, template=POPULATED)
    log = _LOGS / f"{kind}-{side}.log"
    if side == "bare":
        given = bare.settings(_SETTINGS)
        server = TwinServer(kind, url, log, given, command=bare.command(kind))
    else:
        server = TwinServer(kind, url, log, _SETTINGS)
    stack.enter_context(server)
    return Contestant(kind, side, server, log_in(server.base_url))


def _check(contestants: list[Contestant]) -> None:
    """Have all give the same body and entity tag for a read. Raises RuntimeError."""
    for load in READS:
        told = {fetch(each.server.base_url, load, each.token) for each in contestants}
        if len(told) != 1:
            raise RuntimeError(f"{load.name}: the servers answer differently: {told}")


def _measure(contestants: list[Contestant], console: Console) -> None:
    for load in LOADS:
        for each in contestants:
            warm_up(each.server.base_url, load, each.token)
    for round_number in range(1, ROUNDS + 1):
        for load in LOADS:
            for each in contestants:
                rate = measure(each.server.base_url, load, each.token, each.server.pid)
                each.rates.setdefault(load.name, []).append(rate)
                console.print(
                    f"round {round_number}/{ROUNDS}  {load.name:11}  {each.kind:6}  {each.side}"
                    f"  {rate.per_second:7.0f} requests/s  {rate.cpu_ms:6.3f} ms"
                )


def _result(load: Load, kind: Kind, contestants: list[Contestant]) -> dict[str, Any]:
    of = {each.side: each.rates[load.name] for each in contestants if each.kind == kind}
    pairs = list(zip(of["twin"], of["bare"], strict=True))
    ratios = [ours.per_second / theirs.per_second for ours, theirs in pairs]
    return {
        "load": load.name,
        "runtime": kind,
        **{side: round(statistics.median(rate.per_second for rate in of[side])) for side in SIDES},
        "ratio": round(statistics.median(ratios), 3),
        "lowest_ratio": round(min(ratios), 3),
        "highest_ratio": round(max(ratios), 3),
        **{
            f"{side}_cpu_ms": round(statistics.median(rate.cpu_ms for rate in of[side]), 3)
            for side in SIDES
        },
        "cpu_ratio": round(statistics.median(b.cpu_ms / t.cpu_ms for t, b in pairs), 3),
    }


def _table(results: list[dict[str, Any]]) -> Table:
    table = Table("load", "runtime")
    for column in ("twin, requests/s", "bare, requests/s", "ratio", "spread"):
        table.add_column(column, justify="right")
    for column in ("twin, CPU ms a request", "bare, CPU ms a request", "ratio"):
        table.add_column(column, justify="right")
    for each in results:
        spread = f"{each['lowest_ratio']:.2f} to {each['highest_ratio']:.2f}"
        rates = (str(each["twin"]), str(each["bare"]), f"{each['ratio']:.2f}", spread)
        costs = (f"{each['twin_cpu_ms']:.2f}", f"{each['bare_cpu_ms']:.2f}")
        table.add_row(each["load"], each["runtime"], *rates, *costs, f"{each['cpu_ratio']:.2f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
