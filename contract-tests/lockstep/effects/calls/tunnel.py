"""Encrypted tunnels: only their destinations and byte counts are known."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

_CHUNK = 1 << 16


def relay(client: socket.socket, service: socket.socket, idle: float) -> tuple[int, int]:
    """Relay bytes until a side closes, or is silent for `idle` seconds.

    Returns the numbers of bytes that the client and the service have sent.
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
    """Statistics of tunnels, and why some failed. Safe to use from several threads."""

    _sizes: dict[tuple[str, str], tuple[int, int, int]] = field(default_factory=dict)
    _others: dict[str, None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, target: str, place: str, sent: int, received: int) -> None:
        """Add the numbers of bytes of a closed tunnel in both directions."""
        with self._lock:
            count, out, back = self._sizes.get((target, place), (0, 0, 0))
            self._sizes[target, place] = count + 1, out + sent, back + received

    def note_refused(self, target: str, place: str) -> None:
        """Report a refused tunnel, since its content cannot be answered from a recording."""
        self._say(
            f"{target}: its calls to {place} over HTTPS were refused: without `ca` they cannot be"
            " served from a recording"
        )

    def note_untrusted(self, target: str, place: str) -> None:
        """Report that a target does not trust the certificate authority."""
        self._say(
            f"{target}: its calls to {place} over HTTPS fail: it does not trust the certificate"
            " in `ca`"
        )

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each thing that was not compared."""
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
