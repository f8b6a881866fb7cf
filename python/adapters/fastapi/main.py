"""uvicorn with Node's own parser; what that refuses is answered like all else."""

import logging
from asyncio import TimerHandle
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker

from task_timer.api.wire_errors import refusal
from task_timer.main import MAX_HEADER_BYTES, serve


class Protocol(HttpToolsProtocol):
    """A connection whose requests are bounded in time and size, and handed on as they were sent."""

    app: Any
    _in_head = True
    _head_bytes = 0
    _refused = ""
    _is_last = False
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._begin_timer()

    def data_received(self, data: bytes) -> None:
        if self._refused or not data:
            return
        self._unset_keepalive_if_required()
        self._begin_timer()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # Nothing is upgraded to: what follows is the next request.
            self.data_received(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse("bad_request")
        self._head_bytes += len(data) if self._in_head else 0
        if self._head_bytes > MAX_HEADER_BYTES:
            self._refuse("headers_too_large")

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        expected = {value.lower() for name, value in self.headers if name == b"expect"}
        if expected - {b"100-continue"}:
            self._refuse("expectation_failed")
            raise ValueError("ends the parser")
        # The target is handed on as it was sent, and trailers are not.
        self.scope["state"]["target"], self.url = self.url.decode("latin-1"), b"/"
        super().on_headers_complete()
        self.headers = []
        # Closed too soon, a connection takes the answer with it: what is left is read first.
        self._is_last, self.cycle.keep_alive = not self.cycle.keep_alive, True

    def on_message_complete(self) -> None:
        self._in_head = True
        if self._timer:
            self._timer.cancel()
        self._timer = None
        super().on_message_complete()
        if self._is_last:
            self.cycle.keep_alive = False
            if self.cycle.response_complete:
                self.transport.close()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refused and self.cycle.response_complete:
            self._send_refusal()

    def _refuse(self, code: str) -> None:
        """Answers what is no request, behind the answers to those before it, and hangs up."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = code
        cycle = self.cycle
        if cycle is None or (cycle.response_complete and not cycle.more_body):
            self._send_refusal()
        elif cycle.more_body and cycle.response_started:
            self.transport.close()
        elif cycle.more_body:
            # The application learns that the rest does not come; its answer goes nowhere.
            cycle.disconnected = True
            cycle.message_event.set()
            self._send_refusal()

    def _send_refusal(self) -> None:
        self.transport.write(refusal(self.app.contract, self.app.common_headers, self._refused))
        self.transport.close()

    def _begin_timer(self) -> None:
        seconds = self.app.contract["x-limits"]["request_seconds"]
        self._timer = self._timer or self.loop.call_later(seconds, self._refuse, "request_timeout")


class Worker(UvicornWorker):  # type: ignore[misc]
    """A worker of gunicorn's that tells what it has to say to the log of the process."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {"http": Protocol, "ws": "none", "lifespan": "on"}
    CONFIG_KWARGS |= {"proxy_headers": False, "server_header": False}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.config.timeout_graceful_shutdown = self.cfg.graceful_timeout
        logging.getLogger("uvicorn.error").propagate = True


if __name__ == "__main__":
    serve("app:create_app", Worker)
