"""Runs PostgreSQL and both twins with sample data until Ctrl-C.

python -m testbed.serve

The database is kept in .data/ for the next time, unless DATABASE_URL names another. DEBUG=python or
DEBUG=node enables a debugger on that twin, which does not wait for it.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from testbed import debugging, processes, terminal
from testbed.databases import Databases
from testbed.migrations import ADMIN, SAMPLE_USER, migrate, seed
from testbed.paths import DATA, ROOT
from testbed.ports import free_port
from testbed.postgres import PostgresServer
from testbed.servers import KINDS, Kind, TwinServer

_NAME = "task_timer"
_PORTS: dict[Kind, int] = {"python": 8000, "node": 8001}
_COLOURS: dict[str, str] = {"python": "yellow", "node": "green"}


def main() -> int:
    """Serve until a signal arrives."""
    console = terminal.console()
    debugged = os.environ.get("DEBUG") or None
    if debugged is not None and debugged not in KINDS:
        print(f"DEBUG={debugged}: must be one of {', '.join(KINDS)}", file=sys.stderr)
        return 2
    try:
        with processes.ended_by_signals(), ExitStack() as stack:
            url = stack.enter_context(_database(console))
            ports = {kind: free_port(port) for kind, port in _PORTS.items()}
            servers = [
                stack.enter_context(_twin(kind, url, ports, debugged=kind == debugged))
                for kind in ports
            ]
            _introduce(console, servers, url)
            if debugged is not None:
                _introduce_debugger(console, debugged)
            return _watch(servers, console)
    except processes.Signalled:
        console.print("Ended.")
        return 0


@contextmanager
def _database(console: Console) -> Iterator[str]:
    """Yield the URL of a migrated database with sample data."""
    outside = os.environ.get("DATABASE_URL")
    if outside:
        migrate(outside)
        yield outside
        return
    with PostgresServer.start(_data_directory()) as server:
        databases = Databases(server.url)
        fresh = not databases.exists(_NAME)
        if fresh:
            console.print("Filling a new database with sample data ...")
            databases.create(_NAME)
        url = databases.url(_NAME)
        migrate(url)
        if fresh:
            seed(url)
        yield url


def _data_directory() -> Path:
    """Choose a directory that the account which runs PostgreSQL can access.

    Root's PostgreSQL runs as nobody, who cannot access home directories.
    """
    if os.geteuid() != 0 or all(path.stat().st_mode & 0o001 for path in (ROOT, *ROOT.parents)):
        return DATA
    checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    return Path("/var/tmp") / f"task-timer-{checkout}"


def _twin(kind: Kind, url: str, ports: dict[Kind, int], *, debugged: bool) -> TwinServer:
    """Create a twin whose pages may call the other, and vice versa."""
    log = DATA / f"{kind}.log"
    log.unlink(missing_ok=True)
    hosts = ("127.0.0.1", "localhost")
    origins = [f"http://{host}:{port}" for port in ports.values() for host in hosts]
    settings = {"APP_ENV": "development", "CORS_ORIGINS": ",".join(origins)}
    command = debugging.command(kind) if debugged else None
    return TwinServer(kind, url, log, settings, port=ports[kind], command=command)


class _LogPrinter:
    """Prints the lines added to a twin's log, each with the twin's name."""

    def __init__(self, server: TwinServer, console: Console) -> None:
        self._kind = server.kind
        self._file = server.log.open(encoding="utf-8", errors="replace")
        self._console = console
        self._unfinished = ""

    def print_new_lines(self) -> None:
        *lines, self._unfinished = (self._unfinished + self._file.read()).split("\n")
        for line in lines:
            self._console.print(f"[{_COLOURS[self._kind]}]{self._kind:>6}[/] | ", end="")
            self._console.print(line, markup=False, soft_wrap=True)


def _introduce(console: Console, servers: list[TwinServer], url: str) -> None:
    console.print()
    for server in servers:
        console.print(f"  {server.kind:>6}  {server.base_url}  (site: {server.base_url}/docs)")
    console.print(f"  database  {url}", soft_wrap=True)
    console.print()
    for who in (SAMPLE_USER, ADMIN):
        body = f'{{"email":"{who.email}","password":"{who.password}"}}'
        console.print(
            f"  curl -s {servers[0].base_url}/api/v1/auth/login"
            f" -H 'Content-Type: application/json' -d '{body}'",
            markup=False,
            soft_wrap=True,
        )
    console.print("\n  A token of one is valid for the other. Ctrl-C stops all.\n")


def _introduce_debugger(console: Console, kind: Kind) -> None:
    port = debugging.PORTS[kind]
    console.print(
        f"  A debugger can attach to the {kind} twin on port {port} (.vscode/launch.json).\n"
    )


def _watch(servers: list[TwinServer], console: Console) -> int:
    """Print the logs; return 1 if a twin ends by itself; a signal exits through SystemExit."""
    printers = [_LogPrinter(server, console) for server in servers]
    while True:
        for server in servers:
            for printer in printers:
                printer.print_new_lines()
            status = server.wait(0.1)
            if status is not None:
                console.print(f"The {server.kind} twin ended with status {status}.")
                return 1


if __name__ == "__main__":
    sys.exit(main())
