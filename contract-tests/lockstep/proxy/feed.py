"""The queue between the serving and the comparing process: bounded and non-blocking."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field, replace

from lockstep.proxy.settings import READS
from lockstep.proxy.traffic import Answered, Fate, Message, Mirrored, Passed

# Indices into the shared memory, each written by one process only.
TAKEN, OFFERED, EPOCH = range(3)
# Limits what the other process has not read yet.
_MOST_BYTES = 64 << 20
_MOST_ANSWERED = 10_000
_FLUSHED_EVERY = 0.25
# Sending requests in batches costs less on both sides.
_TOGETHER_SECONDS = 0.01
_TOGETHER_BYTES = 1 << 18

Shared = MutableSequence[int]


@dataclass(slots=True)
class Feed:
    """Offers exchanges for comparison, as long as fewer than `most` requests wait.

    For one event loop; `write` sends bytes to the other process, `waiting` returns how many of them
    are unread. `shared` is memory shared by both processes.
    """

    shared: Shared
    most: int
    write: Callable[[bytes], object]
    waiting: Callable[[], int]
    answered: int = 0
    failed: int = 0
    left: int = 0
    lost: int = 0
    unreported: int = 0
    _writing: int = 0
    _answered: list[Mirrored | Answered] = field(default_factory=list)
    _mirrored: list[Mirrored | Answered] = field(default_factory=list)
    _mirrored_bytes: int = 0

    def began(self, *, writes: bool) -> int:
        """Note the start of a request. Returns the epoch that its response belongs to."""
        if writes:
            self._writing += 1
            self.shared[EPOCH] += 1
        # There is no epoch during a write, as the result of a concurrent read is undefined.
        return self.shared[EPOCH] if writes or not self._writing else -1

    def ended(self, *, writes: bool) -> None:
        """Note the end of a request."""
        if writes:
            self._writing -= 1
            self.shared[EPOCH] += 1

    def offer(self, item: Mirrored) -> Fate:
        """Queue an exchange, or shed it if too many wait; returns at once."""
        if item.epoch != self.shared[EPOCH] and item.request.method in READS:
            item = replace(item, epoch=-1)
        waiting = self.shared[OFFERED] - self.shared[TAKEN]
        if waiting >= self.most or self.waiting() > _MOST_BYTES:
            return Fate.SHED
        self.shared[OFFERED] += 1
        if not self._mirrored:
            asyncio.get_running_loop().call_later(_TOGETHER_SECONDS, self._send_mirrored)
        self._mirrored.append(item)
        self._mirrored_bytes += len(item.answer.body) + len(item.request.body or b"")
        if self._mirrored_bytes > _TOGETHER_BYTES:
            self._send_mirrored()
        return Fate.MIRRORED

    def note(self, answered: Answered) -> None:
        """Note a request that is not mirrored, to be sent in batches."""
        if len(self._answered) < _MOST_ANSWERED:
            self._answered.append(answered)
        else:
            self.unreported += 1

    async def keep_telling(self) -> None:
        """Send the notes periodically."""
        while True:
            await asyncio.sleep(_FLUSHED_EVERY)
            if self.waiting() < _MOST_BYTES:
                self.flush()

    def flush(self) -> None:
        """Send the notes and the queued exchanges."""
        self._send_mirrored()
        batch, self._answered = self._answered, []
        if batch:
            self._send(batch)
        self._send(Passed(self.answered, self.failed, self.left, self.lost, self.unreported))

    def _send_mirrored(self) -> None:
        items, self._mirrored, self._mirrored_bytes = self._mirrored, [], 0
        if items:
            self._send(items)

    def _send(self, batch: Message) -> None:
        self.write(pickle.dumps(batch, pickle.HIGHEST_PROTOCOL))
