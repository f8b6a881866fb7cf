"""The process that responds to clients; it does nothing else, to keep latency low."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web

from lockstep.proxy.feed import Feed, Shared
from lockstep.proxy.forwarding import Forwarder, Leader, without_additions
from lockstep.proxy.settings import ProxySettings
from lockstep.transport.messages import Headers
from lockstep.transport.targets import MAX_IDLE_SECONDS

# As long as any server accepts; the leader decides what is too long.
_MAX_LINE = 1 << 17
_SHUTDOWN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class LeaderSpec:
    """A picklable description of the leader; `new_tls` creates its TLS context."""

    name: str
    base_url: str
    headers: Headers
    stream_seconds: float
    new_tls: Callable[[], ssl.SSLContext | None] | None
    strips: str = ""


def answer_clients(
    spec: LeaderSpec,
    settings: ProxySettings,
    listening: socket.socket,
    channel: socket.socket,
    shared: Shared,
) -> None:
    """Respond to clients of a listening socket until the other end of the channel is closed.

    Exchanges are sent over the channel, as pickles.
    """
    # A terminal sends Ctrl-C to both processes; the other one decides when to stop.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # A client that does not speak HTTP gets a 400, which needs no traceback in the log.
    logging.getLogger("aiohttp.server").disabled = True
    tls = spec.new_tls() if spec.new_tls is not None else None
    leader = Leader(
        spec.name, spec.base_url, spec.headers, spec.stream_seconds, tls or True, spec.strips
    )
    with _runner() as runner:
        runner.run(_answer(leader, settings, listening, channel, shared))


def _runner() -> asyncio.Runner:
    """Return a runner with uvloop, if that is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def _answer(
    leader: Leader,
    settings: ProxySettings,
    listening: socket.socket,
    channel: socket.socket,
    shared: Shared,
) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=channel)
    transport = writer.transport
    feed = Feed(shared, settings.queue, transport.write, transport.get_write_buffer_size)
    async with _session(settings) as session:
        forwarder = Forwarder(leader, session, feed, settings)
        async with _serving(forwarder, listening):
            telling = asyncio.create_task(feed.keep_telling())
            # The other process closes its end, or has died.
            await reader.read()
            telling.cancel()
    with suppress(ConnectionError):
        feed.flush()
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def _serving(forwarder: Forwarder, listening: socket.socket) -> AsyncIterator[None]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", forwarder.handle)
    application.on_response_prepare.append(without_additions)
    runner = web.AppRunner(
        application,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=_SHUTDOWN_SECONDS,
        max_line_size=_MAX_LINE,
        max_field_size=_MAX_LINE,
        auto_decompress=False,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()


def _session(settings: ProxySettings) -> ClientSession:
    return ClientSession(
        connector=TCPConnector(limit=0, keepalive_timeout=MAX_IDLE_SECONDS),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None, sock_connect=settings.connect_seconds),
        auto_decompress=False,
        max_line_size=_MAX_LINE,
        max_field_size=_MAX_LINE,
    )
