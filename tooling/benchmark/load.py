"""Controls the load generator: a Node process that is sent one step at a time."""

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

# The number of connections; further requests wait in the load generator while their time runs.
CONNECTIONS = 32
_SENDER = Path(__file__).with_name("sender") / "sender.mjs"


class SenderError(Exception):
    """The load generator ended by itself; the message is its output."""


@dataclass(frozen=True)
class Plan:
    """What the load generator knows about a server before the first step.

    users: email, password, token, running (whether their timer runs), task (an index). tasks: id,
    etag, uses (0), user (an index).
    """

    address: str
    connections: int
    seed: int
    operations: Sequence[Mapping[str, Any]]
    users: Sequence[Mapping[str, Any]]
    tasks: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Times:
    """Milliseconds from the instant at which a request was due to the end of its response."""

    count: int
    p50: float | None
    p90: float | None
    p99: float | None
    p999: float | None
    max: float | None


@dataclass(frozen=True)
class Sent:
    """The measurements of a step.

    seconds: until the last response. failed: responses with an unexpected status. late: the delay
    from when a request was due until it was handed over, caused by the load generator.
    """

    seconds: float
    failed: int
    unanswered: int
    times: Times
    late: Times
    operations: Mapping[str, Mapping[str, Any]]

    @property
    def per_second(self) -> float:
        """Responses per second."""
        return self.times.count / self.seconds if self.seconds else 0.0


def plan(
    address: str,
    requests: Sequence[Request],
    users: Sequence[Mapping[str, Any]],
    tasks: Sequence[Mapping[str, Any]],
    seed: int,
) -> Plan:
    """Create the plan of the load generator."""
    return Plan(address, CONNECTIONS, seed, [each.as_json() for each in requests], users, tasks)


class Sender:
    """Context manager that sends load to one server."""

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
        """Send at a constant rate, independent of the responses. Raises SenderError."""
        return self._step({"mix": mix, "rate": rate, "seconds": seconds, "requests": None})

    def saturate(
        self,
        mix: Mix,
        seconds: float,
        requests: int | None = None,
        connections: int | None = None,
    ) -> Sent:
        """Keep every connection busy, each waiting for its response, until a limit is reached.

        connections: use only that many of them. Raises SenderError.
        """
        step = {"mix": mix, "rate": None, "seconds": seconds, "requests": requests}
        return self._step(step | ({"connections": connections} if connections else {}))

    def _step(self, step: Mapping[str, Any]) -> Sent:
        self._tell(step)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SenderError(f"The sender ended with status {self._process.wait()}.")
        reply = json.loads(line)
        return Sent(
            seconds=reply["seconds"],
            failed=reply["failed"],
            unanswered=reply["unanswered"],
            times=_times(reply),
            late=_times(reply["late"]),
            operations=reply["operations"],
        )

    def _tell(self, what: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise SenderError(f"The sender ended with status {self._process.wait()}.") from None


def _times(reply: Mapping[str, Any]) -> Times:
    return Times(*(reply[name] for name in ("count", "p50", "p90", "p99", "p999", "max")))
