"""The users that send requests: a Node process that reports its progress line by line."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from testbed.paths import ROOT
from testbed.servers import node_program

_PROGRAM = Path(__file__).with_name("clients") / "main.mjs"
_START_SECONDS = 120.0
_END_SECONDS = 60.0


class ClientsError(Exception):
    """The users could not register, or their process ended early."""


@dataclass(frozen=True)
class Sample:
    """One request: when it was due (seconds since 1970), and after how long its response came.

    kind: ok, failed or inconsistent.
    """

    due: float
    milliseconds: float
    operation: str
    kind: str
    request_id: str


@dataclass(frozen=True)
class Observations:
    """Everything that the users observed. failures: descriptions of the failed requests.

    refused: how many requests were resent since the proxy had not processed them (RFC 9113, section
    8.7).
    """

    samples: list[Sample]
    failures: list[dict[str, Any]]
    users: list[dict[str, Any]]
    refused: int = 0


@dataclass
class Clients:
    """Users that send requests until they are stopped. sent, failed: the numbers so far."""

    _process: "subprocess.Popen[str]"
    sent: int = 0
    failed: int = 0
    _ready: threading.Event = field(default_factory=threading.Event)
    _done: threading.Event = field(default_factory=threading.Event)
    _result: Mapping[str, Any] | None = None

    @classmethod
    @contextmanager
    def start(
        cls, address: str, users: int, rate: int, seed: int, log: Path
    ) -> Iterator["Clients"]:
        """Register and log in users, and start to send. Raises ClientsError."""
        plan = {
            "address": address,
            "users": users,
            "rate": rate,
            "seed": seed,
            # Other systems have only one loopback address.
            "addresses": psutil.LINUX,
        }
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [node_program(), str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                env={"PATH": os.environ["PATH"]},
                text=True,
            )
        clients = cls(process)
        reader = threading.Thread(target=clients._read)
        reader.start()
        try:
            clients._say(json.dumps(plan))
            if not clients._ready.wait(_START_SECONDS) or process.poll() is not None:
                raise ClientsError(
                    f"The simulated users could not start.\n{log.read_text(encoding='utf-8')}"
                )
            yield clients
        finally:
            process.kill()
            process.wait()
            reader.join()

    def stop(self) -> Observations:
        """Wait for all responses, and return the observations. Raises ClientsError."""
        self._say("stop")
        self._done.wait(_END_SECONDS)
        if self._result is None:
            raise ClientsError("The process of the simulated users ended early.")
        samples = [
            Sample(due / 1000, milliseconds, operation, kind, request_id)
            for due, milliseconds, operation, kind, request_id in self._result["samples"]
        ]
        result = self._result
        return Observations(samples, result["failures"], result["users"], result["refused"])

    def check(self) -> None:
        """Raise ClientsError if they have ended."""
        if self._done.is_set():
            raise ClientsError("The process of the simulated users ended early.")

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise ClientsError("The process of the simulated users ended early.") from error

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            if event["event"] == "progress":
                self.sent, self.failed = event["sent"], event["failed"]
            elif event["event"] == "done":
                self._result = event
            self._ready.set()
        # Wake up everything that waits for more.
        self._ready.set()
        self._done.set()
