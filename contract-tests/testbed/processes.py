"""Child processes that never outlive the command that started them."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, <linux/prctl.h>
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _signalled_when_parent_dies(signal_number: int) -> Callable[[], None] | None:
    """Return a preexec callback that makes the kernel signal the child when its parent dies.

    Linux only. The parent is the *thread* that starts the child.
    """
    if _LIBC is None:
        return None
    libc, parent = _LIBC, os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal_number)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def start(
    command: Sequence[str | Path],
    *,
    output: Path,
    cwd: Path,
    env: Mapping[str, str],
    account: tuple[int, int] | None = None,
    death_signal: int = signal.SIGTERM,
) -> "subprocess.Popen[bytes]":
    """Start a command in its own session, so that Ctrl-C reaches only us.

    output: file that takes standard output and error, appended to.
    account: user and group id to run as, when we are root.
    death_signal: sent to the child if we die without stopping it (Linux).
    """
    uid, gid = account or (None, None)
    with output.open("ab") as sink:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env),
            user=uid,
            group=gid,
            extra_groups=None if account is None else [],
            start_new_session=True,
            preexec_fn=_signalled_when_parent_dies(death_signal),
        )


def stop(
    process: "subprocess.Popen[bytes]",
    *,
    signal_number: int = signal.SIGTERM,
    seconds: float = 15,
) -> int:
    """Send a process a signal to end and wait; after a timeout kill it with its session.

    Returns the exit status, negative for the signal that killed it.
    """
    if process.poll() is None:
        process.send_signal(signal_number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill(process)
    return process.wait()


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process with its session, and wait."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Signalled(SystemExit):
    """A signal requested the command to end; the exit status is 128 plus the signal's number."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into Signalled; ignore later ones.

    Context managers then clean up, each within its own time limit.
    """
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def leave(signal_number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise Signalled(128 + signal_number)

    before = [(each, signal.signal(each, leave)) for each in signals]
    try:
        yield
    finally:
        for each, handler in before:
            signal.signal(each, handler)


def last_lines(log: Path, count: int = 30) -> str:
    """Return the end of a log, for an error message."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-count:])
