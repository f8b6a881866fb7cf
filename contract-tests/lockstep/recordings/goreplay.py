"""Traffic that GoReplay saved to a file (`gor --input-raw :80 --output-file FILE`).

A file is a sequence of payloads, each preceded by a line with its kind (1 a request, 2 the original
response, 3 the response to a replay), the id that request and response share, and the time in
nanoseconds. A line of three monkeys separates them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lockstep.recordings.headers import answer_headers, request_headers
from lockstep.recordings.recording import Captured, RecordingError
from lockstep.transport.encodings import decoded
from lockstep.transport.messages import Headers, NoResponse, Outcome, Response, header_values

BEGINS = re.compile(rb"[123] [0-9a-f]{16,64} \d+[ \d]*\n")
_BETWEEN = re.compile("\n\N{MONKEY FACE}\N{SEE-NO-EVIL MONKEY}\N{HEAR-NO-EVIL MONKEY}\n?".encode())
_REQUEST, _ANSWER = "1", "2"


@dataclass(frozen=True, slots=True)
class _Payload:
    kind: str
    id: str
    time: int
    first: list[str]
    headers: Headers
    body: bytes


def read_goreplay(data: bytes) -> tuple[list[Captured], list[str]]:
    """Return the requests of a file, sorted by time, and notes on skipped payloads.

    Raises `RecordingError` if there is none.
    """
    payloads: list[_Payload] = []
    notes: list[str] = []
    for number, record in enumerate(filter(None, _BETWEEN.split(data)), 1):
        try:
            payloads.append(_payload(record))
        except ValueError as error:
            notes.append(f"payload {number} left out: it is damaged ({error})")
    requests = [one for one in payloads if one.kind == _REQUEST]
    if not requests:
        raise RecordingError("no payload of the file is a request that can be read")
    answers = {one.id: one for one in payloads if one.kind == _ANSWER}
    requests.sort(key=lambda one: one.time)
    return [_captured(one, answers.get(one.id)) for one in requests], notes


def _payload(record: bytes) -> _Payload:
    about, _, message = record.partition(b"\n")
    kind, identifier, time, *_ = about.decode("ascii").split()
    head, _, body = message.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    parts = first.split(" ", 2)
    if len(parts) < 2:
        raise ValueError(f"{first[:40]!r} is not an HTTP start line")
    whole = b"".join(_chunks(body)) if _is_chunked(headers) else body
    return _Payload(kind, identifier, int(time), parts, headers, whole)


def _captured(request: _Payload, answer: _Payload | None) -> Captured:
    target = request.first[1]
    host = next(header_values(request.headers, "host"), None)
    length = next(header_values(request.headers, "content-length"), "0")
    is_cut = length.isdecimal() and int(length) > len(request.body)
    return Captured(
        method=request.first[0].upper(),
        url=target if "://" in target else f"http://{host or 'recorded.invalid'}{target}",
        headers=request_headers(request.headers),
        body=request.body or None,
        answer=_outcome(answer),
        name=f"request {request.id}",
        missing=f"{len(request.body):,} of {length} bytes of its body were kept" if is_cut else "",
    )


def _outcome(answer: _Payload | None) -> Outcome:
    if answer is None or not answer.first[1].isdecimal():
        return NoResponse("dropped")
    reason = answer.first[2] if len(answer.first) > 2 else ""
    whole = Response(int(answer.first[1]), answer.headers, answer.body)
    body = (decoded(whole) or whole).body
    return Response(whole.status, answer_headers(answer.headers), body, reason)


def _is_chunked(headers: Headers) -> bool:
    return any("chunked" in value.lower() for value in header_values(headers, "transfer-encoding"))


def _chunks(body: bytes) -> Iterator[bytes]:
    """Yield the chunks of a body (RFC 9112, section 7.1); GoReplay saves some bodies unchunked."""
    while body:
        size, _, rest = body.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            yield body
            return
        if length == 0:
            return
        yield rest[:length]
        body = rest[length:].removeprefix(b"\r\n")
