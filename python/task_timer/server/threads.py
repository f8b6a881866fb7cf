"""Runs a WSGI application behind the event loop: its threads receive complete requests."""

import asyncio
import io
import re
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import unquote_to_bytes

from ..api.wsgi import CALL, FIELDS
from ..db import barred, one_connection
from ..resources import Resources
from ..utils.errors import BadRequestError

# For what is answered without the database, also while all others wait for that.
SPARE_THREADS = 4
# Requests whose body is late are answered early (401, 413) as long as one of these is free.
EARLY_THREADS = 16
# Longer than a client takes between head and body of what it sends at once.
LATE_SECONDS = 0.01

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answer = tuple[int, list[tuple[str, str]], bytes]
# What holds for the connections to the database while a request runs.
Scope = Callable[[], AbstractContextManager[None]]
# What is done as a worker starts, and before it ends.
Phases = tuple[Callable[[], None], Callable[[], None]]


def _nothing() -> None:
    """Does nothing."""


class Threads:
    """An ASGI application that runs a WSGI one in threads, as many as the database can use.

    No thread waits for a client, except a few that check the headers of requests whose body is
    late. A request that gets no turn in time is answered without the database, as far as possible.
    """

    def __init__(
        self,
        app: Any,
        resources: Resources,
        phases: Phases = (_nothing, _nothing),
    ) -> None:
        settings, contract = resources.settings, resources.contract
        self._app = app
        self._database = resources.database
        self._phases = phases
        self._body_bytes: int = contract["x-limits"]["body_bytes"]
        self._turn_seconds = settings.database_timeout_ms / 1000
        self._turns = asyncio.Semaphore(settings.database_pool_size)
        self._threads = ThreadPoolExecutor(settings.database_pool_size)
        self._spare_threads = ThreadPoolExecutor(SPARE_THREADS)
        free = contract["x-unavailable"]["without_database"]
        paths = [re.escape(contract.operations[name].path) for name in free]
        self._free_path = re.compile(
            "|".join(re.sub(r"\\{\w+\\}", "[^/]+", path) for path in paths)
        )
        self._early_threads = ThreadPoolExecutor(EARLY_THREADS)
        self._early = asyncio.Semaphore(EARLY_THREADS)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handles a request, or start-up and shutdown."""
        if scope["type"] == "lifespan":
            for name, run in zip(("startup", "shutdown"), self._phases, strict=True):
                await receive()
                run()
                await send({"type": f"lifespan.{name}.complete"})
            return
        body = _Body(receive, self._body_bytes)
        environ = _environ(scope, body)
        is_early = not await body.arrives(LATE_SECONDS) and await self._is_let_in(body)
        if is_early:
            try:
                answer = await self._run_in(self._early_threads, environ)
            finally:
                self._early.release()
        elif self._free_path.fullmatch(environ["RAW_URI"].partition("?")[0]):
            answer = await self._run_in(self._spare_threads, environ)
        elif await self._has_turn():
            try:
                answer = await self._run_in(self._threads, environ, one_connection)
            finally:
                self._turns.release()
        else:
            answer = await self._run_in(self._spare_threads, environ, barred)
        status, fields, text = answer
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    async def _has_turn(self) -> bool:
        """Waits for a free thread, as long as for a connection; returns whether there was one."""
        if not self._turns.locked():
            return await self._turns.acquire()
        try:
            with self._database.in_waiting():
                async with asyncio.timeout(self._turn_seconds):
                    return await self._turns.acquire()
        except TimeoutError:
            return False

    async def _is_let_in(self, body: "_Body") -> bool:
        """Waits for a late body or for a free early thread; returns whether it was the latter."""
        arrival = asyncio.ensure_future(body.arrives(None))
        turn = asyncio.ensure_future(self._early.acquire())
        await asyncio.wait({arrival, turn}, return_when=asyncio.FIRST_COMPLETED)
        if not arrival.done():
            arrival.cancel()
            await asyncio.wait({arrival})
            return True
        if not turn.cancel():
            self._early.release()
        return False

    async def _run_in(
        self, threads: ThreadPoolExecutor, environ: Message, scope: Scope = nullcontext
    ) -> Answer:
        run = asyncio.get_running_loop().run_in_executor
        return await run(threads, self._run, environ, scope)

    def _run(self, environ: Message, scope: Scope) -> Answer:
        with scope():
            return self._call(environ)

    def _call(self, environ: Message) -> Answer:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            started[:] = [int(status[:3]), headers]

        chunks: Iterable[bytes] = self._app(environ, start_response)
        try:
            text = b"".join(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        status, headers = started
        closing = [("Connection", "close")] if environ[CALL].closes else []
        return status, headers + closing, text


class _Body(io.RawIOBase):
    """The body of a request: received in the event loop, and read in a thread."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._data = bytearray()
        self._has_more = True
        self._is_cut = False

    async def arrives(self, seconds: float | None) -> bool:
        """Waits for the rest, up to one byte too many; returns whether it arrived."""
        try:
            async with asyncio.timeout(seconds):
                while self._has_more and len(self._data) <= self._limit:
                    await self._receive_more()
        except TimeoutError:
            return False
        return True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Returns the next bytes, once they arrive. Raises BadRequestError if they never do."""
        while self._has_more and not self._data:
            asyncio.run_coroutine_threadsafe(self._receive_more(), self._loop).result()
        if self._is_cut:
            raise BadRequestError
        size = min(len(buffer), len(self._data))
        buffer[:size] = self._data[:size]
        del self._data[:size]
        return size

    async def _receive_more(self) -> None:
        message = await self._receive()
        self._is_cut = message["type"] == "http.disconnect"
        self._data += message.get("body", b"")
        self._has_more = message.get("more_body", False)


def _environ(scope: Message, body: _Body) -> Message:
    """Creates the environment of a request (PEP 3333), and passes its fields on as received.

    In the environment a name with an underscore would equal one with a hyphen.
    """
    target = scope["state"]["target"]
    path, _, query = target.partition("?")
    named = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
    fields = [(name, value.strip(" \t")) for name, value in named]
    host, port = scope["server"] or ("", 0)
    environ: Message = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "RAW_URI": target,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BufferedReader(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        FIELDS: fields,
    }
    for name, value in fields:
        if "_" not in name:
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
