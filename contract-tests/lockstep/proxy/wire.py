"""Hop-by-hop header fields, and size-limited copies of bodies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lockstep.recordings.headers import HOP_BY_HOP
from lockstep.transport.messages import Headers, header_values

RawHeaders = Iterable[tuple[bytes, bytes]]


@dataclass(slots=True)
class Copy:
    """The first `limit` bytes of a forwarded body."""

    limit: int
    size: int = 0
    _parts: list[bytes] = field(default_factory=list)

    def add(self, chunk: bytes) -> None:
        """Append a chunk, up to the limit."""
        room = self.limit - self.size
        self.size += len(chunk)
        if room > 0:
            self._parts.append(chunk[:room])

    @property
    def is_cut(self) -> bool:
        """Whether the body was longer than the limit."""
        return self.size > self.limit

    @property
    def body(self) -> bytes:
        """The copied bytes."""
        return b"".join(self._parts)


def end_to_end(headers: RawHeaders, *, dropped: frozenset[str] = frozenset()) -> Headers:
    """Return the end-to-end header fields (RFC 9110, section 7.6.1), as Latin-1 text.

    Fields named by `Connection`, and those in `dropped`, are removed as well.
    """
    pairs = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    named = {
        token.strip().lower()
        for value in header_values(pairs, "connection")
        for token in value.split(",")
    }
    left = HOP_BY_HOP | named | dropped
    return tuple(item for item in pairs if item[0].lower() not in left)
