"""Decodes content codings, such as gzip, of response bodies (RFC 9110, 8.4)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace

import brotli
import zstandard

from lockstep.transport.messages import Response

MAX_BODY = 32 * 2**20
# Window bits of zlib: detect a gzip or zlib header; some servers send `deflate` without any.
_WRAPPED, _BARE = 47, -15
# Decompressors of zstd have no limit for their output: 3 bytes may become 128 KiB.
_STEP = 512
Decoder = Callable[[bytes, bool], bytes | None]


def decoded(response: Response) -> Response | None:
    """Return the response with its body decoded; `None` for an unknown content coding.

    `Content-Length` is removed, as two servers may compress the same content to different sizes. A
    body that cannot be decoded, or exceeds `MAX_BODY` bytes, remains encoded. Of a truncated stream
    everything that was received is decoded.
    """
    named = (response.header("content-encoding") or "").lower().split(",")
    codings = [name for name in map(str.strip, named) if name not in ("", "identity")]
    if not codings or not response.body:
        return response
    if not _DECODERS.keys() >= set(codings):
        return None
    body: bytes | None = response.body
    # They are listed in the order in which they were applied.
    for coding in reversed(codings):
        body = _DECODERS[coding](body, response.cut) if body is not None else None
    if body is None:
        return response
    kept = (item for item in response.headers if item[0].lower() != "content-length")
    return replace(response, headers=tuple(kept), body=body)


def _gzip(data: bytes, cut: bool) -> bytes | None:
    return _inflated(data, _WRAPPED, cut)


def _deflate(data: bytes, cut: bool) -> bytes | None:
    found = _inflated(data, _WRAPPED, cut)
    return found if found is not None else _inflated(data, _BARE, cut)


def _inflated(data: bytes, bits: int, cut: bool) -> bytes | None:
    parts: list[bytes] = []
    room = MAX_BODY
    try:
        # A gzip file may consist of several members.
        while data:
            inflater = zlib.decompressobj(bits)
            parts.append(inflater.decompress(data, room + 1))
            room -= len(parts[-1])
            if room < 0 or not (inflater.eof or cut):
                return None
            data = inflater.unused_data
    except zlib.error:
        return None
    return b"".join(parts)


def _brotli(data: bytes, cut: bool) -> bytes | None:
    """Decode Brotli (RFC 7932)."""
    decompressor = brotli.Decompressor()
    parts: list[bytes] = []
    room = MAX_BODY
    try:
        while not decompressor.is_finished() and room >= 0:
            if decompressor.can_accept_more_data() and not data:
                return b"".join(parts) if cut else None
            parts.append(decompressor.process(data, output_buffer_limit=room + 1))
            room, data = room - len(parts[-1]), b""
    except brotli.error:
        return None
    return b"".join(parts) if room >= 0 else None


def _zstd(data: bytes, cut: bool) -> bytes | None:
    """Decode Zstandard (RFC 8878): one frame or several."""
    parts: list[bytes] = []
    room = MAX_BODY
    try:
        while data:
            frame, at = zstandard.ZstdDecompressor().decompressobj(), 0
            while at < len(data) and not frame.eof:
                parts.append(frame.decompress(data[at : at + _STEP]))
                room, at = room - len(parts[-1]), at + _STEP
                if room < 0:
                    return None
            if not (frame.eof or cut):
                return None
            data = frame.unused_data + data[at:]
    except zstandard.ZstdError:
        return None
    return b"".join(parts)


_DECODERS: Mapping[str, Decoder] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
