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


class Reader:
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
    async def offer(reader: Reader) -> None:
        assert [reader.feed.offer(read()) for _ in range(2)] == [Fate.MIRRORED] * 2
        assert reader.items == []
        while not reader.items:
            await asyncio.sleep(0.001)

    reader = Reader()
    asyncio.run(offer(reader))
    assert reader.items == [read(), read()]


def test_requests_are_shed_when_too_many_wait() -> None:
    async def offer(reader: Reader) -> list[Fate]:
        fates = [reader.feed.offer(read()) for _ in range(3)]
        # The other process has compared one.
        reader.shared[TAKEN] += 1
        return [*fates, reader.feed.offer(read())]

    reader = Reader(most=2)
    fates = asyncio.run(offer(reader))
    assert fates == [Fate.MIRRORED, Fate.MIRRORED, Fate.SHED, Fate.MIRRORED]
    assert reader.shared[OFFERED] == 3


def test_unread_bytes_are_limited() -> None:
    async def offer(reader: Reader) -> Fate:
        reader.waiting = 1 << 30
        return reader.feed.offer(read())

    assert asyncio.run(offer(Reader())) is Fate.SHED


def test_a_large_request_is_sent_at_once() -> None:
    async def offer(reader: Reader) -> list[Any]:
        reader.feed.offer(read(body=b"x" * (1 << 20)))
        return reader.items

    assert len(asyncio.run(offer(Reader()))) == 1


def test_notes_are_limited_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockstep.proxy.feed._MOST_ANSWERED", 2)
    reader = Reader()
    for _ in range(5):
        reader.feed.note(Answered("GET", "/notes", 200, Fate.PASSED))
    reader.feed.flush()
    assert len(reader.items) == 2
    assert reader.passed.unreported == 3


@pytest.mark.parametrize("ends", [True, False])
def test_a_read_that_overlaps_with_a_write_has_no_epoch(ends: bool) -> None:
    async def offer(reader: Reader) -> None:
        epoch = reader.feed.began(writes=False)
        reader.feed.began(writes=True)
        if ends:
            reader.feed.ended(writes=True)
        reader.feed.offer(read(epoch))
        reader.feed.flush()

    reader = Reader()
    asyncio.run(offer(reader))
    assert [item.epoch for item in reader.items] == [-1]
    assert reader.shared[EPOCH] == 1 + ends
