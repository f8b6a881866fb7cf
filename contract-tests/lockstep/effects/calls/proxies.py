"""The forward proxies of a run's targets."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstep.effects.calls.authority import Authority, AuthorityError
from lockstep.effects.calls.book import CallBook
from lockstep.effects.calls.tunnel import Tunnels
from lockstep.effects.lateness import Lateness
from lockstep.transport.outbound import Outbound
from lockstep.transport.targets import Target

if TYPE_CHECKING:
    from lockstep.effects.calls.listener import Listener


class ProxyError(Exception):
    """A proxy cannot be opened; the message says why, and for which target."""


@dataclass(slots=True)
class Proxies:
    """The proxies of a run, each opened once. Safe to use from several threads.

    The first target of the first call of `open` is the leader, whose calls are passed on.
    """

    book: CallBook = field(default_factory=CallBook)
    lateness: Lateness = field(default_factory=Lateness)
    notes: dict[str, None] = field(default_factory=dict)
    _tunnels: Tunnels = field(default_factory=Tunnels)
    _open: dict[tuple[str, int], Listener] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, targets: Sequence[Target]) -> None:
        """Open the proxies of all targets that configure one. Raises `ProxyError`."""
        named = [(target, target.outbound) for target in targets if target.outbound is not None]
        with self._lock:
            for target, outbound in named:
                self.book.leader = self.book.leader or targets[0].name
                if outbound.address not in self._open:
                    self._open[outbound.address] = self._opened(target.name, outbound)

    def note(self, text: str) -> None:
        """Report what is not compared."""
        self.notes[text] = None

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each thing that was not compared."""
        yield from self.notes
        yield from self._tunnels.sentences()

    def close(self) -> None:
        """Stop listening."""
        with self._lock:
            for opened in self._open.values():
                opened.close()
            self._open.clear()

    def _opened(self, name: str, outbound: Outbound) -> Listener:
        try:
            from lockstep.effects.calls.listener import Listener, ProxyContext
        except ImportError as error:
            raise ProxyError("effects.proxy needs pip install 'lockstep-http[effects]'") from error
        from lockstep.effects.calls.service import Services

        try:
            authority = Authority(outbound.authority) if outbound.authority is not None else None
            passage = ProxyContext(
                *(name, outbound.passes, self.book, Services(), self._tunnels), authority=authority
            )
            return Listener(outbound.address, passage)
        except AuthorityError as error:
            raise ProxyError(f"{name}: effects.ca: {error}") from error
        except OSError as error:
            place = f"{outbound.address[0]}:{outbound.address[1]}"
            reason = (error.strerror or str(error)).lower()
            raise ProxyError(f"{name}: lockstep cannot listen at {place}: {reason}") from error
