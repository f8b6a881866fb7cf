"""Plays a fault to one server, and reports its problems."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from lockstep.drivers.stories.files import StoryError
from lockstep.openapi.document import Document
from suite.faults.crowd import Steady, crowd
from suite.faults.database import Database
from suite.faults.files import Answer, Ending, Fault
from suite.faults.pace import stretch
from suite.faults.requests import TIMEOUT_SECONDS, Client, Reply, Sampler
from testbed.databases import Databases
from testbed.servers import TEST_SETTINGS, TwinServer
from testbed.stage import CLEAN
from testbed.usage import alive

UNAVAILABLE = "database_unavailable"
_RECOVERY_SECONDS = 30.0
_POLL_SECONDS = 0.02
# How long requests are sent before, after and between faults, in seconds.
_LOAD_SECONDS = 1.0
_BUGS = frozenset({"unhandled_error", "undocumented_response"})
_UNWRITABLE = {"TMPDIR": "/proc", "HOME": "/proc"}


@dataclass
class Played:
    """The result of a fault on one server."""

    problems: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    requests: int = 0


class Player:
    """Starts servers, each with its own database, and applies faults to them.

    label: the prefix of the names of databases and logs.
    """

    def __init__(
        self, databases: Databases, document: Document, logs: Path, label: str = "faults"
    ) -> None:
        self._databases = databases
        self._document = document
        self._logs = logs
        self._label = label

    def play(
        self, fault: Fault, number: int, kind: str, command: Sequence[str] | None = None
    ) -> Played:
        """Play a fault to one of the servers.

        command: the command to run instead of the repository's server.
        """
        log = self._logs / f"{number}-{kind}.log"
        log.unlink(missing_ok=True)
        name = f"{self._label}_{number}_{kind}"
        settings = {**TEST_SETTINGS, **fault.settings}
        if fault.deed.get("start") == "in unwritable folders":
            settings |= _UNWRITABLE
        with Database(self._databases, name, CLEAN).opened() as database:
            server = TwinServer(kind, database.url, log, settings, command=command)
            started = time.monotonic()
            with ExitStack() as stack:
                server.launch()
                stack.callback(server.kill)
                server.settle()
                played = _Playing(fault, server, database, self._document)
                played.start_seconds = time.monotonic() - started
                played.run()
        return played.result


class _Playing:
    """One fault on one server, from start to end."""

    start_seconds = 0.0

    def __init__(
        self, fault: Fault, server: TwinServer, database: Database, document: Document
    ) -> None:
        self._fault = fault
        self._server = server
        self._database = database
        assert server.port is not None
        self._client = Client(server.port, document, secrets=[database.password])
        self._stretch = stretch()
        self.result = Played()

    def run(self) -> None:
        """Apply the fault, send requests meanwhile, revert it, and wait for recovery."""
        fault = self._fault
        self._client.prepare()
        with ExitStack() as stack:
            steady = None
            if fault.load is not None:
                steady = Steady(self._client.port, fault.load)
                stack.enter_context(steady)
                time.sleep(_LOAD_SECONDS)
            began = time.monotonic()
            with self._done():
                if fault.ends is not None:
                    self._watch_the_end(fault.ends)
                else:
                    self._ask()
                    if fault.lasts:
                        self._await_recovery(began)
            if fault.ends is None and not fault.lasts:
                self._await_recovery(time.monotonic())
            if steady is not None:
                time.sleep(_LOAD_SECONDS)
        if steady is not None and fault.load is not None:
            self.result.requests += steady.sent
            lost = len(steady.reasons)
            self.result.seen["lost"] = f"{lost} of {steady.sent}"
            if lost > fault.load.lost:
                self._miss(f"{lost} of {steady.sent} requests lost: {steady.reasons[:3]}")
        if fault.ends is None:
            status = self._server.stop()
            if status != 0:
                self._miss(f"ends with {status} on SIGTERM afterwards")
        self._read_log()

    @contextlib.contextmanager
    def _done(self) -> Iterator[None]:
        deed, server = self._fault.deed, self._server
        with ExitStack() as stack:
            if "database" in deed:
                stack.enter_context(self._database.failing(deed))
            elif "clients" in deed:
                stack.enter_context(crowd(self._client.port, deed["clients"], deed["count"]))
            elif "files" in deed:
                stack.enter_context(_few_files(server.pid, deed["files"]))
            elif "signal" in deed:
                os.kill(server.pid, signal.Signals[deed["signal"]])
            elif deed.get("kill") == "supervisor":
                self._workers = psutil.Process(server.pid).children()
                os.kill(server.pid, signal.SIGKILL)
            elif "kill" in deed:
                _one_worker(server.pid).kill()
                for _ in range(1, deed.get("times", 1)):
                    time.sleep(_LOAD_SECONDS * self._stretch)
                    _one_worker(server.pid).kill()
            yield

    def _ask(self) -> None:
        """Send the requests of the fault, and check /health meanwhile."""
        health = Answer("getHealth", (200,), self._fault.health_within, user=False)
        with Sampler(lambda: self._client.send(health)) as sampler:
            got = self._client.send_all(list(self._fault.answers))
            if not got:
                time.sleep(_LOAD_SECONDS)
        self.result.requests += len(got) + len(sampler.replies)
        for wanted, reply in got:
            self._hold(wanted, reply)
        if "files" in self._fault.deed or "kill" in self._fault.deed:
            # Requests in flight to the affected process are lost.
            return
        slowest = max(sampler.replies, key=lambda reply: (reply.status != 200, reply.seconds))
        self.result.seen["/health"] = str(slowest)
        if slowest.status != 200 or self._is_late(slowest.seconds, self._fault.health_within):
            self._miss(f"getHealth: {slowest}, not 200 within {self._fault.health_within} s")

    def _hold(self, wanted: Answer, reply: Reply) -> None:
        known = self.result.seen.get(wanted.operation)
        if known is None or reply.seconds > float(known.split()[-2]):
            self.result.seen[wanted.operation] = str(reply)
        has_code = not wanted.code or reply.status < 400 or reply.code == wanted.code
        is_right = reply.status in wanted.statuses and has_code
        if not is_right or self._is_late(reply.seconds, wanted.within):
            statuses = " or ".join(map(str, wanted.statuses))
            expected = f"{statuses} {wanted.code or ''}".strip()
            self._miss(f"{wanted.operation}: {reply}, not {expected} within {wanted.within} s")
        if reply.status == 503 and reply.retry_after is None:
            self._miss(f"{wanted.operation}: 503 without Retry-After")

    def _await_recovery(self, began: float) -> None:
        """Wait until the server is ready; after that no request may fail."""
        limit = self._fault.recovers_within
        if limit is None:
            return
        wanted = [
            Answer("getReadiness", (200,), TIMEOUT_SECONDS, user=False),
            Answer("createTask", (201,), TIMEOUT_SECONDS, json={"title": "recovered"}),
        ]
        while True:
            replies = [self._client.send(each) for each in wanted]
            seconds = time.monotonic() - began
            if all(got.status in each.statuses for each, got in zip(wanted, replies, strict=True)):
                break
            if seconds > _RECOVERY_SECONDS and self._is_late(seconds, limit):
                self._miss(f"not recovered after {seconds:.0f} s: {replies[0]}, {replies[1]}")
                return
            time.sleep(_POLL_SECONDS)
        self.result.seen["recovered"] = f"after {seconds:.2f} s"
        if self._is_late(seconds, limit):
            self._miss(f"recovered after {seconds:.2f} s, not within {limit} s")
        after = [Answer(name, (200,), 2.0, times=10) for name in ("listTasks", "getTask")]
        for answer, reply in self._client.send_all(after):
            if reply.status not in answer.statuses:
                self._miss(f"after recovery, {answer.operation}: {reply}")

    def _watch_the_end(self, ends: Ending) -> None:
        started = time.monotonic()
        if self._fault.deed.get("start") == "on a taken port":
            self._start_another(ends)
            return
        status = self._server.wait(ends.within + TIMEOUT_SECONDS)
        seconds = time.monotonic() - started
        self.result.seen["end"] = f"{status} after {seconds:.2f} s"
        if status != ends.status or self._is_late(seconds, ends.within):
            self._miss(f"ends with {status} after {seconds:.2f} s, not {ends.status} in time")
        if ends.workers_within is not None:
            alive = _left_running(self._workers, ends.workers_within * self._stretch)
            gone = time.monotonic() - started
            self.result.seen["workers"] = f"{len(alive)} left after {gone:.2f} s"
            if alive:
                self._miss(f"{len(alive)} workers are left after {ends.workers_within} s")
            for each in alive:
                each.kill()

    def _start_another(self, ends: Ending) -> None:
        """Start a second server on the same port; it gets the usual start-up time and more."""
        log = self._server.log.with_suffix(".second.log")
        log.unlink(missing_ok=True)
        first = self._server
        second = TwinServer(
            first.kind, first.database_url, log, first.settings, first.port, first.command
        )
        started = time.monotonic()
        second.launch()
        try:
            status = second.wait(TIMEOUT_SECONDS)
            seconds = time.monotonic() - started
        finally:
            second.kill()
        lines = log.read_text(encoding="utf-8").splitlines()
        output = [line for line in lines if "default_secret_key" not in line]
        self.result.seen["end"] = f"{status} after {seconds:.2f} s, {len(output)} lines"
        within = self.start_seconds + ends.within
        if status != ends.status or self._is_late(seconds, within):
            self._miss(f"ends with {status} after {seconds:.2f} s, not {ends.status} in time")
        if ends.lines is not None and len(output) > ends.lines:
            self._miss(f"writes {len(output)} lines: {output}")
        self._look_for(map(json.loads, output))

    def _read_log(self) -> None:
        """Check the log against the fault's lines; it must never contain a secret."""
        text = self._server.log.read_text(encoding="utf-8", errors="replace")
        for secret in self._client.secrets:
            if secret in text:
                self._miss(f"the log contains a secret: {secret[:8]}...")
        lines = [_line(line) for line in text.splitlines()]
        for line in lines:
            if "event" not in line:
                self._miss(f"the log has a malformed line: {line}")
        if self._fault.deed.get("start") != "on a taken port":
            self._look_for(lines)
        logged = sum(line.get("event") == UNAVAILABLE for line in lines)
        answered = sum(
            line.get("event") == "request" and line.get("status") == 503 for line in lines
        )
        if logged != answered:
            self._miss(f"the log has {logged} causes for {answered} responses with 503")
        errors = {line["event"] for line in lines if line.get("event") in _BUGS}
        if errors:
            self._miss(f"the log has {' and '.join(sorted(errors))}")

    def _look_for(self, lines: Any) -> None:
        every = list(lines)
        for wanted in self._fault.log:
            if not any(wanted.items() <= line.items() for line in every if _is_flat(line)):
                near = [line for line in every if line.get("event") == wanted["event"]]
                shown = {_shown(line) for line in near[:20]}
                self._miss(f"the log has no line {dict(wanted)}, but {sorted(shown)[:3]}")

    def _is_late(self, seconds: float, within: float) -> bool:
        return seconds > within * self._stretch

    def _miss(self, problem: str) -> None:
        if problem not in self.result.problems:
            self.result.problems.append(problem)


