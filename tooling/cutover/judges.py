"""The proxies of lockstep before both twins: one leads with each, and compares with the other."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed import processes
from testbed.paths import CONTRACT, CONTRACT_TESTS, WITHOUT_ENV_FILE
from testbed.ports import free_port

_START_SECONDS = 60.0
_POLL_SECONDS = 0.05


class JudgeError(Exception):
    """A proxy of lockstep did not start."""


@dataclass
class Judge:
    """A proxy; clients get the answers of the target `leads`."""

    leads: str
    port: int
    admin_port: int
    log: Path
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def admin(self) -> str:
        """Where it tells its warrant."""
        return f"http://127.0.0.1:{self.admin_port}"

    def launch(self, targets: dict[str, str]) -> None:
        """Start it without waiting; the other target is compared."""
        names = [self.leads, *(name for name in targets if name != self.leads)]
        command = [sys.executable, "-m", "lockstep", "proxy", str(CONTRACT), "--quiet"]
        command += ["--listen", f"127.0.0.1:{self.port}", "--admin", f"127.0.0.1:{self.admin_port}"]
        for name in names:
            command += ["--target", f"{name}={targets[name]}"]
        self._process = processes.start(
            command,
            output=self.log,
            cwd=WITHOUT_ENV_FILE,
            env={**os.environ, "PYTHONPATH": str(CONTRACT_TESTS)},
        )

    def settle(self) -> None:
        """Wait until it answers. Raises JudgeError."""
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.admin}/healthz", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(_POLL_SECONDS)
        raise JudgeError(f"A proxy did not start.\n{processes.last_lines(self.log)}")

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            process, self._process = self._process, None
            processes.stop(process)


@contextmanager
def judging(targets: dict[str, str], logs: Path) -> Iterator[tuple[Judge, Judge]]:
    """Run a proxy that leads with each of two targets, by name and address. Raises JudgeError."""
    first, second = (
        Judge(name, free_port(), free_port(), logs / f"judge-{name}.log") for name in targets
    )
    try:
        for judge in (first, second):
            judge.log.unlink(missing_ok=True)
            judge.launch(targets)
        for judge in (first, second):
            judge.settle()
        yield first, second
    finally:
        for judge in (first, second):
            judge.stop()
