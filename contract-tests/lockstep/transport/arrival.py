"""How long servers that were asked at once take to answer."""

from __future__ import annotations

import selectors
import time
from collections.abc import Sequence

from lockstep.transport.targets import PendingExchange


def first_bytes(pending: Sequence[PendingExchange]) -> dict[str, float]:
    """Wait until each server has begun to answer; in seconds from the request, by target name.

    Those are left out that do not answer in time, or speak TLS, whose first bytes may be about
    anything. Nothing is read.
    """
    found: dict[str, float] = {}
    with selectors.DefaultSelector() as selector:
        for each in pending:
            if each.connection is not None and each.target.tls is None:
                selector.register(each.connection.sock, selectors.EVENT_READ, each)
        deadline = min((each.deadline for each in pending), default=0.0)
        while selector.get_map() and (rest := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(rest):
                selector.unregister(key.fileobj)
                found[key.data.target.name] = time.monotonic() - key.data.started
    return found
