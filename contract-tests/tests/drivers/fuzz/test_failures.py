"""What the checks of the engine call a failure is held against what was answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from click.testing import CliRunner
from fixtures.scripted_server import plain, scripted

from lockstep.cli import main

LONG = {"type": "string", "minLength": 3}
HEADER = {"name": "X-Tenant", "in": "header", "required": True, "schema": LONG}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Tenants", "version": "1"},
    "paths": {
        "/things": {
            "get": {
                "parameters": [HEADER],
                "responses": {
                    "200": {"description": "ok", "content": {"text/plain": {}}},
                    "400": {"description": "which tenant?"},
                    "401": {"description": "which tenant?"},
                },
            }
        }
    },
}


def wanting(status: int) -> Callable[[BaseHTTPRequestHandler], None]:
    """A server that answers with a status where the header is missing or short."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if len(handler.headers.get("X-Tenant", "")) >= 3 or status == 200:
            plain(handler, b"things")
            return
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.mark.parametrize(("status", "accepted"), [(401, False), (419, False), (200, True)])
def test_what_is_wrong_is_refused_by_any_status_of_an_error(
    tmp_path: Path, status: int, accepted: bool
) -> None:
    document, report = tmp_path / "openapi.json", tmp_path / "report.json"
    document.write_text(json.dumps(DOCUMENT))
    with scripted("old", wanting(status)) as old, scripted("new", wanting(status)) as new:
        targets = [f"--target={each.name}={each.base_url}" for each in (old, new)]
        options = ["--profile=quick", "--phase=coverage", f"--json={report}"]
        result = CliRunner().invoke(main, ["run", str(document), *targets, *options])
    assert result.exit_code == 0
    found = [each["sentence"] for each in json.loads(report.read_text())["findings"]]
    assert any("Missing required header" in sentence for sentence in found) is accepted
    assert any("violating request accepted" in sentence for sentence in found) is accepted
