"""Which operations keep their callers waiting, and how long they are still waited for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lockstep.transport.messages import NoResponse, Outcome

# An operation that hung so often in a row is expected to hang again.
TRIES = 3
SHORT_SECONDS = 1.0
# A path whose slow answers have taken so long is not asked again. Early stages may take a part of
# it, so that each of them asks at all.
MOST_SECONDS = 30.0
_PARTS = {"walk": 1 / 3, "probes": 2 / 3}
# A stream that was read for the whole of its time so often says little more in the same again.
STREAM_TRIES = 10
SHORT_STREAM_SECONDS = 0.5

_Key = tuple[str, str]


@dataclass(slots=True)
class _Record:
    """What one operation of one target has cost: hangs in a row, hangs in all, streams cut.

    It was `heard` where any of its answers was more than a stream in which nothing came.
    """

    in_a_row: int = 0
    hangs: int = 0
    streams: int = 0
    heard: bool = False
    # In which stages it hung, in order.
    stages: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Patience:
    """How long each operation of each target is waited for.

    A run of many requests ends in a time that can be said: of those that hang, only the first few
    are given all of `--timeout`. `steady` has everything waited for in full.
    """

    steady: bool = False
    _records: dict[_Key, _Record] = field(default_factory=dict)
    # By path and target: the seconds of answers that took more than SHORT_SECONDS. The operations
    # of a path are slow for the same reason. By operation and path: what was not sent then.
    _slow: dict[str, dict[str, float]] = field(default_factory=dict)
    _left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def seconds(self, label: str, target: str) -> float | None:
        """How long an answer is waited for, `None` for as long as the target says."""
        with self._lock:
            record = self._records.get((label, target))
        hangs = record is not None and record.in_a_row >= TRIES
        return SHORT_SECONDS if hangs and not self.steady else None

    def stream_seconds(self, label: str, target: str) -> float | None:
        """How long a stream is read, `None` for as long as the target says."""
        with self._lock:
            record = self._records.get((label, target))
        known = record is not None and record.streams >= STREAM_TRIES
        return SHORT_STREAM_SECONDS if known and not self.steady else None

    def is_used_up(self, label: str, path: str, stage: str) -> bool:
        """Whether a path has been waited for so long that a stage leaves its operations out."""
        most = MOST_SECONDS * _PARTS.get(stage, 1)
        with self._lock:
            used_up = self._slow_at(path) >= most and not self.steady
            if used_up:
                self._left_out[label, path] += 1
            return used_up

    def is_slow(self, path: str) -> bool:
        """Whether a path has kept its callers waiting."""
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
        """Remember how long an operation let itself be waited for, and its path with it."""
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
        """What hung, by operation and stage, and what of streams was not read, in words."""
        return [*self._hung(), *self._unheard(), *self._cut(), *self._used_up()]

    def _used_up(self) -> Iterator[str]:
        for (label, path), times in self._left_out.items():
            what = f"{times:,} request{'s' * (times > 1)}"
            yield f"{label}: {what} left out after {self._slow_at(path):.0f} s of slow answers"

    def _unheard(self) -> Iterator[str]:
        found: dict[str, list[str]] = {}
        for (label, target), record in self._records.items():
            if record.streams and not record.heard:
                found.setdefault(label, []).append(target)
        for label, targets in found.items():
            yield f"{label}: the streams of {' and '.join(targets)} sent nothing in time"

    def _cut(self) -> Iterator[str]:
        """Streams of which something came, and more may have come later."""
        cut = {label for (label, _), record in self._records.items() if record.streams}
        heard = {label for (label, _), record in self._records.items() if record.heard}
        for label in sorted(cut & heard):
            yield f"{label}: its streams were read for the time of --stream-seconds, not to the end"

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
