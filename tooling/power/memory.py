"""Measures the memory of lockstep over many exchanges with two trivial servers."""

import gc
import http.server
import json
import os
import resource
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table

from lockstep.exchange.exchanger import Exchanger
from lockstep.matching import Clock
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.results.coverage import Coverage
from lockstep.results.findings import Findings
from lockstep.results.run_log import RunLog
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target

EXCHANGES = int(os.environ.get("EXCHANGES") or 100_000)
STEPS = 5
# The growth in megabytes that counts as flat, from the second fifth on, when all bounded caches are
# full.
FLAT = 16

_THING = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string", "x-generated": "id"},
        "name": {"type": "string"},
    },
}
_ANSWER = {"description": "A thing.", "content": {"application/json": {"schema": _THING}}}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/things": {"post": {"operationId": "createThing", "responses": {"201": _ANSWER}}},
        "/things/{id}": {
            "parameters": [_ID],
            "get": {"operationId": "getThing", "responses": {"200": _ANSWER}},
        },
    },
}


def measure_memory(console: Console) -> int:
    """Run EXCHANGES exchanges, half of them writes; print the peak memory so far.

    Returns 0 if it stays flat, else 1.
    """
    document = Document(DOCUMENT)
    ledger = RunLog(document, Conformance(document), Coverage(document), Findings([]), Clock())
    table = Table("exchanges", "megabytes")
    sizes = []
    with ExitStack() as stack:
        targets = [stack.enter_context(_serve(name)) for name in ("left", "right")]
        exchanger = Exchanger(ledger, targets)
        for _ in range(STEPS):
            for _ in range(EXCHANGES // STEPS // 2):
                _make_and_read(exchanger)
            gc.collect()
            sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            table.add_row(f"{ledger.exchanges:,}", f"{sizes[-1]:.1f}")
            console.print(f"{ledger.exchanges:,} exchanges: {sizes[-1]:.1f} MB")
    console.print(table)
    growth = sizes[-1] - sizes[1]
    console.print(f"{growth:+.1f} MB since the first {2 * EXCHANGES // STEPS:,}")
    return 0 if growth <= FLAT and not len(ledger.findings) else 1


def _make_and_read(exchanger: Exchanger) -> None:
    headers = (("Content-Type", "application/json"),)
    made = exchanger.send(Request("POST", "/things", headers, b'{"name":"one"}')).leader
    assert isinstance(made, Response)
    exchanger.send(Request("GET", f"/things/{json.loads(made.body)['id']}"))


class _Handler(http.server.BaseHTTPRequestHandler):
    """Creates a resource for POST; returns any resource for GET."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Return 201 with an id of this server."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(201, str(uuid.uuid4()))

    def do_GET(self) -> None:
        """Return 200 with the requested id."""
        self._answer(200, self.path.rpartition("/")[2])

    def _answer(self, status: int, thing: str) -> None:
        body = json.dumps({"id": thing, "name": "one"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Log nothing."""


@contextmanager
def _serve(name: str) -> Iterator[Target]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        target = Target(name, f"http://127.0.0.1:{server.server_port}")
        try:
            yield target
        finally:
            target.close()
            server.shutdown()
            thread.join()
