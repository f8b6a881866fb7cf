"""What the HTTP parser refuses, answered like all else: with problem details.

This is the worker of the server, gunicorn's with threads. It hands the header fields to the
application as they were received, and bounds the time in which a request has to arrive.
"""

import socket
import threading
import time
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import TConn, ThreadWorker

from ..contract import Contract
from ..utils.identifiers import new_id
from ..utils.logger import log_exception, logger
from .problems import PROBLEM, make_problem
from .request_parser import Request
from .wsgi import CALL, FIELDS


class RequestTimedOut(errors.ParseException):  # type: ignore[misc]
    """The request did not arrive in time."""


WIRE_ERRORS = (errors.ParseException, errors.NoMoreData)
CODES = {
    RequestTimedOut: "request_timeout",
    errors.LimitRequestLine: "uri_too_long",
    errors.LimitRequestHeaders: "headers_too_large",
    errors.ExpectationFailed: "expectation_failed",
}


def code_of(error: Exception) -> str:
    """Gives the code of the error catalogue for what was refused, or went wrong, on the wire."""
    refused = isinstance(error, WIRE_ERRORS)
    return CODES.get(type(error), "bad_request") if refused else "internal_error"


def refusal(contract: Contract, headers: dict[str, str], code: str) -> bytes:
    """Makes the answer to what never becomes a request, and logs it.

    headers: those that every answer has.
    """
    request_id = new_id()
    status, body = make_problem(contract, code, request_id)
    logger().info("request_refused", request_id=request_id, status=status, code=code)
    fields = {
        "Date": util.http_date(),
        "Connection": "close",
        "Content-Type": PROBLEM,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        **headers,
        "X-Request-ID": request_id,
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _TimedSocket:
    """A socket that gives up reading at the end of the time that a request has."""

    def __init__(self, source: socket.socket, seconds: float) -> None:
        self._source = source
        self._seconds = seconds
        self._ends_at = 0.0

    def begin(self) -> None:
        self._ends_at = time.monotonic() + self._seconds

    def recv(self, size: int) -> bytes:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise RequestTimedOut
        self._source.settimeout(left)
        try:
            return self._source.recv(size)
        except TimeoutError as error:
            raise RequestTimedOut from error


class _Connection(TConn):  # type: ignore[misc]
    """A connection whose requests are bounded in time, and parsed by the contract."""

    def __init__(self, contract: Contract, conn: TConn) -> None:
        super().__init__(conn.cfg, conn.sock, conn.client, conn.server)
        self._contract = contract

    def init(self) -> None:
        known = self.initialized
        super().init()
        if not known:
            seconds = self._contract["x-limits"]["request_seconds"]
            self.parser.unreader.sock = _TimedSocket(self.sock, seconds)
            self.parser.mesg_class = partial(Request, frozenset(self._contract["x-methods"]))
        self.parser.unreader.sock.begin()


def _closing(environ: dict[str, Any], start_response: Any) -> Any:
    """Makes an answer close the connection when it says so."""

    def start(*args: Any) -> Any:
        if environ[CALL].closes:
            start_response.__self__.force_close()
        return start_response(*args)

    return start


def _is_drained(conn: TConn) -> bool:
    """Reads what is left of a request, in the time that it has, so that another can follow it."""
    try:
        drained: bool = conn.parser.finish_body()
    except WIRE_ERRORS:
        return False
    return drained


def _without_signature(response: Any) -> None:
    """Keeps an answer from telling which server it comes from."""
    default_headers = response.default_headers

    def unsigned() -> list[str]:
        return [line for line in default_headers() if not line.startswith("Server:")]

    response.default_headers = unsigned


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker whose application is a `main.Server`, which has the contract and the headers."""

    wsgi: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._received = threading.local()

    def load_wsgi(self) -> None:
        """Loads the application, so that it gets the header fields as they were received."""
        super().load_wsgi()
        application = self.wsgi

        def with_fields(environ: dict[str, Any], start_response: Any) -> Any:
            environ[FIELDS] = self._received.fields
            _without_signature(start_response.__self__)
            return application(environ, _closing(environ, start_response))

        self.wsgi = with_fields

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begins or ceases to accept; at the end, lets the system refuse connections."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()

    def enqueue_req(self, conn: TConn) -> None:
        """Hands a connection to a thread."""
        if not isinstance(conn, _Connection):
            conn = _Connection(self.app.contract, conn)
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answers a request; false when no other can follow on its connection.

        Names with an underscore would be taken for those with a hyphen.
        """
        self._received.fields = req.headers
        req.headers = [(name, value) for name, value in req.headers if "_" not in name]
        return super().handle_request(req, conn) and _is_drained(conn)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answers what the parser refuses, and closes the connection."""
        if not isinstance(exc, WIRE_ERRORS):
            log_exception("unhandled_error", exc)
        util.write(client, refusal(self.app.contract, self.app.common_headers, code_of(exc)))
