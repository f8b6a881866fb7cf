"""What Schemathesis writes down: VCR cassettes (YAML) and the events of its engine (NDJSON)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from lockstep.openapi.loading import load_yaml
from lockstep.recordings.headers import answer_headers, blackened, request_headers
from lockstep.recordings.recording import Captured, RecordingError
from lockstep.transport.messages import NoResponse, Outcome, Response


def read_cassette(text: str) -> list[Captured]:
    """The interactions of `st run --report vcr`, oldest first; `RecordingError` for other YAML."""
    try:
        data = load_yaml(text)
        entries = sorted(data["http_interactions"] or (), key=lambda item: item["recorded_at"])
        return [_interaction(entry) for entry in entries]
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"not a Schemathesis cassette: {error}") from error


def read_ndjson(text: str) -> list[Captured]:
    """The interactions of `st run --report ndjson`, oldest first; `RecordingError` for others."""
    try:
        entries = [entry for line in text.splitlines() for entry in _recorded(json.loads(line))]
        return [_event(entry) for entry in sorted(entries, key=lambda item: item["timestamp"])]
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"not the events of Schemathesis: {error}") from error


def _interaction(entry: Mapping[str, Any]) -> Captured:
    request, answer = entry["request"], entry["response"]
    return Captured(
        method=request["method"],
        url=request["uri"],
        headers=request_headers(_flat(request["headers"])),
        body=_bytes(request.get("body")),
        answer=_answer(answer),
        partial=answer is not None and "truncated_from" in answer,
        blackened=blackened(_flat(request["headers"])),
    )


def _answer(answer: Mapping[str, Any] | None) -> Outcome:
    if answer is None:
        return NoResponse("dropped")
    headers = answer_headers(_flat(answer["headers"]))
    status = answer["status"]
    body = _bytes(answer.get("body")) or b""
    return Response(int(status["code"]), headers, body, status.get("message") or "")


def _bytes(body: Mapping[str, Any] | None) -> bytes | None:
    if body is None:
        return None
    if "base64_string" in body:
        return base64.b64decode(body["base64_string"])
    encoding = body.get("encoding") or "utf-8"
    return str(body["string"]).encode("utf-8" if encoding == "None" else encoding, "replace")


def _flat(headers: Mapping[str, list[str]] | None) -> Iterator[tuple[str, str]]:
    for name, values in (headers or {}).items():
        for value in values:
            yield name, value


def _recorded(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    recorder = event.get("ScenarioFinished", {}).get("recorder", {})
    yield from recorder.get("interactions", {}).values()


def _event(entry: Mapping[str, Any]) -> Captured:
    request, answer = entry["request"], entry.get("response")
    outcome: Outcome = NoResponse("dropped")
    if answer is not None:
        headers = answer_headers(_flat(answer.get("headers")))
        outcome = Response(answer["status_code"], headers, _plain(answer.get("content")) or b"")
    return Captured(
        method=request["method"],
        url=request["uri"],
        headers=request_headers(_flat(request.get("headers"))),
        body=_plain(request.get("body")),
        answer=outcome,
        partial=answer is not None and "content_size" in answer,
        blackened=blackened(_flat(request.get("headers"))),
    )


def _plain(body: Mapping[str, str] | None) -> bytes | None:
    return base64.b64decode(body["$base64"]) if body else None
