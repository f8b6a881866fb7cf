"""A forward proxy for one target: HTTP in absolute form, HTTPS by `CONNECT` (RFC 9110, 9.3.6)."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from dataclasses import dataclass, field

import h11

from lockstep.effects.calls.authority import Authority
from lockstep.effects.calls.book import CallBook, problem
from lockstep.effects.calls.call import Answer, Call, without
from lockstep.effects.calls.service import HOP_BY_HOP, Services
from lockstep.effects.calls.tunnel import Tunnels, relay

_IDLE_SECONDS = 75.0
_CHUNK = 1 << 16
# Calls with longer bodies are refused.
_MOST_BODY = 64 << 20
_NO_BODY = (204, 304)
_ESTABLISHED = b"HTTP/1.1 200 Connection Established\r\n\r\n"


@dataclass(slots=True)
class ProxyContext:
    """The settings and collaborators of one target's proxy.

    `passes` allows calls without a counterpart to reach their service; `authority` is needed to
    read HTTPS.
    """

    target: str
    passes: bool
    book: CallBook
    services: Services
    tunnels: Tunnels
    authority: Authority | None = None

    @property
    def is_leader(self) -> bool:
        """Whether this is the target whose calls are passed on and recorded."""
        return self.target == self.book.leader

    def answer(self, call: Call) -> Answer:
        """Return the response to a call: from its service, from the recording, or a refusal."""
        recorded = self.book.take(self.target, call.kept(), passes=self.passes)
        if recorded.answer is None:
            self.book.answered(self.target, recorded, self.services.call(call))
        assert recorded.answer is not None
        return recorded.answer


class Listener:
    """Listens for the calls of one target, in its own threads, until it is closed."""

    def __init__(self, address: tuple[str, int], passage: ProxyContext) -> None:
        """Listen at an address. Raises `OSError` if that is not possible."""
        self._passage = passage
        handler = type("_Bound", (_Handler,), {"passage": passage})
        kind = type("_Kind", (_Server,), {"address_family": _family(address[0])})
        self._server: _Server = kind(address, handler)
        self.address: tuple[str, int] = self._server.server_address[:2]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="calls", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._passage.services.close()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore broken connections, which concern only the client."""


class _Handler(socketserver.BaseRequestHandler):
    passage: ProxyContext

    def handle(self) -> None:
        """Serve one connection."""
        self.request.settimeout(_IDLE_SECONDS)
        _Connection(self.request, self.passage).serve()


class _TooLongError(Exception):
    """A body exceeds the size limit."""


@dataclass(slots=True)
class _Connection:
    """One connection of a target; `origin` is the origin of its requests inside of a tunnel."""

    sock: socket.socket
    passage: ProxyContext
    origin: str = ""
    _method: str = ""
    _http: h11.Connection = field(default_factory=lambda: h11.Connection(h11.SERVER))

    def serve(self) -> None:
        try:
            while self._once():
                self._http.start_next_cycle()
        except (OSError, h11.LocalProtocolError):
            # The connection is closed or no longer usable.
            return
        except h11.RemoteProtocolError as error:
            self._send(problem(error.error_status_hint, "Bad Request", f"lockstep: {error}"))
        except _TooLongError:
            detail = f"lockstep forwards bodies of at most {_MOST_BODY >> 20} MiB."
            self._send(problem(413, "Content Too Large", detail))

    def _once(self) -> bool:
        """Serve one request. Returns whether another one may follow."""
        request = self._next()
        if not isinstance(request, h11.Request):
            return False
        body = self._body()
        method, target = request.method.decode(), request.target.decode("latin-1")
        self._method = method
        if method == "CONNECT":
            self._connect(target)
            return False
        url = f"{self.origin}{target}" if target.startswith("/") else target
        if "://" not in url:
            detail = "lockstep is a forward proxy: request an absolute URL."
            self._send(problem(400, "Bad Request", detail))
            return False
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in request.headers.raw_items()
        )
        kept = without(headers, HOP_BY_HOP)
        self._send(self.passage.answer(Call(method, url.partition("#")[0], kept, body)))
        return self._http.our_state is h11.DONE

    def _body(self) -> bytes:
        parts = bytearray()
        while True:
            event = self._next()
            if isinstance(event, h11.Data):
                parts += event.data
                if len(parts) > _MOST_BODY:
                    raise _TooLongError
            elif event is not h11.PAUSED and not isinstance(event, h11.EndOfMessage):
                raise OSError("the connection was closed in the middle of a request")
            else:
                return bytes(parts)

    def _next(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                going_on = h11.InformationalResponse(status_code=100, headers=[])
                self.sock.sendall(self._http.send(going_on) or b"")
            self._http.receive_data(self.sock.recv(_CHUNK))

    def _send(self, answer: Answer) -> None:
        bodiless = answer.status in _NO_BODY or self._method == "HEAD"
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        if not bodiless:
            headers.append((b"Content-Length", str(len(answer.body)).encode()))
        events: list[h11.Event] = [
            h11.Response(
                status_code=answer.status, headers=headers, reason=answer.reason.encode("latin-1")
            ),
            *([] if bodiless else [h11.Data(data=answer.body)]),
            h11.EndOfMessage(),
        ]
        self.sock.sendall(b"".join(self._http.send(event) or b"" for event in events))

    def _connect(self, place: str) -> None:
        """Decrypt the tunnel if the target trusts the authority; else relay it unread."""
        passage = self.passage
        host, _, port = place.rpartition(":")
        if not host or not port.isdigit():
            self._send(problem(400, "Bad Request", f"lockstep: not HOST:PORT: {place}"))
        elif passage.authority is not None:
            self._read_tls(host.strip("[]"), place, passage.authority)
        elif passage.is_leader or passage.passes:
            self._tunnel(host.strip("[]"), int(port), place)
        else:
            passage.tunnels.note_refused(passage.target, place)
            detail = (
                f"lockstep cannot serve calls to {place} from a recording: effects.ca is missing."
            )
            self._send(problem(502, "Bad Gateway", detail))

    def _read_tls(self, host: str, place: str, authority: Authority) -> None:
        self.sock.sendall(_ESTABLISHED)
        try:
            secure = authority.context(host).wrap_socket(self.sock, server_side=True)
        except ssl.SSLError:
            self.passage.tunnels.note_untrusted(self.passage.target, place)
            return
        origin = f"https://{place.removesuffix(':443')}"
        with secure:
            _Connection(secure, self.passage, origin).serve()

    def _tunnel(self, host: str, port: int, place: str) -> None:
        try:
            service = socket.create_connection((host, port), timeout=_IDLE_SECONDS)
        except OSError:
            self._send(problem(502, "Bad Gateway", f"lockstep could not reach {place}."))
            return
        with service:
            self.sock.sendall(_ESTABLISHED)
            sent, received = relay(self.sock, service, _IDLE_SECONDS)
        self.passage.tunnels.note(self.passage.target, place, sent, received)
