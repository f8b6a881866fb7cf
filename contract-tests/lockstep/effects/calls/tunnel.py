"""Tunnels that are not read: only where they lead to is known, and how much went through."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

_CHUNK = 1 << 16


def relay(client: socket.socket, service: socket.socket, idle: float) -> tuple[int, int]:
    """Pass bytes on until a side closes, or says nothing for so many seconds.

    Returns how many the client and how many the service has sent.
    """
    counts = {client: 0, service: 0}
    other = {client: service, service: client}
    with selectors.DefaultSelector() as selector:
        for side in counts:
            selector.register(side, selectors.EVENT_READ)
        last = time.monotonic()
        while time.monotonic() < last + idle:
            for key, _ in selector.select(timeout=1.0):
                side = client if key.fileobj is client else service
                try:
                    data = side.recv(_CHUNK)
                    other[side].sendall(data)
                except OSError:
                    data = b""
                if not data:
                    return counts[client], counts[service]
                counts[side] += len(data)
                last = time.monotonic()
    return counts[client], counts[service]


@dataclass(slots=True)
class Tunnels:
    """What went through tunnels, and what did not. Safe to use from several threads."""

    _sizes: dict[tuple[str, str], tuple[int, int, int]] = field(default_factory=dict)
    _others: dict[str, None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, target: str, place: str, sent: int, received: int) -> None:
        """A tunnel has ended: how many bytes went in either direction."""
        with self._lock:
            count, out, back = self._sizes.get((target, place), (0, 0, 0))
            self._sizes[target, place] = count + 1, out + sent, back + received

    def note_refused(self, target: str, place: str) -> None:
        """A tunnel was refused: what is in it cannot be answered from a recording."""
        self._say(
            f"{target}: its calls to {place} over HTTPS were refused: without `ca` they cannot be"
            " answered from a recording"
        )

    def note_untrusted(self, target: str, place: str) -> None:
        """A target does not trust the authority."""
        self._say(
            f"{target}: its calls to {place} over HTTPS fail: it does not trust the certificate"
            " in `ca`"
        )

    def sentences(self) -> Iterator[str]:
        """What was not compared, in words."""
        with self._lock:
            for (target, place), (count, sent, received) in self._sizes.items():
                tunnels = "1 tunnel" if count == 1 else f"{count} tunnels"
                yield (
                    f"{target}: its calls to {place} over HTTPS are not compared without `ca`:"
                    f" {tunnels}, {sent:,} bytes sent, {received:,} received"
                )
            yield from self._others

    def _say(self, text: str) -> None:
        with self._lock:
            self._others[text] = None
