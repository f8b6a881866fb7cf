"""How long the unit tests of each twin take, from the start of the command to its end."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from testbed.paths import NODE, PYTHON, ROOT
from testbed.servers import Kind


class UnitTestError(Exception):
    """Unit tests fail; the message ends with what they printed."""


def unit_tests(runtime: Kind) -> dict[str, Any]:
    """Run the tests of a twin; return the seconds and the number of tests. Raises UnitTestError."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = {"python": _pytest, "node": _vitest}[runtime](report)
        with_postgres = [sys.executable, "-m", "testbed.with_postgres", "--", *command]
        begin = time.perf_counter()
        run = subprocess.run(with_postgres, cwd=ROOT, capture_output=True, text=True)
        seconds = time.perf_counter() - begin
        if run.returncode != 0:
            raise UnitTestError(f"Unit tests of {runtime} fail:\n{run.stdout}{run.stderr}")
        return {"seconds": seconds, "tests": count(report.read_text(encoding="utf-8"))}


def count(junit: str) -> int:
    """Return the number of test cases in a JUnit report."""
    return len(ElementTree.fromstring(junit).findall(".//testcase"))


def _pytest(report: Path) -> Sequence[str]:
    options = ["-c", str(PYTHON / "pyproject.toml"), "-q", f"--junitxml={report}"]
    return [sys.executable, "-m", "pytest", *options, str(PYTHON / "tests")]


def _vitest(report: Path) -> Sequence[str]:
    options = ["--reporter=junit", f"--outputFile={report}"]
    return ["npm", "--prefix", str(NODE), "test", "--silent", "--", *options]
