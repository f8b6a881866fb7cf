"""Runs a proxy until it is told to end."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web

from lockstep.proxy.forwarding import Forwarder, without_additions
from lockstep.proxy.mirroring import Mirrors
from lockstep.proxy.settings import Counts, ProxyError, ProxySettings
from lockstep.results.run_log import RunLog
from lockstep.transport.targets import MAX_IDLE_SECONDS, Target

# Lines and headers as long as any server takes; the leader decides what is too long.
_MAX_LINE = 1 << 17
_TOLD_EVERY = 0.5
_TURN_SECONDS = 0.0005
_DRAIN_SECONDS = 10.0
_SHUTDOWN_SECONDS = 2.0

Ready = Callable[[str, Callable[[], None]], None]
Told = Callable[[Counts], None]


def serve(
    ledger: RunLog,
    targets: list[Target],
    settings: ProxySettings,
    ready: Ready,
    told: Told,
) -> Counts:
    """Answer from the first target and compare the others until the proxy is told to end.

    It ends by SIGINT or SIGTERM, after `settings.seconds`, or by the function that `ready` is
    called with, beside the proxy's own URL, when it listens; that one may be called from any
    thread. `told` hears of the counts now and then. Raises `ProxyError` when the address is taken.
    """
    counts = Counts()
    mirrors = Mirrors(ledger, targets, settings, counts)
    with _short_turns():
        try:
            asyncio.run(_serve(targets[0], mirrors, settings, counts, ready, told))
        except OSError as error:
            address = f"{settings.host}:{settings.port}"
            raise ProxyError(f"cannot listen on {address}: {error}") from error
        finally:
            mirrors.close(_DRAIN_SECONDS)
    return counts


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let a client wait less for the thread that compares: it may compute for a while."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


async def _serve(
    leader: Target,
    mirrors: Mirrors,
    settings: ProxySettings,
    counts: Counts,
    ready: Ready,
    told: Told,
) -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    _on_signals(loop, end)
    async with _session(settings) as session:
        forwarder = Forwarder(leader, session, mirrors, settings, counts)
        async with _listening(forwarder, settings) as url:
            ready(url, lambda: _call(loop, end))
            telling = asyncio.create_task(_tell(counts, told))
            try:
                async with asyncio.timeout(settings.seconds):
                    await end.wait()
            except TimeoutError:
                pass
            finally:
                telling.cancel()
    told(counts)


def _on_signals(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end.set)


@asynccontextmanager
async def _listening(forwarder: Forwarder, settings: ProxySettings) -> AsyncIterator[str]:
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
        await web.TCPSite(runner, settings.host, settings.port).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
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


def _call(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(end.set)


async def _tell(counts: Counts, told: Told) -> None:
    while True:
        await asyncio.sleep(_TOLD_EVERY)
        told(counts)
