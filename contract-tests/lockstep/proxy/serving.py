"""Runs a proxy until it is stopped: one process responds to clients, this one compares."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import queue
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

from lockstep.proxy.admin import Admin, serving_admin
from lockstep.proxy.base_paths import BasePaths
from lockstep.proxy.feed import OFFERED, TAKEN, Shared
from lockstep.proxy.front import LeaderSpec, answer_clients
from lockstep.proxy.mirroring import Mirrors
from lockstep.proxy.settings import Counts, ProxyError, ProxySettings
from lockstep.proxy.traffic import Answered, Message, Mirrored, Passed
from lockstep.results.run_log import RunLog
from lockstep.transport.targets import Target
from lockstep.warrant.recorder import Recorder

_PROGRESS_SECONDS = 0.5
_DRAIN_SECONDS = 10.0
# Grace period for the serving process to end before it is killed.
_END_SECONDS = 10.0
_BACKLOG = 1_024
# Responses take precedence on a single core (see nice(2)).
_NICENESS = 10
# The end of the other process's output, complete or truncated.
_ENDS = (EOFError, ConnectionError, pickle.UnpicklingError)

Ready = Callable[[str, Callable[[], None]], None]
Progress = Callable[[Counts], None]
Say = Callable[[str], None]


def serve(
    ledger: RunLog,
    targets: list[Target],
    settings: ProxySettings,
    recorder: Recorder,
    ready: Ready,
    progress: Progress,
    say: Say,
) -> Counts:
    """Respond from the first target and compare the others until the proxy is stopped.

    It is stopped by SIGINT or SIGTERM, after `settings.seconds`, or by the function that `ready` is
    called with, besides the proxy's URL, once it listens; that function may be called from any
    thread. `progress` is called with the counts periodically, `say` with messages for users. Raises
    `ProxyError` if an address is in use.
    """
    counts = Counts()
    context = _context()
    shared: Shared = context.RawArray("q", 3)
    with _listening((settings.host, settings.port)) as listening:
        base_paths = BasePaths(ledger.document, targets)
        if base_paths.sentence():
            say(base_paths.sentence())
        front = Front(context, targets[0], base_paths.strips, settings, listening, shared)
        mirrors = Mirrors(ledger, targets, settings, counts, recorder, shared, say)
        comparing = Comparing(front, mirrors, shared, is_idle=settings.gives_way)
        admin = Admin(recorder, counts, shared)
        try:
            url = _url(listening)
            asyncio.run(
                _until_the_end(
                    admin, settings, comparing, partial(ready, url), partial(progress, counts), say
                )
            )
        finally:
            front.end()
            left_over = comparing.close(_DRAIN_SECONDS)
            counts.skipped += left_over
            front.close()
    if front.has_failed:
        counts.note_error("the process that serves clients ended unexpectedly")
    progress(counts)
    counts.notes += mirrors.sentences()
    return counts


class Front:
    """The process that responds to clients; `end` stops it."""

    def __init__(
        self,
        context: BaseContext,
        leader: Target,
        strips: str,
        settings: ProxySettings,
        listening: socket.socket,
        shared: Shared,
    ) -> None:
        """Start the process, which serves the listening socket from now on."""
        if leader.tls is not None and leader.new_tls is None:
            raise ProxyError(f"{leader.name}: its certificates must be configured as files")
        spec = LeaderSpec(
            leader.name,
            leader.base_url,
            leader.headers,
            leader.stream_seconds,
            leader.new_tls,
            strips,
        )
        self.channel, other = socket.socketpair()
        self._is_ended = False
        self.has_failed = False
        with other:
            self._process: BaseProcess = context.Process(  # type: ignore[attr-defined]
                target=answer_clients,
                args=(spec, settings, listening, other, shared),
                name="lockstep proxy",
                daemon=True,
            )
            self._process.start()

    def batches(self) -> Iterator[Message]:
        """Yield the messages of the process, until it ends."""
        with self.channel.makefile("rb") as reader, suppress(*_ENDS):
            while True:
                batch: Message = pickle.load(reader)
                yield batch
        self.has_failed = not self._is_ended

    def end(self) -> None:
        """Ask it to stop; remaining messages are still delivered."""
        self._is_ended = True
        with suppress(OSError):
            self.channel.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Wait for its end."""
        self._process.join(_END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()
        self.channel.close()


class Comparing:
    """Two threads: one reads the messages, the other compares; `ended` is called at the end."""

    def __init__(self, front: Front, mirrors: Mirrors, shared: Shared, *, is_idle: bool) -> None:
        """Start the threads."""
        self._front = front
        self._is_idle = is_idle
        self._mirrors = mirrors
        self._shared = shared
        self._messages: queue.SimpleQueue[Mirrored | Answered | Passed | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._taken = 0
        self.ended: Callable[[], None] = lambda: None
        self._reading = threading.Thread(target=self._read, name="messages", daemon=True)
        self._thread = threading.Thread(target=self._work, name="mirrors", daemon=True)
        self._reading.start()
        self._thread.start()

    def close(self, seconds: float) -> int:
        """Compare what is queued, with a time limit; returns the number of requests left over."""
        deadline = time.monotonic() + seconds
        for thread in (self._reading, self._thread):
            _give_way_no_more(thread)
        self._reading.join(seconds)
        self._thread.join(max(0.0, deadline - time.monotonic()))
        self._closed.set()
        return max(0, self._shared[OFFERED] - self._shared[TAKEN])

    def _read(self) -> None:
        _give_way(is_idle=self._is_idle)
        try:
            for batch in self._front.batches():
                for one in batch if isinstance(batch, list) else [batch]:
                    self._messages.put(one)
        finally:
            self._messages.put(None)
            self.ended()

    def _work(self) -> None:
        _give_way(is_idle=self._is_idle)
        while (message := self._next()) is not None and not self._closed.is_set():
            self._mirrors.take(message)
            self._taken += isinstance(message, Mirrored)
            self._shared[TAKEN] = self._taken - self._mirrors.asked
        self._mirrors.finish()
        self._shared[TAKEN] = self._taken

    def _next(self) -> Mirrored | Answered | Passed | None:
        if self._mirrors.asked:
            try:
                return self._messages.get_nowait()
            except queue.Empty:
                self._mirrors.finish()
                self._shared[TAKEN] = self._taken
        return self._messages.get()


async def _until_the_end(
    admin: Admin,
    settings: ProxySettings,
    comparing: Comparing,
    ready: Callable[[Callable[[], None]], None],
    progress: Callable[[], None],
    say: Say,
) -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    _on_signals(loop, end)
    comparing.ended = partial(_call, loop, end)
    async with _optional_admin(admin, settings, say):
        ready(comparing.ended)
        telling = asyncio.create_task(_tell(progress))
        try:
            async with asyncio.timeout(settings.seconds):
                await end.wait()
        except TimeoutError:
            pass
        finally:
            telling.cancel()


@asynccontextmanager
async def _optional_admin(admin: Admin, settings: ProxySettings, say: Say) -> AsyncIterator[None]:
    if settings.admin is None:
        yield
        return
    with _listening(settings.admin) as listening:
        async with serving_admin(admin, listening):
            say(f"{_url(listening)}/warrant.html and /metrics show the results so far")
            yield


def _on_signals(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end.set)


@contextmanager
def _listening(address: tuple[str, int]) -> Iterator[socket.socket]:
    """Return a listening socket. Raises `ProxyError` if the address is in use."""
    host, port = address
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ProxyError(f"cannot listen on {host}:{port}: {error}") from error
    with listening:
        yield listening


def _give_way(*, is_idle: bool) -> None:
    """Lower the thread's priority, or run it only while the core is idle, if supported."""
    thread = threading.get_native_id()
    with suppress(OSError):
        if is_idle and hasattr(os, "SCHED_IDLE"):
            # Any other thread preempts it at once, without waiting for the end of a time slice.
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
        elif hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, thread, _NICENESS)


def _give_way_no_more(thread: threading.Thread) -> None:
    """Restore a thread's normal priority, as no more clients are served."""
    if thread.is_alive() and thread.native_id is not None and hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(thread.native_id, os.SCHED_OTHER, os.sched_param(0))


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _context() -> Any:
    """Return a context that starts processes from one without threads, if supported."""
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    context.set_forkserver_preload([answer_clients.__module__])
    return context


def _call(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(end.set)


async def _tell(progress: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_PROGRESS_SECONDS)
        progress()
