"""What a process and its children use: processor time and memory."""

import contextlib
from collections.abc import Iterator

import psutil


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all below it, in seconds."""
    times = [each.cpu_times() for each in alive(pid)]
    return float(sum(each.user + each.system for each in times))


def memory_bytes(pid: int) -> int:
    """Memory of a process and all below it, in bytes; what they share is counted once (PSS)."""
    total = 0
    for each in alive(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += each.memory_full_info().pss
    return total


def alive(pid: int) -> Iterator[psutil.Process]:
    """A process and all below it, those of them that live."""
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess), each.oneshot():
            yield each
