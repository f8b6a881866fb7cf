"""Compares what happens to the connection after an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lockstep.matching.difference import Difference
from lockstep.transport.messages import Request, Response

KEPT, CLOSED = "kept open", "closed"
# A server may close a connection now and then; only one that does so again does it on purpose.
_TIMES = 2


class Connections:
    """Remembers after which answers one target closes a connection that the other keeps."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str, int]] = Counter()

    def compare(
        self, place: tuple[str, str], request: Request | None, left: Response, right: Response
    ) -> Iterator[Difference]:
        """The difference between two answers of equal status, from the second time on.

        `place` is the partner's name and that of the operation. None where the client asked for the
        connection to be closed.
        """
        if request is not None and request.header("connection") is not None:
            return
        key = (*place, left.status)
        if left.closes == right.closes:
            self._seen.pop(key, None)
            return
        self._seen[key] += 1
        if self._seen[key] >= _TIMES:
            shown = (CLOSED if answer.closes else KEPT for answer in (left, right))
            yield Difference("connection", "connection", *shown)
