"""A proxy in front of the database that fails like networks and servers do."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

_CHUNK = 65536


class _Link:
    """A client connection, and whether data on it is forwarded."""

    def __init__(self, writer: asyncio.StreamWriter, *, is_open: bool) -> None:
        self.writers = [writer]
        self.is_swallowed = False
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()


class Proxy:
    """Relays connections to a host and port in its own thread; a context manager."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = host, port
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_frozen = False
        self._is_cut = False
        self._delay = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        opening = asyncio.start_server(self._relay, "127.0.0.1", 0, backlog=1024)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Close all connections, and each new one immediately, as if nothing listened."""
        self._do(self._cut)

    def freeze(self) -> None:
        """Keep connections open, accept new ones, and forward nothing: the server is suspended."""
        self._do(self._freeze)

    def swallow(self) -> None:
        """Forward nothing more on existing connections; new ones work."""
        self._do(self._swallow)

    def slow(self, seconds: float) -> None:
        """Delay each packet by this time."""
        self._delay = seconds

    def heal(self) -> None:
        """Work normally again, except on swallowed connections."""
        self._do(self._heal)

    def _do(self, deed: Callable[[], None]) -> None:
        async def run() -> None:
            deed()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def _cut(self) -> None:
        self._is_cut = True
        for link in self._links:
            for writer in link.writers:
                writer.transport.abort()

    def _freeze(self) -> None:
        self._is_frozen = True
        for link in self._links:
            link.gate.clear()

    def _swallow(self) -> None:
        for link in self._links:
            link.is_swallowed = True
            link.gate.clear()

    def _heal(self) -> None:
        self._is_cut = self._is_frozen = False
        self._delay = 0.0
        for link in self._links:
            if not link.is_swallowed:
                link.gate.set()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        link = _Link(writer, is_open=not self._is_frozen)
        self._links.add(link)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            # The streams would report a cancelled task on standard error.
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await link.gate.wait()
                upstream, upstream_writer = await asyncio.open_connection(*self._upstream)
                link.writers.append(upstream_writer)
                await asyncio.gather(
                    self._pump(reader, upstream_writer, link),
                    self._pump(upstream, writer, link),
                )
        finally:
            self._links.discard(link)
            self._tasks.discard(task)
            for each in link.writers:
                each.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: _Link
    ) -> None:
        while data := await reader.read(_CHUNK):
            await link.gate.wait()
            await asyncio.sleep(self._delay)
            writer.write(data)
            await writer.drain()
        await link.gate.wait()
        for each in link.writers:
            each.close()

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
