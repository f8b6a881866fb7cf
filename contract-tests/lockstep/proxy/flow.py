"""The state of one request that passes through the proxy."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.proxy.feed import Feed
from lockstep.proxy.settings import READS
from lockstep.proxy.wire import Copy
from lockstep.transport.messages import Request


@dataclass(slots=True)
class Passage:
    """One request in the proxy; it ends once, before the client has the end of the response.

    So the client's next request follows it on the mirrors, too.
    """

    request: Request
    sent: Copy
    kept: Copy
    feed: Feed
    epoch: int
    started: float
    _is_over: bool = False

    @property
    def writes(self) -> bool:
        """Whether the request may change something."""
        return self.request.method not in READS

    def end(self) -> bool:
        """Report the end to the feed. Returns false if that was done before."""
        known, self._is_over = self._is_over, True
        if not known:
            self.feed.ended(writes=self.writes)
        return not known
