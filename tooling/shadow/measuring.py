"""Load at a constant rate on a service, directly and through proxies before it, in turn."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from testbed.ports import free_port
from testbed.servers import node_program
from tooling.benchmark import load
from tooling.benchmark.workload import Request

HERE = Path(__file__).parent
DOCUMENT = HERE / "api.yaml"
# Four tasks are read for each list.
MIX = {"getTask": 4, "listTasks": 1}
_WARM_SECONDS = 1.0
_REQUESTS = (
    Request("getTask", "GET", "/tasks/{task.id}", {"Accept": "application/json"}, (), None, 200),
    Request("listTasks", "GET", "/tasks?limit=20&after={task.id}", {}, (), None, 200),
)


@dataclass(frozen=True)
class Measured:
    """What one round showed: milliseconds, responses a second, and the share that was compared.

    answering, comparing: the processor time for a request that was answered, and for one that was
    compared, in milliseconds; unlike the others they hardly depend on what else the machine does.
    """

    way: str
    p50: float
    p99: float
    per_second: float
    failed: int
    compared: float = 0.0
    answering: float = 0.0
    comparing: float = 0.0


@dataclass(frozen=True)
class Spent:
    """What a proxy has done so far: requests, how many were compared, and processor seconds."""

    requests: int
    compared: int
    answering: float
    comparing: float


@dataclass(frozen=True)
class Proxy:
    """A running proxy: where clients ask, where it tells how it goes, and its main process."""

    url: str
    admin: str
    pid: int

    def spent(self) -> Spent:
        """What it has done so far."""
        with urllib.request.urlopen(f"{self.admin}/warrant", timeout=30) as answer:
            total: dict[str, Any] = json.load(answer)["total"]
        main = psutil.Process(self.pid)
        answering = sum(_seconds(each) for each in main.children(recursive=True))
        return Spent(total["requests"], total["compared"], answering, _seconds(main))


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def service() -> Iterator[str]:
    """A service, by its URL."""
    command = [node_program(), str(HERE / "server.mjs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@contextmanager
def proxy(leader: str, mirror: str, core: int, *options: str) -> Iterator[Proxy]:
    """A proxy of lockstep with all its processes on one core."""
    url, admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
    command = [sys.executable, "-m", "lockstep", "proxy", str(DOCUMENT)]
    command += [f"--target=old={leader}", f"--target=new={mirror}"]
    command += [f"--listen={url}", f"--admin={admin}", "--quiet", *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("http"):
                break
        else:
            raise RuntimeError(f"The proxy ended: {''.join(said)}")
        yield Proxy(f"http://{url}", f"http://{admin}", process.pid)
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def sender(url: str, seed: int = 0) -> Iterator[load.Sender]:
    """What sends to one URL."""
    tasks = [{"id": at + 1, "etag": "", "uses": 0, "user": 0} for at in range(900)]
    users = [{"email": "", "password": "", "token": "", "running": False, "task": 0}]
    with load.Sender(load.plan(url, _REQUESTS, users, tasks, seed)) as sending:
        yield sending


def measure(rate: float, seconds: float, rounds: int, cores: Sequence[int]) -> list[Measured]:
    """Ask directly, through a proxy that compares nothing, one that compares all, and two.

    Each way has its turn in every round, so that what else the machine does meets all alike.
    """
    found: list[Measured] = []
    with ExitStack() as stack:
        # Services and senders leave the first core to the proxy.
        before = os.sched_getaffinity(0)
        stack.callback(os.sched_setaffinity, 0, before)
        os.sched_setaffinity(0, set(cores[1:]) or before)
        leader, mirror = (stack.enter_context(service()) for _ in range(2))
        one, bare = (
            stack.enter_context(proxy(leader, mirror, cores[0], *options))
            for options in ((), ("--sample=0",))
        )
        other = stack.enter_context(proxy(leader, mirror, cores[-1]))
        ways = {
            "direct": ([leader], []),
            "proxy alone": ([bare.url], [bare]),
            "comparing all": ([one.url], [one]),
            "two proxies": ([one.url, other.url], [one, other]),
        }
        senders = {
            url: stack.enter_context(sender(url)) for url in (leader, bare.url, one.url, other.url)
        }
        for url in senders:
            senders[url].send(MIX, rate, _WARM_SECONDS)
        for _ in range(rounds):
            for way, (urls, proxies) in ways.items():
                found.append(_round(way, [senders[url] for url in urls], proxies, rate, seconds))
    return found


def _round(
    way: str, senders: Sequence[load.Sender], proxies: Sequence[Proxy], rate: float, seconds: float
) -> Measured:
    before = [each.spent() for each in proxies]
    with ThreadPoolExecutor(len(senders)) as threads:
        sent = list(threads.map(lambda each: each.send(MIX, rate, seconds), senders))
    after = [each.spent() for each in proxies]

    def done(what: str) -> float:
        """How much of it in this round."""
        parts = zip(before, after, strict=True)
        return float(sum(getattr(now, what) - getattr(then, what) for then, now in parts))

    requests, compared = done("requests"), done("compared")
    return Measured(
        way,
        max(each.times.p50 or 0.0 for each in sent),
        max(each.times.p99 or 0.0 for each in sent),
        sum(each.per_second for each in sent),
        sum(each.failed + each.unanswered for each in sent),
        compared / requests if requests else 0.0,
        1000 * done("answering") / requests if requests else 0.0,
        1000 * done("comparing") / compared if compared else 0.0,
    )
