"""The reference is complete in itself."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import yaml

from twins import docs
from twins.paths import CONTRACT, DOCS
from twins.tests import browser

CODE_IS_DRAWN = """new Promise(done => {
  const look = () => document.getElementById('task_not_found') ? done(true) : setTimeout(look, 20);
  look();
})"""

CODE_IS_IN_VIEW = """(() => {
  const { top, bottom } = document.getElementById('task_not_found').getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
})()"""


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    return document


@pytest.fixture
def site(contract: dict[str, Any]) -> Iterator[str]:
    """The address of the page, served with the policy that the twins send."""
    page = (DOCS / "index.html").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", contract["x-docs-security-policy"])
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_request(self, *_: object) -> None:
            """Say nothing about it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/docs"
        server.shutdown()


def test_browser_asks_no_other_host(site: str) -> None:
    program = browser.find()
    if program is None:
        pytest.skip("No Chromium or Chrome on the PATH; Debian: apt install chromium")
    with browser.open_page(program) as page:
        page.open(f"{site}#task_not_found")
        assert page.evaluate(CODE_IS_DRAWN)
        # One more turn of the event loop lets requests that drawing caused be told.
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
        assert page.evaluate(CODE_IS_IN_VIEW)
        assert page.complaints == []
        outside = [url for url in page.requests if not url.startswith((site, "data:", "blob:"))]
        assert outside == []


def test_every_code_has_an_anchor(contract: dict[str, Any]) -> None:
    introduction = docs.introduced(contract)["info"]["description"]
    for code in contract["x-errors"]:
        assert f'id="{code}"' in introduction


def test_every_check_links_to_codes_that_exist(contract: dict[str, Any]) -> None:
    for check in contract["x-check-order"]:
        assert set(check["codes"]) <= set(contract["x-errors"])


def test_bundle_that_changed_is_refused(contract: dict[str, Any]) -> None:
    with pytest.raises(docs.BundleError, match="look at its new version"):
        docs.render(contract, "/* no logo */")