def _line(text: str) -> Mapping[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {"text": text}
    return line if isinstance(line, dict) else {"text": text}


def _is_flat(line: Mapping[str, Any]) -> bool:
    return not any(isinstance(value, (list, dict)) for value in line.values())


def _shown(line: Mapping[str, Any]) -> str:
    left_out = ("time", "request_id", "event")
    return json.dumps({name: value for name, value in line.items() if name not in left_out})


def _one_worker(pid: int) -> psutil.Process:
    workers = psutil.Process(pid).children()
    if not workers:
        raise StoryError("there is no worker to kill: set WORKERS")
    return workers[0]


@contextlib.contextmanager
def _few_files(pid: int, count: int) -> Iterator[None]:
    limits = {each.pid: resource.prlimit(each.pid, resource.RLIMIT_NOFILE) for each in alive(pid)}
    for each, (_, most) in limits.items():
        resource.prlimit(each, resource.RLIMIT_NOFILE, (count, most))
    try:
        yield
    finally:
        for each, limit in limits.items():
            if psutil.pid_exists(each):
                resource.prlimit(each, resource.RLIMIT_NOFILE, limit)


def _left_running(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Return the processes that do not end in time.

    The orphans of a supervisor have ended once they are zombies: some init processes reap only
    every few seconds.
    """
    deadline = time.monotonic() + seconds
    while alive := [each for each in processes if _runs(each)]:
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
