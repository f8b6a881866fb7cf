"""Runs the unit tests of a twin on a copy of it, and the process tests on other twins."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from suite.mutation import compile_module, link_all_but
from testbed.paths import CONTRACT_TESTS, NODE, ROOT
from testbed.servers import INSTEAD, KINDS, SERVERS, Kind, node_program

_COPIED: Mapping[Kind, tuple[str, ...]] = {
    "python": ("task_timer", "tests", "migrations", "alembic.ini", "pyproject.toml"),
    "node": ("src", "dist", "tests", "prisma", "package.json", "tsconfig.json", "vitest.config.ts"),
}
_PYTEST_FAILURE = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_VITEST = NODE / "node_modules/vitest/vitest.mjs"
_REPORT = "report.json"
# Tests that start the twins as processes: commands, connections, signals, logs, metrics, traces,
# replicas, limits of several, and what is between a twin and its database.
_OF_PROCESSES = (
    *("test_commands.py", "test_connections.py", "test_observing.py", "test_read_replicas.py"),
    *("test_shared_limits.py", "test_shutdown.py", "test_tracing.py"),
    *("test_database_tls.py", "test_pgbouncer.py"),
)


def failing_tests(
    kind: Kind, patched: Mapping[str, str], folder: Path, *, in_full: bool
) -> list[str]:
    """Return the names of the failing unit tests: all, or the first.

    patched: the new texts of sources, by path. The folder becomes a copy of the repository.
    """
    directory = _copy(kind, patched, folder)
    command = _pytest(in_full) if kind == "python" else _vitest(in_full)
    run = subprocess.run(
        [sys.executable, "-m", "testbed.with_postgres", "--", *command],
        cwd=directory,
        capture_output=True,
        text=True,
    )
    if run.returncode == 0:
        return []
    found = _PYTEST_FAILURE.findall(run.stdout)
    if kind == "node":
        found = list(_vitest_failures(directory / _REPORT))
    return found or [_ended(run)]


def failing_process_tests(commands: Mapping[str, Sequence[str]], *, in_full: bool) -> list[str]:
    """Return the names of the suite's failing process tests: all, or the first.

    commands: the commands to run instead of a twin, by its name.
    """
    others = " and ".join(f"not {name}" for name in SERVERS if name not in KINDS)
    tests = [f"suite/tests/{name}" for name in _OF_PROCESSES]
    run = subprocess.run(
        [*_pytest(in_full), "-c", "pyproject.toml", "-k", others, *tests],
        cwd=CONTRACT_TESTS,
        env={**os.environ, INSTEAD: json.dumps({name: [*commands[name]] for name in commands})},
        capture_output=True,
        text=True,
    )
    if run.returncode == 0:
        return []
    return _PYTEST_FAILURE.findall(run.stdout) or [_ended(run)]


def _ended(run: "subprocess.CompletedProcess[str]") -> str:
    return f"the tests ended with status {run.returncode}: {run.stderr[-200:]}"


def _copy(kind: Kind, patched: Mapping[str, str], folder: Path) -> Path:
    link_all_but(kind, folder)
    directory = folder / kind
    for name in _COPIED[kind]:
        source = ROOT / kind / name
        if source.is_dir():
            shutil.copytree(source, directory / name)
        else:
            shutil.copy(source, directory)
    for file, text in patched.items():
        (folder / file).write_text(text, encoding="utf-8")
        if kind == "node":
            within = Path(file).relative_to("node/src")
            compile_module(text, directory / "dist" / within)
    if kind == "node":
        (directory / "node_modules").symlink_to(NODE / "node_modules")
    return directory


def _pytest(in_full: bool) -> list[str]:
    command = [sys.executable, "-m", "pytest", "-rfE", "--tb=no", "-p", "no:cacheprovider"]
    return command if in_full else [*command, "--exitfirst"]


def _vitest(in_full: bool) -> list[str]:
    command = [node_program(), str(_VITEST), "run", "--reporter=json", f"--outputFile={_REPORT}"]
    return command if in_full else [*command, "--bail=1"]


def _vitest_failures(report: Path) -> Iterator[str]:
    if not report.exists():
        return
    for file in json.loads(report.read_text(encoding="utf-8"))["testResults"]:
        name = Path(file["name"]).name
        failed = [each for each in file["assertionResults"] if each["status"] == "failed"]
        yield from (f"{name}: {each['fullName']}" for each in failed)
        if file["status"] == "failed" and not failed:
            yield name
