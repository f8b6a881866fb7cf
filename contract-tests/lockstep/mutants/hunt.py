"""Runs the project's own command for each mutant and driver, several in parallel."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from lockstep.mutants.catalogue import Mutant, MutantError
from lockstep.mutants.matrix import Catch, Matrix

# The id of a run without a mutant: any finding in it is a false positive.
CONTROL = "control"
_MESSAGE = 4000
# Additional time for a driver beyond that of its control, and for a terminated process to exit.
_GRACE_SECONDS = 60.0

Progress = Callable[[str], None]
Kept = Callable[[Matrix], None]


def _silent(_text: str) -> None:
    pass


def _forget(_matrix: Matrix) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Report:
    """The result that the command printed for one driver and one mutant, as JSON on its last line.

    `findings` are in the order of detection; `requests` and `seconds` are up to the first one.
    """

    findings: tuple[str, ...]
    requests: int
    seconds: float


@dataclass(slots=True)
class Hunt:
    """Runs drivers on mutants.

    The command is called as `COMMAND ID --driver DRIVER`, first with the id `control` for each
    driver that is needed. A driver's control must have no findings. A `baseline` driver has one
    control for each target (`--target TARGET`), whose findings are ignored afterwards. `apart`
    drivers are like these, and run only on surviving mutants. A driver that takes more than
    `patience` times as long as its control is terminated, and has caught the mutant. The callback
    `kept` receives the matrix after each run, so that a long hunt can be resumed.
    """

    command: Sequence[str]
    drivers: Sequence[str]
    baseline: Sequence[str] = ()
    apart: Sequence[str] = ()
    patience: float | None = None
    at_once: int = 2
    all_drivers: bool = False
    progress: Progress = _silent
    kept: Kept = _forget
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _controls: dict[tuple[str, str], Future[Report]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, mutants: Sequence[Mutant], earlier: Mapping[str, Any] | None = None) -> Matrix:
        """Run all mutants; the matrix lists those that could not be run.

        Runs in `earlier`, a matrix as data, are not repeated. Raises `MutantError` if a control
        could not be run, or had findings.
        """
        matrix = Matrix(mutants, self.drivers, (*self.baseline, *self.apart))
        if earlier is not None:
            matrix.restore(earlier)
        with ThreadPoolExecutor(self.at_once) as threads:
            try:
                rows = [threads.submit(self._try, each, matrix) for each in mutants]
                for row in as_completed(rows):
                    row.result()
            finally:
                threads.shutdown(wait=False, cancel_futures=True)
                for process in list(self._running):
                    process.terminate()
        return matrix

    def _try(self, mutant: Mutant, matrix: Matrix) -> None:
        ordered = sorted(self.drivers, key=lambda name: name != mutant.first)
        for driver in [*ordered, *self.baseline, *self.apart]:
            if driver in matrix.tried(mutant.id):
                continue
            compares = driver in self.baseline
            if matrix.caught(mutant.id) and not compares and not self.all_drivers:
                continue
            usual = self._usual(driver, mutant.target)
            limit = None
            if self.patience is not None:
                limit = self.patience * usual.seconds + _GRACE_SECONDS
            try:
                report = self._call(mutant.id, driver, limit=limit)
            except MutantError as error:
                matrix.problems.append(str(error))
                self.progress(str(error))
                continue
            first = next((each for each in report.findings if each not in usual.findings), None)
            with self._lock:
                matrix.add(mutant.id, driver, Catch(first, report.requests, report.seconds))
                self.kept(matrix)
            verdict = first or "survived"
            self.progress(f"{mutant.id}, {driver}: {verdict} ({report.seconds:.1f} s)")

    def _usual(self, driver: str, target: str) -> Report:
        """Return the result of a driver's control, which runs on first use."""
        key = driver, "" if driver in self.drivers else target
        with self._lock:
            known = self._controls.get(key)
            control = self._controls.setdefault(key, Future())
        if known is None:
            try:
                control.set_result(self._control(*key))
            except BaseException as error:
                control.set_exception(error)
        return control.result()

    def _control(self, driver: str, target: str) -> Report:
        report = self._call(CONTROL, driver, *(("--target", target) if target else ()))
        if report.findings and not target:
            raise MutantError(f"{driver} reports findings without any mutant: {report.findings[0]}")
        name = f"control, {driver}{target and f' on {target}'}"
        self.progress(f"{name}: {len(report.findings)} findings ({report.seconds:.1f} s)")
        return report

    def _call(self, mutant: str, driver: str, *more: str, limit: float | None = None) -> Report:
        command = [*self.command, mutant, "--driver", driver, *more]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)
        self._running.add(process)
        try:
            output, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired as error:
            _end(process)
            return Report((f"did not finish within {error.timeout:.0f} s",), 0, error.timeout)
        finally:
            self._running.discard(process)
        if process.returncode != 0:
            status = process.returncode
            raise MutantError(
                f"{mutant}, {driver}: could not be run, status {status}:\n{errors[-_MESSAGE:]}"
            )
        return _read(output, f"{mutant}, {driver}")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _read(output: str, name: str) -> Report:
    last = output.strip().rpartition("\n")[2]
    try:
        data: Any = json.loads(last)
        return Report(tuple(data["findings"]), int(data["requests"]), float(data["seconds"]))
    except (ValueError, KeyError, TypeError) as error:
        raise MutantError(f"{name}: the last line is not a report: {last[:200]!r}") from error
