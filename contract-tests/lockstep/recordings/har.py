"""HTTP Archives (HAR 1.2), as browsers and proxies write them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from lockstep.recordings.headers import answer_headers, request_headers
from lockstep.recordings.recording import Captured, RecordingError
from lockstep.transport.messages import NoResponse, Outcome, Response


def read_har(data: Mapping[str, Any]) -> list[Captured]:
    """The entries of an archive in the order of their start; `RecordingError` when it is none."""
    try:
        entries = sorted(data["log"]["entries"], key=lambda entry: entry["startedDateTime"])
        return [_entry(entry) for entry in entries if _is_http(entry)]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RecordingError(f"not a HAR file: {type(error).__name__}: {error}") from error


def _is_http(entry: Mapping[str, Any]) -> bool:
    url = str(entry["request"]["url"])
    return entry.get("_resourceType") != "websocket" and url.startswith(("http://", "https://"))


def _entry(entry: Mapping[str, Any]) -> Captured:
    request = entry["request"]
    pairs = _pairs(request.get("headers", ()))
    headers = request_headers([*pairs, *_cookies(request, pairs)])
    answer, partial = _answer(entry["response"])
    return Captured(
        method=request["method"],
        url=request["url"],
        headers=headers,
        body=_body(request.get("postData")),
        answer=answer,
        partial=partial,
    )


def _pairs(records: Any) -> list[tuple[str, str]]:
    return [(record["name"], record["value"]) for record in records]


def _cookies(request: Mapping[str, Any], headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Cookies that are listed, but not among the headers."""
    if any(name.lower() == "cookie" for name, _ in headers) or not request.get("cookies"):
        return []
    text = "; ".join(f"{name}={value}" for name, value in _pairs(request["cookies"]))
    return [("Cookie", text)]


def _body(posted: Mapping[str, Any] | None) -> bytes | None:
    if not posted:
        return None
    text = posted.get("text")
    if text is None and posted.get("params"):
        text = urlencode([(param["name"], param.get("value", "")) for param in posted["params"]])
    if text is None:
        return None
    return base64.b64decode(text) if posted.get("encoding") == "base64" else text.encode()


def _answer(answer: Mapping[str, Any]) -> tuple[Outcome, bool]:
    """The answer, and whether only its status is known; browsers write 0 where none came."""
    status = int(answer["status"])
    if status == 0:
        return NoResponse("dropped", str(answer.get("_error") or "")), False
    content = answer.get("content", {})
    text = content.get("text")
    if text is None:
        body, partial = b"", content.get("size", 0) > 0
    elif content.get("encoding") == "base64":
        body, partial = base64.b64decode(text), False
    else:
        body, partial = text.encode("utf-8", "surrogatepass"), False
    headers = answer_headers(_pairs(answer.get("headers", ())))
    return Response(status, headers, body, answer.get("statusText", "")), partial
