"""A collector of OpenTelemetry spans: OTLP over HTTP."""

import gzip
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

PATH = "/v1/traces"


class Collector:
    """The exported spans and their resources."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.exported: list[ResourceSpans] = []
        self._news = threading.Condition()

    @property
    def spans(self) -> list[Span]:
        """All spans, in order of arrival."""
        scopes = [scope for each in list(self.exported) for scope in each.scope_spans]
        return [span for scope in scopes for span in scope.spans]

    def take(self, exported: list[ResourceSpans]) -> None:
        """Add the spans exported by a server."""
        with self._news:
            self.exported += exported
            self._news.notify_all()

    def wait_for(self, trace_ids: set[str], *, requests: int = 1, seconds: float = 30) -> None:
        """Wait until `requests` requests of each trace have ended. Raises TimeoutError."""

        def missing() -> list[str]:
            ended = Counter(
                span.trace_id.hex() for span in self.spans if span.kind == Span.SPAN_KIND_SERVER
            )
            return sorted(each for each in trace_ids if ended[each] < requests)

        with self._news:
            if not self._news.wait_for(lambda: not missing(), seconds):
                raise TimeoutError(f"no spans of {missing()}")


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = b"".join(self._chunks())
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            if self.path == PATH:
                collector.take(list(ExportTraceServiceRequest.FromString(body).resource_spans))
            self.send_response(200 if self.path == PATH else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _chunks(self) -> Iterator[bytes]:
            if "Content-Length" in self.headers:
                yield self.rfile.read(int(self.headers["Content-Length"]))
                return
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield collector
        finally:
            server.shutdown()
