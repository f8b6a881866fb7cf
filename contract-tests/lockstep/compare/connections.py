"""Compares whether the connection stays open after a response."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lockstep.matching.difference import Difference
from lockstep.transport.messages import Request, Response

KEPT, CLOSED = "kept open", "closed"
# A server may close a connection occasionally; only one that does so repeatedly does so by design.
_TIMES = 2


class Connections:
    """Remembers after which responses one target closes a connection that the other keeps open."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str, int]] = Counter()
        # The targets that have kept a connection open.
        self._keeping: set[str] = set()

    def always_closes(self, target: str) -> bool:
        """Whether a target has closed the connection after each of its responses."""
        return target not in self._keeping

    def compare(
        self,
        leader: str,
        place: tuple[str, str],
        request: Request | None,
        left: Response,
        right: Response,
    ) -> Iterator[Difference]:
        """Yield the difference between two responses of equal status, from the second time on.

        `place` is the partner's name and that of the operation. Yields nothing if the client
        requested that the connection be closed.
        """
        if request is not None and request.header("connection") is not None:
            return
        self._keeping |= {
            name for name, each in ((leader, left), (place[0], right)) if not each.closes
        }
        key = (*place, left.status)
        if left.closes == right.closes:
            self._seen.pop(key, None)
            return
        self._seen[key] += 1
        if self._seen[key] >= _TIMES:
            shown = (CLOSED if answer.closes else KEPT for answer in (left, right))
            yield Difference("connection", "connection", *shown)
