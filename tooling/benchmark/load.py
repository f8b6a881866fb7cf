"""Drives the sender: one process of Node that knows the users, and is told one step at a time."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from testbed.paths import BENCHMARK
from testbed.servers import node_program
from tooling.benchmark.workload import Mix, Request

# As many as wait at once; beyond that, requests wait in the sender while their time runs.
CONNECTIONS = 32
_SENDER = Path(__file__).with_name("sender") / "sender.mjs"


class SenderError(Exception):
    """The sender ended by itself; the message is what it said."""


@dataclass(frozen=True)
class Plan:
    """What the sender knows of a server before the first step.

    users: email, password, token, running (whether their timer runs), task (an index).
    tasks: id, etag, uses (0), user (an index).
    """

    address: str
    connections: int
    seed: int
    operations: Sequence[Mapping[str, Any]]
    users: Sequence[Mapping[str, Any]]
    tasks: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Times:
    """Milliseconds from the instant at which a request was due to the end of its answer."""

    count: int
    p50: float | None
    p90: float | None
    p99: float | None
    p999: float | None
    max: float | None


@dataclass(frozen=True)
class Sent:
    """What a step measured.

    seconds: until the last answer. failed: answers with another status than a success has.
    late: how long after it was due each request was handed over, which is the sender's own doing.
    """

    seconds: float
    failed: int
    unanswered: int
    times: Times
    late: Times
    operations: Mapping[str, Mapping[str, Any]]

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.times.count / self.seconds if self.seconds else 0.0


def plan(
    address: str,
    requests: Sequence[Request],
    users: Sequence[Mapping[str, Any]],
    tasks: Sequence[Mapping[str, Any]],
    seed: int,
) -> Plan:
    """Put together what the sender must know."""
    return Plan(address, CONNECTIONS, seed, [each.as_json() for each in requests], users, tasks)


class Sender:
    """Sends load to one server between `with` and its end."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [node_program(), str(_SENDER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PACKAGE": str(BENCHMARK / "package.json")},
            start_new_session=True,
        )
        self._tell(asdict(self._plan))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()

    def send(self, mix: Mix, rate: float, seconds: float) -> Sent:
        """Send so many requests a second, whatever the answers do. Raises SenderError."""
        return self._step({"mix": mix, "rate": rate, "seconds": seconds, "requests": None})

    def saturate(
        self,
        mix: Mix,
        seconds: float,
        requests: int | None = None,
        connections: int | None = None,
    ) -> Sent:
        """Keep every connection busy, each waiting for its answer, until either is used up.

        With `connections` only so many of them. Raises SenderError.
        """
        step = {"mix": mix, "rate": None, "seconds": seconds, "requests": requests}
        return self._step(step | ({"connections": connections} if connections else {}))

    def _step(self, step: Mapping[str, Any]) -> Sent:
        self._tell(step)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SenderError(f"The sender ended with status {self._process.wait()}.")
        told = json.loads(line)
        return Sent(
            seconds=told["seconds"],
            failed=told["failed"],
            unanswered=told["unanswered"],
            times=_times(told),
            late=_times(told["late"]),
            operations=told["operations"],
        )

    def _tell(self, what: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise SenderError(f"The sender ended with status {self._process.wait()}.") from None


def _times(told: Mapping[str, Any]) -> Times:
    return Times(*(told[name] for name in ("count", "p50", "p90", "p99", "p999", "max")))
