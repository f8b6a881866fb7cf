"""Measures both twins beside bare handlers of the same runtime with the same SQL.

python -m twins.bench

Rounds are interleaved, so that what slows the machine for a while slows all alike. The ratio of a
round is the twin's requests per second by the bare handler's.
"""

import json
import os
import statistics
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from twins import processes, terminal
from twins.databases import Databases
from twins.load import CONNECTIONS, SECONDS, Load, log_in, requests_per_second, send
from twins.migrations import SAMPLE_USER
from twins.paths import BUILD, NODE
from twins.postgres import PostgresServer
from twins.servers import KINDS, TEST_SETTINGS, Kind, TwinServer, command_for, node_program
from twins.stage import POPULATED, Stage
from twins.statements import LOGGING, log_statements, record_statements

ROUNDS = int(os.environ.get("ROUNDS", "5"))
THREADS = "16"

_SETTINGS: Mapping[str, str] = {
    **TEST_SETTINGS,
    "APP_ENV": "production",
    "WORKERS": "1",
    "DATABASE_POOL_SIZE": THREADS,
}
_FILL = """
INSERT INTO tasks (id, user_id, title, status)
SELECT uuidv7(), users.id, 'Task ' || number, 'pending'
FROM users, generate_series(1, 100) AS number WHERE email = %s
"""
_BARE = Path(__file__).with_name("bare")
_LOGS = BUILD / "logs" / "bench"


LOADS = (
    Load("list-tasks", "GET", "/api/v1/tasks"),
    Load("create-task", "POST", "/api/v1/tasks", '{"title":"Write the report","tags":["board"]}'),
)


def main() -> int:
    """Measure, print a table and write build/bench.json."""
    console = terminal.console()
    with processes.ended_by_signals(), PostgresServer.start(settings=LOGGING) as server:
        stage = Stage(Databases(server.url), server, _LOGS)
        stage.prepare(POPULATED)
        _fill(stage)
        rates = _measure(stage, server, console)
    results = [_result(load, kind, rates) for load in LOADS for kind in KINDS]
    console.print(_table(results))
    BUILD.mkdir(exist_ok=True)
    setting = {"rounds": ROUNDS, "seconds": SECONDS, "connections": CONNECTIONS, "workers": 1}
    text = json.dumps({"setting": setting, "results": results}, indent=2)
    (BUILD / "bench.json").write_text(text + "\n", encoding="utf-8")
    return 0


def _fill(stage: Stage) -> None:
    """Give the sample user more tasks than a page has."""
    with psycopg.connect(stage.databases.url(POPULATED)) as connection:
        connection.execute(_FILL, [SAMPLE_USER.email])


Rates = dict[tuple[str, Kind, str], list[float]]


def _measure(stage: Stage, server: PostgresServer, console: Console) -> Rates:
    """Requests per second by load, runtime and `twin` or `bare`, one number for each round."""
    rates: Rates = {}
    recorded = {kind: _record(stage, server, kind) for kind in KINDS}
    for round_number in range(1, ROUNDS + 1):
        for load in LOADS:
            for kind in KINDS:
                for side in ("twin", "bare"):
                    with _running(stage, kind, load, recorded[kind], side) as (address, token):
                        rate = requests_per_second(address, load, token)
                    rates.setdefault((load.name, kind, side), []).append(rate)
                    console.print(
                        f"round {round_number}/{ROUNDS}  {load.name:11}  {kind:6}  {side}"
                        f"  {rate:7.0f} requests/s"
                    )
    return rates


def _record(stage: Stage, server: PostgresServer, kind: Kind) -> dict[str, str]:
    """The statements of each load as sent by a twin, as JSON for a bare handler."""
    name = f"recorded_{kind}"
    stage.databases.create(name, template=POPULATED)
    log_statements(stage.databases, name)
    recorded = {}
    url = stage.databases.url(name)
    with TwinServer(kind, url, _LOGS / f"{name}.log", _SETTINGS) as twin:
        token = log_in(twin.base_url)
        for load in LOADS:
            with record_statements(server) as statements:
                answer = send(twin.base_url, load, token)
            fresh = answer.get("id")
            recorded[load.name] = json.dumps([each.replayable(fresh) for each in statements])
    return recorded


@contextmanager
def _running(
    stage: Stage, kind: Kind, load: Load, recorded: dict[str, str], side: str
) -> Iterator[tuple[str, str]]:
    """Run one server on a fresh database; give its address and an access token."""
    name = "bench"
    with ExitStack() as stack:
        url = stage.databases.create(name, template=POPULATED)
        stack.callback(stage.databases.drop, name)
        settings, command = dict(_SETTINGS), command_for(kind)
        if side == "bare":
            settings |= {
                "STATEMENTS": recorded[load.name],
                "NODE_PACKAGE": str(NODE / "package.json"),
            }
            command = _bare_command(kind)
        log = _LOGS / f"{kind}-{side}.log"
        server = stack.enter_context(TwinServer(kind, url, log, settings, command=command))
        token = log_in(server.base_url) if side == "twin" else "none"
        yield server.base_url, token


def _bare_command(kind: Kind) -> list[str]:
    if kind == "node":
        return [node_program(), str(_BARE / "handler.mjs")]
    # The address is chosen when the server starts.
    options = f"--worker-class gthread --workers 1 --threads {THREADS} --no-control-socket"
    serve = f'exec "$0" -m gunicorn {options} --bind "$HOST:$PORT" twins.bare.handler:application'
    return ["sh", "-c", serve, sys.executable]


def _result(load: Load, kind: Kind, rates: Rates) -> dict[str, Any]:
    twin, bare = rates[load.name, kind, "twin"], rates[load.name, kind, "bare"]
    ratios = [ours / theirs for ours, theirs in zip(twin, bare, strict=True)]
    return {
        "load": load.name,
        "runtime": kind,
        "twin": round(statistics.median(twin)),
        "bare": round(statistics.median(bare)),
        "ratio": round(statistics.median(ratios), 3),
        "lowest_ratio": round(min(ratios), 3),
        "highest_ratio": round(max(ratios), 3),
    }


def _table(results: list[dict[str, Any]]) -> Table:
    table = Table("load", "runtime")
    for column in ("twin, requests/s", "bare, requests/s", "ratio", "spread"):
        table.add_column(column, justify="right")
    for each in results:
        spread = f"{each['lowest_ratio']:.2f} to {each['highest_ratio']:.2f}"
        numbers = (str(each["twin"]), str(each["bare"]), f"{each['ratio']:.2f}", spread)
        table.add_row(each["load"], each["runtime"], *numbers)
    return table


if __name__ == "__main__":
    sys.exit(main())
