"""The site shows the newest reports: make rebuilds it for each new report and after each run."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from testbed.paths import ROOT

REPORTS = ("contract-report.html", "contract-report.json", "mutants.json", "compare.json")
SOURCES = (
    ".env.example",
    "openapi.yaml",
    "contract-tests/pyproject.toml",
    "contract-tests/requirements.txt",
    "contract-tests/suite/mirror.yaml",
    "node/package-lock.json",
    "node/package.json",
    "python/pyproject.toml",
    "python/requirements.txt",
    "tooling/client/list-tasks.mjs",
    "tooling/client/list_tasks.py",
    "tooling/site/package-lock.json",
    "tooling/site/package.json",
)
STAMPS = (
    ".venv/.stamp-packages",
    ".venv/.stamp",
    "node/node_modules/.stamp",
    "node/dist/.stamp",
    "tooling/site/node_modules/.stamp",
)
PAGE = "docs/index.html"
# Stand-ins for the commands: tests with findings, and a site that shows which report it read.
COMMANDS = """
case "$1" in
  suite*) echo "of this run" >build/contract-report.json; exit 1 ;;
  tooling.site) cat build/*.json >docs/index.html ;;
esac
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The Makefile in a folder where every file is newer than its prerequisites."""
    for age, name in enumerate((*SOURCES, *STAMPS, "build/contract-report.json", PAGE)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of an older run\n")
        os.utime(path, (age, age))
    tmp_path.joinpath("commands").write_text(COMMANDS)
    shutil.copy(ROOT / "Makefile", tmp_path)
    return tmp_path


def make(repository: Path, *words: str) -> int:
    """Run make with stand-ins for the commands; return its exit status."""
    command: Sequence[str] = ("make", "--directory", str(repository), "TWINS=sh commands", *words)
    inherited = {name: os.environ[name] for name in ("PATH", "HOME")}
    return subprocess.run(command, env=inherited, capture_output=True, timeout=60).returncode


@pytest.mark.parametrize("verb", ["test-contract", "test-mutants"])
def test_failed_run_is_shown_on_the_site(repository: Path, verb: str) -> None:
    assert make(repository, verb) != 0
    assert (repository / PAGE).read_text() == "of this run\n"


@pytest.mark.parametrize("report", REPORTS)
def test_site_is_rebuilt_for_each_new_report(repository: Path, report: str) -> None:
    repository.joinpath("build", report).write_text("new\n")
    assert make(repository, "docs") == 0
    assert (repository / PAGE).stat().st_mtime > len((*SOURCES, *STAMPS)) + 2


def test_site_is_not_rebuilt_without_need(repository: Path) -> None:
    assert make(repository, "docs") == 0
    assert (repository / PAGE).read_text() == "of an older run\n"
