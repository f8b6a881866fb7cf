"""Noise: values that a target changes each time the same request is repeated."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from lockstep.matching.difference import Difference

# Kinds that concern a single value: which of them a volatile value causes is chance.
_VALUES = frozenset(
    {"value", "symbol", "form", "time", "elapsed", "header", "bytes", "token", "cookie"}
)
MAX_QUESTIONS = 300


@dataclass(slots=True)
class Noise:
    """A location in the responses of one operation where a target differs from itself.

    `where` and `kind` are those of the difference, `why` is a message for the report, `count` is
    the number of differences it explained, `examples` are two values that one target returned in a
    row.
    """

    operation: str
    where: str
    kind: str
    why: str
    count: int = 0
    examples: tuple[str, str] = ("", "")

    def covers(self, difference: Difference) -> bool:
        """Whether a difference has the same location and a kind that this noise explains."""
        if difference.where != self.where:
            return False
        return difference.kind == self.kind or {difference.kind, self.kind} <= _VALUES


@dataclass(slots=True)
class NoiseBook:
    """The noise detected in one run, and the repeated requests that detected it.

    Noise applies to one operation only. At most `limit` differences are checked by repeating a
    request.
    """

    limit: int = MAX_QUESTIONS
    _noise: dict[str, list[Noise]] = field(default_factory=dict)
    _asked: set[tuple[str, str, str]] = field(default_factory=set)
    _unasked: int = 0
    _moving: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def all(self) -> list[Noise]:
        """Return everything that was classified as noise."""
        return [entry for entries in self._noise.values() for entry in entries]

    def covers(self, label: str, difference: Difference) -> bool:
        """Whether a difference in an operation is noise; if so, count it."""
        with self._lock:
            for entry in self._noise.get(label, ()):
                if entry.covers(difference):
                    entry.count += 1
                    return True
        return False

    def is_unordered(self, label: str, where: str) -> bool:
        """Whether a target returned a list in another order when the request was repeated."""
        with self._lock:
            entries = self._noise.get(label, ())
            return any(entry.where == where and entry.kind == "order" for entry in entries)

    def worth_asking(self, label: str, differences: Iterable[Difference]) -> bool:
        """Whether repeating the request could explain any of the differences; each is checked once.

        A different status code and a missing response are never noise.
        """
        with self._lock:
            fresh = {
                (label, difference.where, difference.kind)
                for difference in differences
                if difference.kind not in ("status", "outcome")
            } - self._asked
            if not fresh:
                return False
            if len(self._asked) >= self.limit:
                self._unasked += 1
                return False
            self._asked |= fresh
            return True

    def learn(self, label: str, target: str, own: Iterable[Difference]) -> None:
        """Record where a target differed from itself when the same request was repeated."""
        with self._lock:
            entries = self._noise.setdefault(label, [])
            for difference in own:
                if any(entry.covers(difference) for entry in entries):
                    continue
                why = f"{target} returns a different response to the same request"
                examples = difference.left, difference.right
                entries.append(Noise(label, difference.where, difference.kind, why, 0, examples))

    def note_progress(self, label: str, where: str) -> None:
        """Note that a place of an operation's answers has a state that changes by itself."""
        with self._lock:
            self._moving.add((label, where))

    def progresses(self, label: str, where: str) -> bool:
        """Whether the place has a state that changes by itself, such as that of a job."""
        with self._lock:
            return (label, where) in self._moving

    def not_judged(self) -> list[str]:
        """Return messages about the differences that were not checked for noise."""
        if not self._unasked:
            return []
        return [
            f"{self._unasked} differences were not checked for noise, after {self.limit} repeated"
            " requests: some may be noise"
        ]
