"""Query strings of OpenAPI 3.2 are sent, and responses validated by `2XX` and `default`."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from click.testing import CliRunner
from fixtures.scripted_server import scripted

from lockstep.cli import main

RANGE = {
    "type": "object",
    "required": ["from"],
    "properties": {
        "from": {"type": "integer", "minimum": 1, "maximum": 9},
        "words": {"type": "string"},
    },
}


def document(querystring: dict[str, Any], responses: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI 3.2 document with one list."""
    parameter = {"in": "querystring", "name": "q", "required": True, "content": querystring}
    return {
        "openapi": "3.2.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/rows": {"get": {"parameters": [parameter], "responses": responses}}},
    }


def answered(schema: Any) -> dict[str, Any]:
    """Return a JSON response definition."""
    return {"description": "some", "content": {"application/json": {"schema": schema}}}


def asked(query: str) -> int | None:
    """Return the number in a query, encoded as JSON or as a form."""
    try:
        given = json.loads(unquote(query))
    except ValueError:
        try:
            return int(parse_qs(query)["from"][0])
        except (KeyError, ValueError):
            return None
    number = given.get("from") if isinstance(given, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def run(
    folder: Path, raw: dict[str, Any], wrong: Any = None
) -> tuple[int, dict[str, Any], list[int]]:
    """Run against two servers; the second one responds with `wrong` if that is given."""
    statuses: list[int] = []

    def serve(body: Any) -> Any:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            parts = urlsplit(handler.path)
            number = asked(parts.query)
            known = parts.path == "/rows" and handler.command == "GET"
            status = (203 if number in range(1, 10) else 422) if known else 404
            content = body if status == 203 else {"code": status}
            statuses.append(status)
            sent = json.dumps(content).encode()
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(sent)))
            handler.end_headers()
            handler.wfile.write(sent)

        return answer

    path, report = folder / "openapi.json", folder / "report.json"
    path.write_text(json.dumps(raw))
    right: Any = {"rows": []}
    with (
        scripted("old", serve(right)) as old,
        scripted("new", serve(right if wrong is None else wrong)) as new,
    ):
        targets = [f"--target={each.name}={each.base_url}" for each in (old, new)]
        done = CliRunner().invoke(
            main, ["run", str(path), *targets, f"--json={report}", "--phase=coverage"]
        )
    assert "Traceback" not in done.output
    return done.exit_code, json.loads(report.read_text()), statuses


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the stages that wait for timeouts."""
    monkeypatch.setattr("lockstep.run.Run.general_traps", lambda *_: None)


ANSWERS = {
    "2XX": answered({"type": "object", "required": ["rows"]}),
    "default": answered({"type": "object", "required": ["code"]}),
}


@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded"])
def test_the_query_as_a_whole_is_sent(tmp_path: Path, media_type: str) -> None:
    code, data, statuses = run(tmp_path, document({media_type: {"schema": RANGE}}, ANSWERS))
    differing = [one for one in data["findings"] if one["category"] == "parity"]
    assert (code, differing, data["untested"]) == (0, [], [])
    assert {203, 422} <= set(statuses)


def test_ranges_of_statuses_judge_the_answers(tmp_path: Path) -> None:
    raw = document({"application/json": {"schema": RANGE}}, ANSWERS)
    code, data, _ = run(tmp_path, raw, {"columns": []})
    assert code == 1
    differing = [one for one in data["findings"] if one["category"] == "parity"]
    (found,) = (one for one in differing if one["where"] == "body /rows")
    assert (found["at_fault"], found["class"]) == (["new"], "new wrong")
