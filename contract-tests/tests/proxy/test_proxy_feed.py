"""The queue to the comparing process is bounded, and sheds requests when it is full."""

from __future__ import annotations

import asyncio
import pickle
from array import array
from typing import Any

import pytest

from lockstep.proxy.feed import EPOCH, OFFERED, TAKEN, Feed
from lockstep.proxy.traffic import Answered, Fate, Mirrored, Passed
from lockstep.transport.messages import Request, Response


class Told:
    """A stand-in for the other process."""

    def __init__(self, most: int = 2) -> None:
        self.shared = array("q", [0, 0, 0])
        self.waiting = 0
        self._frames: list[Any] = []
        self.feed = Feed(self.shared, most, self._write, lambda: self.waiting)

    def _write(self, data: bytes) -> None:
        self._frames.append(pickle.loads(data))

    @property
    def items(self) -> list[Any]:
        lists = [frame for frame in self._frames if isinstance(frame, list)]
        return [item for each in lists for item in each]

    @property
    def passed(self) -> Passed:
        found: Passed = self._frames[-1]
        return found


def read(epoch: int = 0, body: bytes = b"x") -> Mirrored:
    return Mirrored(Request("GET", "/notes"), Response(200, (), body), epoch)


def test_several_requests_are_sent_in_one_batch() -> None:
    async def offer(told: Told) -> None:
        assert [told.feed.offer(read()) for _ in range(2)] == [Fate.MIRRORED] * 2
        assert told.items == []
        while not told.items:
            await asyncio.sleep(0.001)

    told = Told()
    asyncio.run(offer(told))
    assert told.items == [read(), read()]


def test_requests_are_shed_when_too_many_wait() -> None:
    async def offer(told: Told) -> list[Fate]:
        fates = [told.feed.offer(read()) for _ in range(3)]
        # The other process has compared one.
        told.shared[TAKEN] += 1
        return [*fates, told.feed.offer(read())]

    told = Told(most=2)
    fates = asyncio.run(offer(told))
    assert fates == [Fate.MIRRORED, Fate.MIRRORED, Fate.SHED, Fate.MIRRORED]
    assert told.shared[OFFERED] == 3


def test_unread_bytes_are_limited() -> None:
    async def offer(told: Told) -> Fate:
        told.waiting = 1 << 30
        return told.feed.offer(read())

    assert asyncio.run(offer(Told())) is Fate.SHED


def test_a_large_request_is_sent_at_once() -> None:
    async def offer(told: Told) -> list[Any]:
        told.feed.offer(read(body=b"x" * (1 << 20)))
        return told.items

    assert len(asyncio.run(offer(Told()))) == 1


def test_notes_are_limited_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockstep.proxy.feed._MOST_ANSWERED", 2)
    told = Told()
    for _ in range(5):
        told.feed.note(Answered("GET", "/notes", 200, Fate.PASSED))
    told.feed.flush()
    assert len(told.items) == 2
    assert told.passed.unreported == 3


@pytest.mark.parametrize("ends", [True, False])
def test_a_read_that_overlaps_with_a_write_has_no_epoch(ends: bool) -> None:
    async def offer(told: Told) -> None:
        epoch = told.feed.began(writes=False)
        told.feed.began(writes=True)
        if ends:
            told.feed.ended(writes=True)
        told.feed.offer(read(epoch))
        told.feed.flush()

    told = Told()
    asyncio.run(offer(told))
    assert [item.epoch for item in told.items] == [-1]
    assert told.shared[EPOCH] == 1 + ends
