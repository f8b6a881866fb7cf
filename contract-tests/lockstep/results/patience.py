"""Adapts timeouts to operations that hang or stream."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lockstep.transport.messages import NoResponse, Outcome

# Timeouts in a row after which an operation is expected to time out again.
TRIES = 3
SHORT_SECONDS = 1.0
# Seconds of slow responses after which a path is skipped. Early stages may use only a part, so that
# each stage sends something.
MOST_SECONDS = 30.0
_PARTS = {"walk": 1 / 3, "probes": 2 / 3}
# Streams read for the full time after which further ones are cut sooner.
STREAM_TRIES = 10
SHORT_STREAM_SECONDS = 0.5

_Key = tuple[str, str]


@dataclass(slots=True)
class _Record:
    """The timeouts of one operation on one target, in a row and in all, and its streams cut short.

    `heard` is true if any response was more than an empty stream.
    """

    in_a_row: int = 0
    hangs: int = 0
    streams: int = 0
    heard: bool = False
    # The stages in which it timed out, in order.
    stages: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Patience:
    """How long to wait for each operation of each target.

    This bounds the time of a run: only the first few requests that hang get all of `--timeout`. If
    `steady` is true, all do.
    """

    steady: bool = False
    _records: dict[_Key, _Record] = field(default_factory=dict)
    # Seconds of responses that took more than SHORT_SECONDS, by path and target: the operations of
    # a path are slow for the same reason. Then the skipped requests, by operation and path.
    _slow: dict[str, dict[str, float]] = field(default_factory=dict)
    _left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def seconds(self, label: str, target: str) -> float | None:
        """Return the timeout for a response, `None` for the target's default."""
        with self._lock:
            record = self._records.get((label, target))
        hangs = record is not None and record.in_a_row >= TRIES
        return SHORT_SECONDS if hangs and not self.steady else None

    def stream_seconds(self, label: str, target: str) -> float | None:
        """Return how long to read a stream, `None` for the target's default."""
        with self._lock:
            record = self._records.get((label, target))
        known = record is not None and record.streams >= STREAM_TRIES
        return SHORT_STREAM_SECONDS if known and not self.steady else None

    def is_used_up(self, label: str, path: str, stage: str) -> bool:
        """Whether a path has used up its time, so that a stage skips its operations."""
        most = MOST_SECONDS * _PARTS.get(stage, 1)
        with self._lock:
            used_up = self._slow_at(path) >= most and not self.steady
            if used_up:
                self._left_out[label, path] += 1
            return used_up

    def is_slow(self, path: str) -> bool:
        """Whether a path has been slow."""
        with self._lock:
            return self._slow_at(path) > 0

    def _slow_at(self, path: str) -> float:
        return max(self._slow.get(path, {}).values(), default=0.0)

    def note(
        self,
        label: str,
        target: str,
        outcome: Outcome,
        stage: str,
        *,
        path: str = "",
        seconds: float = 0.0,
    ) -> None:
        """Record the duration and the outcome of a request, for its operation and its path."""
        with self._lock:
            record = self._records.setdefault((label, target), _Record())
            if seconds > SHORT_SECONDS and not self.steady:
                took = self._slow.setdefault(path or label, {})
                took[target] = took.get(target, 0.0) + seconds
            if isinstance(outcome, NoResponse):
                if outcome.reason == "timeout":
                    record.in_a_row += 1
                    record.hangs += 1
                    record.stages[stage] = None
            else:
                record.in_a_row = 0
                record.streams += outcome.cut
                record.heard |= not outcome.cut or bool(outcome.body.strip())

    def lines(self) -> list[str]:
        """Return sentences on timeouts, by operation and stage, and on truncated streams."""
        return [*self._hung(), *self._unheard(), *self._cut(), *self._used_up()]

    def _used_up(self) -> Iterator[str]:
        for (label, path), times in self._left_out.items():
            what = f"{times:,} request{'s' * (times > 1)}"
            yield f"{label}: {what} left out after {self._slow_at(path):.0f} s of slow responses"

    def _unheard(self) -> Iterator[str]:
        found: dict[str, list[str]] = {}
        for (label, target), record in self._records.items():
            if record.streams and not record.heard:
                found.setdefault(label, []).append(target)
        for label, targets in found.items():
            yield f"{label}: the streams of {' and '.join(targets)} did not send data in time"

    def _cut(self) -> Iterator[str]:
        """Yield sentences on streams that sent something, and may have sent more later."""
        cut = {label for (label, _), record in self._records.items() if record.streams}
        heard = {label for (label, _), record in self._records.items() if record.heard}
        for label in sorted(cut & heard):
            yield f"{label}: its streams were read for --stream-seconds only, not to the end"

    def _hung(self) -> list[str]:
        found: dict[tuple[str, int, tuple[str, ...]], list[str]] = {}
        for (label, target), record in self._records.items():
            if record.hangs:
                found.setdefault((label, record.hangs, tuple(record.stages)), []).append(target)
        return [
            f"{label}: {' and '.join(targets)} timed out {hangs} time{'s' * (hangs > 1)} "
            f"(stage: {', '.join(stages)})"
            for (label, hangs, stages), targets in found.items()
        ]
