"""Starts each server with settings, and compares its output with the matrix and between servers."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lockstep.results.findings import TRAP, Finding
from lockstep.run import Run
from suite.startup.matrix import ENV_FILE, Case, load_cases, packed
from testbed.servers import command_for, environment

_DATABASE_URL = "postgresql://user:password@127.0.0.1:5432/database"
_SECRET_KEY = "kO3vT9-bXw7mQz1_Lr5yHd8sNf2cGj6a"
_SECONDS = 60
MISCONFIGURED = 2
TAKEN = "settings accepted"

Commands = Mapping[str, Sequence[str]]


def start_up(run: Run, commands: Commands, *, in_full: bool) -> None:
    """Start the servers for each case; not in full, for combinations with a case of each setting.

    commands: by server name.
    """
    cases = load_cases()
    rows = [(case,) for case in cases] if in_full else list(packed(cases))
    with run.stage("start-up", []), tempfile.TemporaryDirectory() as folder:
        # With valid settings the start-up fails here, before it needs a port or a database.
        no_contract = Path(folder) / "no-contract.yaml"
        no_contract.write_text("no contract", encoding="utf-8")
        with ThreadPoolExecutor() as threads:
            for number, row in enumerate(rows, 1):
                starts = {
                    name: threads.submit(_said, command, row, no_contract)
                    for name, command in commands.items()
                }
                outputs = {name: start.result() for name, start in starts.items()}
                wrong = {name: text for name, text in outputs.items() if text != _expected(row)}
                if wrong:
                    run.ledger.findings.add(_finding(row, wrong))
                run.ledger.exchanges += 1
                run.ledger.requests += len(commands)
                run.reporter.progress(_named(row), number, len(rows))


def commands_of(servers: Sequence[str], instead: Commands | None = None) -> Commands:
    """Return the command of each server, from the repository unless replaced by `instead`."""
    return {name: (instead or {}).get(name) or command_for(name) for name in servers}


def _said(command: Sequence[str], row: Sequence[Case], no_contract: Path) -> str:
    """Return the exit status and the sorted lines of standard error."""
    settings = {
        "SECRET_KEY": _SECRET_KEY,
        "CONTRACT_PATH": str(no_contract),
        **{name: value for case in row for name, value in case.beside.items()},
        **{case.setting: case.value for case in row if case.setting != ENV_FILE},
    }
    with tempfile.TemporaryDirectory() as folder:
        for case in row:
            if case.setting == ENV_FILE:
                (Path(folder) / ENV_FILE).write_text(case.value, encoding="utf-8")
        ended = subprocess.run(
            command,
            cwd=folder,
            env=environment(_DATABASE_URL, settings),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    lines = sorted(ended.stderr.splitlines())
    if ended.returncode == MISCONFIGURED and len(lines) == 1 and str(no_contract) in lines[0]:
        return TAKEN
    return f"exit {ended.returncode}: {'; '.join(lines)}"


def _expected(row: Sequence[Case]) -> str:
    faults = sorted(case.line for case in row if case.line is not None)
    return f"exit {MISCONFIGURED}: {'; '.join(faults)}" if faults else TAKEN


def _named(row: Sequence[Case]) -> str:
    return ", ".join(f"{case.setting}={case.value}" for case in row)


def _finding(row: Sequence[Case], wrong: dict[str, str]) -> Finding:
    where = f"{_named(row)}: {_expected(row)}"
    return Finding(TRAP, "start-up", TRAP, where, tuple(wrong), wrong)
