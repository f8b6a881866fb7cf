"""Cassettes of Schemathesis, VCR (Ruby), VCR.py and Betamax, and Schemathesis events.

All of them contain a list of requests with their responses, in YAML or in JSON. They differ in how
a body is encoded, and in whether it still has its content encoding.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from lockstep.openapi.loading import load_yaml
from lockstep.recordings.headers import answer_headers, blackened, request_headers
from lockstep.recordings.recording import Captured, RecordingError
from lockstep.transport.encodings import decoded
from lockstep.transport.messages import Headers, NoResponse, Outcome, Response

_LISTS = ("http_interactions", "interactions")
_NO_ENCODINGS = ("", "None", "ASCII-8BIT", "BINARY")


def read_cassette(text: str) -> tuple[list[Captured], list[str]]:
    """Return the interactions of a cassette, oldest first, and notes on unreadable ones.

    Raises `RecordingError` if the text is not a cassette, or nothing in it can be read.
    """
    captured: list[Captured] = []
    notes: list[str] = []
    for number, entry in _by_time(_interactions(text)):
        name = f"interaction {number}"
        try:
            captured.append(_interaction(name, entry))
        except (AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
            notes.append(f"{name} left out: it is damaged ({error!r})")
    if notes and not captured:
        raise RecordingError(f"no interaction of the cassette can be read: {notes[0]}")
    return captured, notes


def read_ndjson(text: str) -> list[Captured]:
    """Return the interactions of `st run --report ndjson`, oldest first.

    Raises `RecordingError` for other texts.
    """
    try:
        entries = [entry for line in text.splitlines() for entry in _recorded(json.loads(line))]
        return [_event(entry) for entry in sorted(entries, key=lambda item: item["timestamp"])]
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"not the events of Schemathesis: {error}") from error


def _interactions(text: str) -> list[Any]:
    try:
        is_json = text.lstrip().startswith("{")
        data = json.loads(text) if is_json else load_yaml(text, with_bytes=True)
    except (yaml.YAMLError, ValueError) as error:
        raise RecordingError(f"not a cassette: {error}") from error
    data = data if isinstance(data, dict) else {}
    found = next((data[word] for word in _LISTS if word in data), None)
    if not isinstance(found, list | None) or not any(word in data for word in _LISTS):
        raise RecordingError("not a cassette: it has no list of interactions")
    return found or []


def _by_time(entries: Sequence[Any]) -> list[tuple[int, Any]]:
    """Return the entries with their numbers, sorted by time if all have comparable times."""
    numbered = list(enumerate(entries, 1))
    times = [entry.get("recorded_at") if isinstance(entry, dict) else None for entry in entries]
    if all(isinstance(time, str) and time[:4].isdigit() for time in times):
        numbered.sort(key=lambda item: str(item[1]["recorded_at"]))
    return numbered


def _interaction(name: str, entry: Mapping[str, Any]) -> Captured:
    request, answer = entry["request"], entry["response"]
    headers = tuple(_flat(request.get("headers")))
    return Captured(
        method=str(request["method"]).upper(),
        url=str(request.get("uri") or request["url"]),
        headers=request_headers(headers),
        body=_bytes(request.get("body")) or None,
        answer=_answer(answer),
        partial=answer is not None and "truncated_from" in answer,
        name=name,
        blackened=blackened(headers),
    )


def _answer(answer: Mapping[str, Any] | None) -> Outcome:
    if answer is None:
        return NoResponse("dropped")
    status = answer["status"]
    status = status if isinstance(status, Mapping) else {"code": status}
    headers = tuple(_flat(answer.get("headers")))
    body = _decoded(_bytes(answer.get("body")) or b"", headers)
    message = str(status.get("message") or "")
    return Response(int(status["code"]), answer_headers(headers), body, message)


def _decoded(body: bytes, headers: Headers) -> bytes:
    """Return a body without its content encoding, if it still has it."""
    whole = Response(200, headers, body)
    return (decoded(whole) or whole).body


def _bytes(body: Any) -> bytes | None:
    """Return a body as bytes: from text, bytes, JSON data, or a record with encoded text."""
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if not isinstance(body, Mapping) or body.keys().isdisjoint({"string", "base64_string"}):
        return json.dumps(body).encode()
    if body.get("base64_string"):
        return base64.b64decode(body["base64_string"])
    text = body.get("string")
    if not isinstance(text, str):
        return _bytes(text)
    encoding = str(body.get("encoding") or "")
    return text.encode("utf-8" if encoding in _NO_ENCODINGS else encoding, "replace")


def _flat(headers: Any) -> Iterator[tuple[str, str]]:
    for name, values in (headers or {}).items():
        for value in values if isinstance(values, list) else [values]:
            yield str(name), value.decode("latin-1") if isinstance(value, bytes) else str(value)


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
