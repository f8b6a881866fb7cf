"""Run code samples as their readers would, and report the status code of the response."""

import json
import os
import runpy
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Protocol
from unittest import mock

from testbed.servers import node_program

_NODE_RUNNER = Path(__file__).with_name("run_samples.mjs")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The status code of the last response, and the output of the sample."""

    status: int
    printed: str


class Runner(Protocol):
    """Runs a sample with some variables in its environment."""

    def __call__(self, source: str, variables: Mapping[str, str]) -> Outcome: ...


@contextmanager
def curl_runner(directory: Path) -> Iterator[Runner]:
    """Run samples in a shell that fails on unset variables."""
    (directory / ".curlrc").write_text('silent\nwrite-out = "%{stderr}%{http_code}"\n')
    settings = {"PATH": os.environ["PATH"], "CURL_HOME": str(directory)}

    def run(source: str, variables: Mapping[str, str]) -> Outcome:
        shell = subprocess.run(
            ["sh", "-euc", source], env={**settings, **variables}, capture_output=True, text=True
        )
        assert shell.returncode == 0, shell.stderr
        return Outcome(int(shell.stderr), shell.stdout)

    yield run


@contextmanager
def python_runner(directory: Path) -> Iterator[Runner]:
    """Run samples in this process, since separate ones would each import httpx."""
    program = directory / "sample.py"

    def run(source: str, variables: Mapping[str, str]) -> Outcome:
        program.write_text(source, encoding="utf-8")
        with redirect_stdout(StringIO()) as printed, mock.patch.dict(os.environ, variables):
            names = runpy.run_path(str(program))
        return Outcome(names["response"].status_code, printed.getvalue())

    yield run


@contextmanager
def node_runner(directory: Path) -> Iterator[Runner]:
    """Run samples in one Node process."""
    with subprocess.Popen(
        [node_program(), str(_NODE_RUNNER)],
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, responses = process.stdin, process.stdout
        program = directory / "sample.mjs"

        def run(source: str, variables: Mapping[str, str]) -> Outcome:
            program.write_text(source, encoding="utf-8")
            print(json.dumps({"program": str(program), "variables": variables}), file=requests)
            requests.flush()
            answer: dict[str, Any] = json.loads(responses.readline())
            assert answer["error"] is None, answer["error"]
            return Outcome(answer["status"], answer["printed"])

        yield run
        requests.close()


RUNNERS = {"curl": curl_runner, "python": python_runner, "node": node_runner}
