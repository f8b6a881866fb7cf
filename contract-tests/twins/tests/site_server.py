"""The site, built for the tests and served with its manifest."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from twins.paths import CONTRACT


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Give the address of a site's files, sent as its manifest says; no slash at the end."""
    files = {
        f"/docs/{name}": (folder / name, sending)
        for name, sending in json.loads((folder / "site.json").read_text())["pages"].items()
    }
    plain = {"media_type": "application/yaml", "content_security_policy": "default-src 'none'"}
    files["/openapi.yaml"] = (CONTRACT, plain)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, sending = files[self.path]
            self.send_response(200)
            self.send_header("Content-Type", sending["media_type"])
            self.send_header("Content-Security-Policy", sending["content_security_policy"])
            self.end_headers()
            self.wfile.write(path.read_bytes())

        def log_request(self, *_: object) -> None:
            """Say nothing about it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/docs"
        server.shutdown()
