"""Connections: limits the size and duration of requests, and refuses malformed ones."""

import asyncio
import signal
import socket
from asyncio import TimerHandle
from functools import partial
from types import FrameType
from typing import Any

import httptools
from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..resources import Resources
from ..utils.heartbeat import heartbeat
from .refusals import Code, refusal

_CLOSE = (b"connection", b"close")


class Connections(Server):
    """A server that says that it is shutting down before it refuses connections.

    delay_seconds: the time between the two.
    """

    def __init__(self, config: Config, resources: Resources) -> None:
        super().__init__(config)
        self.delay_seconds = resources.settings.shutdown_delay_seconds
        self._shutdown = resources.shutdown

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serves until told to stop, and measures the lag of the event loop meanwhile."""
        self._beating = asyncio.create_task(heartbeat.run())
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins to drain; a second signal is the supervisor's matter."""
        asyncio.get_running_loop().call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        """Lets each response close its connection, and accepts new ones only for the delay."""
        if self._shutdown.has_begun:
            return
        self._shutdown.has_begun = True
        connections: set[Any] = set(self.server_state.connections)
        for connection in connections:
            connection.drain()
        end = super().handle_exit
        asyncio.get_running_loop().call_later(self.delay_seconds, end, signal.SIGTERM, None)


class Connection(HttpToolsProtocol):
    """A connection that passes requests on as they were sent, parsed by Node's own parser.

    resources: define the limits. common_headers: the headers of every response.
    """

    url = b""
    _in_head = True
    _head_bytes = 0
    _refused: Code | None = None
    _has_begun = False
    _has_ended = False
    _is_last = False
    _timer: TimerHandle | None = None

    def __init__(self, resources: Resources, common_headers: dict[str, str], **given: Any) -> None:
        super().__init__(**given)
        self._contract = resources.contract
        self._shutdown = resources.shutdown
        self._common_headers = common_headers
        self._limits = self._contract["x-limits"]
        self._idle_seconds = self._contract["x-shutdown"]["idle_seconds"]
        self._keep_alive = (
            (b"connection", b"keep-alive"),
            (b"keep-alive", b"timeout=%d" % resources.settings.keep_alive_seconds),
        )

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._begin_timer()
        if self._shutdown.has_begun:
            self._end_once_idle()

    def data_received(self, data: bytes) -> None:
        if self._refused or not data:
            return
        self._unset_keepalive_if_required()
        self._begin_timer()
        self._has_ended = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # No upgrade is supported: what follows is the next request.
            self.data_received(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse("bad_request")
        # What follows the end of a message is counted from the next packet on.
        self._head_bytes += len(data) if self._in_head and not self._has_ended else 0
        if self._head_bytes > self._limits["head_bytes"]:
            self._refuse("headers_too_large")

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keeps a connection half open for pending responses; refuses an incomplete request."""
        if self._has_begun:
            self._refuse("bad_request")
        elif self.cycle is None or self.cycle.response_complete:
            return False
        else:
            self.cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun = True
        self._begin_timer()

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        expected = {value.lower() for name, value in self.headers if name == b"expect"}
        if size > self._limits["head_bytes"]:
            self._refuse("headers_too_large")
            raise ValueError("ends the parser")
        if expected - {b"100-continue"}:
            self._refuse("expectation_failed")
            raise ValueError("ends the parser")
        # The target is passed on as it was sent; trailers are not.
        self.scope["state"]["target"], self.url = self.url.decode("latin-1"), b"/"
        super().on_headers_complete()
        self.headers = []
        # Closing too early would lose the response: what is left is read first.
        self._is_last = self._shutdown.has_begun or not self.parser.should_keep_alive()
        self.cycle.keep_alive = True
        self.cycle.send = partial(self._send, self.cycle.send)  # type: ignore[method-assign]

    async def _send(self, send: Any, message: Any) -> None:
        """Tells clients how long the connection is kept, or that it is closed."""
        cycle, given = send.__self__, message.get("headers", ())
        is_start = message["type"] == "http.response.start" and cycle.keep_alive
        if not is_start or any(name.lower() == b"connection" for name, _ in given):
            await send(message)
            return
        is_last = self._is_last and cycle is self.cycle
        message["headers"] = [*given, *([_CLOSE] if is_last else self._keep_alive)]
        await send(message)
        if is_last:
            # The rest of a request is read first, if the response came early.
            cycle.keep_alive = cycle.more_body

    def on_message_complete(self) -> None:
        self._in_head, self._has_begun, self._has_ended = True, False, True
        if self._timer:
            self._timer.cancel()
        self._timer = None
        super().on_message_complete()
        if self._is_last:
            self.cycle.keep_alive = False
            if self.cycle.response_complete:
                self.transport.close()

    def drain(self) -> None:
        """Ends with the response that is due, the next one, or when it was idle for too long.

        Ended at once, it would take a request with it that is on its way.
        """
        if self.cycle is None or self.cycle.response_complete:
            self._end_once_idle()
        elif self.cycle.more_body:
            self._is_last = True
        else:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Does nothing: connections were told to end before new ones are refused."""

    def _end_once_idle(self) -> None:
        self.loop.call_later(self._idle_seconds, self._end_idle)

    def _end_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refused and self.cycle.response_complete:
            self._send_refusal(self._refused)

    def _refuse(self, code: Code) -> None:
        """Refuses a malformed request, after the pending responses, and closes the connection."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = code
        cycle = self.cycle
        if cycle is None or (cycle.response_complete and not cycle.more_body):
            self._send_refusal(code)
        elif cycle.more_body and cycle.response_started:
            self.transport.close()
        elif cycle.more_body:
            # The application learns that the rest does not arrive; its response is dropped.
            cycle.disconnected = True
            cycle.message_event.set()
            self._send_refusal(code)

    def _send_refusal(self, code: Code) -> None:
        self.transport.write(refusal(self._contract, self._common_headers, code))
        self.transport.close()

    def _begin_timer(self) -> None:
        seconds = self._limits["request_seconds"]
        self._timer = self._timer or self.loop.call_later(seconds, self._refuse, "request_timeout")
