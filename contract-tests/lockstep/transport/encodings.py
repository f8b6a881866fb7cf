"""Bodies as they were before a server compressed them (RFC 9110, 8.4)."""

from __future__ import annotations

import zlib
from dataclasses import replace

from lockstep.transport.messages import Response

MAX_BODY = 32 * 2**20
# For zlib: a gzip or a zlib header is told by itself; some servers send neither for `deflate`.
_WRAPPED, _BARE = 47, -15
_CODINGS = {"gzip": (_WRAPPED,), "x-gzip": (_WRAPPED,), "deflate": (_WRAPPED, _BARE)}


def decoded(response: Response) -> Response | None:
    """The response with its body as it was before compression; `None` where that is unknown.

    Two servers may compress the same text to other bytes, so its `Content-Length` is left out. A
    body that cannot be decoded, or grows beyond `MAX_BODY`, stays as it is.
    """
    coding = (response.header("content-encoding") or "identity").strip().lower()
    if coding == "identity" or not response.body:
        return response
    if coding not in _CODINGS:
        return None
    for bits in _CODINGS[coding]:
        body = _inflated(response.body, bits)
        if body is not None:
            kept = (item for item in response.headers if item[0].lower() != "content-length")
            return replace(response, headers=tuple(kept), body=body)
    return response


def _inflated(data: bytes, bits: int) -> bytes | None:
    parts: list[bytes] = []
    room = MAX_BODY
    try:
        # Several gzip members may follow each other.
        while data:
            inflater = zlib.decompressobj(bits)
            parts.append(inflater.decompress(data, room + 1))
            room -= len(parts[-1])
            if room < 0 or not inflater.eof:
                return None
            data = inflater.unused_data
    except zlib.error:
        return None
    return b"".join(parts)
