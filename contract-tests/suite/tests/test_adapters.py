"""Adapters run a twin's services on another framework: thin, and without the twin's framework."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed.paths import CONTRACT, NODE, NODE_ADAPTERS, PYTHON, PYTHON_ADAPTERS
from testbed.servers import SERVERS, environment

MAX_LINES = 250
# Imports in TypeScript: from "express", import "express", import("express").
IMPORTS = {
    ".py": re.compile(r"^\s*(?:from|import)\s+([\w.]+)", re.MULTILINE),
    ".ts": re.compile(r'\b(?:from|import)\s*\(?\s*"([^"]+)"'),
}


@dataclass(frozen=True)
class Program:
    """A twin or an adapter.

    framework: that of the twin; only the files named in `knowing` may import it.
    """

    sources: Path
    framework: str
    knowing: frozenset[str] = frozenset()


TWINS = {
    "python": Program(PYTHON / "task_timer", "flask", frozenset({"app.py"})),
    "node": Program(NODE / "src", "express", frozenset({"app.ts"})),
}
ADAPTERS = {
    "fastapi": Program(PYTHON_ADAPTERS / "fastapi", "flask"),
    "django": Program(PYTHON_ADAPTERS / "django", "flask"),
    "fastify": Program(NODE_ADAPTERS / "fastify" / "src", "express"),
    # NestJS runs on Express, which has to be set up.
    "nest": Program(NODE_ADAPTERS / "nest" / "src", "express", frozenset({"app.ts"})),
}


def sources(folder: Path) -> Iterator[Path]:
    """The sources below a folder, without generated files."""
    paths = sorted(path for suffix in IMPORTS for path in folder.rglob(f"*{suffix}"))
    return (path for path in paths if "generated" not in path.parts)


def lines(name: str) -> int:
    """The number of lines of an adapter, including blank lines and comments."""
    paths = sources(ADAPTERS[name].sources)
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def knowing(folder: Path, framework: str) -> set[str]:
    """The sources below a folder that import a framework or one of its modules."""
    return {
        str(path.relative_to(folder))
        for path in sources(folder)
        for name in IMPORTS[path.suffix].findall(path.read_text(encoding="utf-8"))
        if re.split("[/.]", name)[0] == framework
    }


def test_every_adapter_is_a_server_of_the_contract_tests() -> None:
    assert set(TWINS | ADAPTERS) == set(SERVERS)


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapter_is_thin(name: str) -> None:
    assert 0 < lines(name) < MAX_LINES


@pytest.mark.parametrize("name", TWINS | ADAPTERS)
def test_framework_of_a_twin_is_imported_in_few_files(name: str) -> None:
    program = (TWINS | ADAPTERS)[name]
    assert knowing(program.sources, program.framework) == program.knowing


@pytest.mark.parametrize("name", ADAPTERS)
def test_readme_has_the_line_count_of_each_adapter(name: str) -> None:
    table = (PYTHON_ADAPTERS / "README.md").read_text(encoding="utf-8")
    stated = re.search(rf"^\| \[`{name}`\]\([^|]*\|[^|]*\| (\d+) \|", table, re.MULTILINE)
    assert stated is not None
    assert int(stated[1]) == lines(name)


def test_django_system_check_passes() -> None:
    settings = {"CONTRACT_PATH": str(CONTRACT)}
    run = subprocess.run(
        [sys.executable, "-W", "error", "manage.py", "check", "--fail-level", "WARNING"],
        cwd=PYTHON_ADAPTERS / "django",
        env=environment("postgresql://nobody@127.0.0.1:1/none", settings),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "no issues" in run.stdout
