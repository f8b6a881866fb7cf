"""Flows of mitmproxy, as written by `mitmdump -w FILE`.

A file is a sequence of typed netstrings, each the state of a flow: `LENGTH:PAYLOADTYPE`, where the
type is one character. All versions since 0.17 have the members that are read here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from lockstep.recordings.headers import answer_headers, request_headers
from lockstep.recordings.recording import Captured, RecordingError
from lockstep.transport.encodings import decoded
from lockstep.transport.messages import Headers, NoResponse, Outcome, Response

_LONGEST_LENGTH = 12
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCALARS: Mapping[int, Callable[[bytes], Any]] = {
    ord(","): bytes,
    ord(";"): lambda data: data.decode("utf-8", "surrogateescape"),
    ord("#"): int,
    ord("^"): float,
    ord("!"): lambda data: data == b"true",
    ord("~"): lambda _: None,
}


def read_flows(data: bytes) -> tuple[list[Captured], list[str]]:
    """Return the requests of a file, sorted by start time, and notes on skipped flows.

    Raises `RecordingError` if there is none.
    """
    flows, notes = _whole_flows(data)
    captured: list[tuple[float, Captured]] = []
    others = Counter[str]()
    for number, flow in enumerate(flows, 1):
        kind = _other(flow)
        if kind:
            others[kind] += 1
            continue
        try:
            captured.append((_start(flow), _captured(f"flow {number}", flow)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            notes.append(f"flow {number} left out: it is damaged ({error})")
    if not captured:
        raise RecordingError("no flow of the file is a request that can be replayed")
    notes += [f"{count:,} of {kind} left out, which are not HTTP" for kind, count in others.items()]
    return [one for _, one in sorted(captured, key=lambda pair: pair[0])], notes


def _whole_flows(data: bytes) -> tuple[list[Any], list[str]]:
    flows: list[Any] = []
    at = 0
    while at < len(data):
        try:
            flow, at = _value(data, at)
        except (ValueError, RecursionError) as error:
            return flows, [f"the file is damaged after its flow {len(flows)}: {error}"]
        flows.append(flow)
    return flows, []


def _value(data: bytes, at: int) -> tuple[Any, int]:
    """Parse the value that starts at a byte; return it and its end.

    Raises `ValueError` if there is none.
    """
    colon = data.find(b":", at, at + _LONGEST_LENGTH)
    if colon < 0 or not data[at:colon].isdigit():
        raise ValueError(f"no length at byte {at}")
    start, end = colon + 1, colon + 1 + int(data[at:colon])
    if end >= len(data):
        raise ValueError("it is truncated")
    payload, kind = data[start:end], data[end]
    if kind in _SCALARS:
        return _SCALARS[kind](payload), end + 1
    if kind not in b"}]":
        raise ValueError(f"unknown type {chr(kind)!r} at byte {end}")
    members = []
    inside = 0
    while inside < len(payload):
        member, inside = _value(payload, inside)
        members.append(member)
    if kind == ord("]"):
        return members, end + 1
    return {_text(k): v for k, v in zip(members[::2], members[1::2], strict=True)}, end + 1


def _other(flow: Any) -> str:
    """Return the kind of a flow that is not an HTTP request, empty for a request."""
    kind = _text(flow.get("type", "http")) if isinstance(flow, dict) else "nothing known"
    if kind != "http":
        return f"{kind} flows"
    if flow.get("websocket"):
        return "web sockets"
    request = flow.get("request")
    is_tunnel = isinstance(request, dict) and _text(request.get("method")) == "CONNECT"
    return "tunnels" if is_tunnel else ""


def _start(flow: Mapping[str, Any]) -> float:
    return float(flow["request"].get("timestamp_start") or 0)


def _captured(name: str, flow: Mapping[str, Any]) -> Captured:
    request = flow["request"]
    headers = _headers(request)
    body = request.get("content")
    missing = "its body was not kept" if body is None and _has_body(headers) else ""
    answer = _answer(flow)
    return Captured(
        method=_text(request["method"]).upper(),
        url=_url(request, headers),
        headers=request_headers(headers),
        body=body if isinstance(body, bytes) and body else None,
        answer=answer,
        partial=flow.get("response") is not None and flow["response"].get("content") is None,
        name=name,
        missing=missing,
    )


def _url(request: Mapping[str, Any], headers: Headers) -> str:
    """Return the URL that the client requested: a proxy may know only the server's IP address."""
    scheme = _text(request.get("scheme") or "http")
    port = int(request.get("port") or _DEFAULT_PORTS.get(scheme, 80))
    host = _text(request["host"])
    shown = f"[{host}]" if ":" in host else host
    own = shown if port == _DEFAULT_PORTS.get(scheme) else f"{shown}:{port}"
    hosts = (value for name, value in headers if name.lower() in (":authority", "host"))
    authority = _text(request.get("authority") or "") or next(hosts, "") or own
    path = _text(request["path"])
    return path if "://" in path.partition("?")[0] else f"{scheme}://{authority}{path}"


def _answer(flow: Mapping[str, Any]) -> Outcome:
    answer = flow.get("response")
    if answer is None:
        error = flow.get("error")
        return NoResponse("dropped", _text(error.get("msg") or "") if error else "")
    headers = _headers(answer)
    reason = _text(answer.get("reason") or answer.get("msg") or "")
    status = int(answer.get("status_code") or answer["code"])
    body = _plain(headers, answer.get("content"))
    return Response(status, answer_headers(headers), body, reason)


def _plain(headers: Headers, body: Any) -> bytes:
    """Return a body without its content encoding; unchanged if the encoding is unknown."""
    data = body if isinstance(body, bytes) else _text(body or "").encode()
    whole = Response(200, headers, data)
    return (decoded(whole) or whole).body


def _has_body(headers: Headers) -> bool:
    fields = {name.lower(): value.strip() for name, value in headers}
    return "transfer-encoding" in fields or fields.get("content-length", "0") != "0"


def _headers(message: Mapping[str, Any]) -> Headers:
    return tuple((_text(name), _text(value)) for name, value in message.get("headers") or ())


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
