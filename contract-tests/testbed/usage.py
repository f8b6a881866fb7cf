"""Resource usage of a process and its children: processor time and memory."""

import contextlib
from collections.abc import Iterator

import psutil


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process and its descendants, in seconds."""
    times = [each.cpu_times() for each in alive(pid)]
    return float(sum(each.user + each.system for each in times))


def memory_bytes(pid: int) -> int:
    """Return the memory of a process and its descendants in bytes, shared memory once (PSS)."""
    total = 0
    for each in alive(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += each.memory_full_info().pss
    return total


def alive(pid: int) -> Iterator[psutil.Process]:
    """Yield a process and its descendants that are alive."""
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess), each.oneshot():
            yield each
