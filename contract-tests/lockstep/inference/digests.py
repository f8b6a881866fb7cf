"""Recognizes digests and checksums of the common algorithms and encodings."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Iterator
from functools import lru_cache

from lockstep.inference.forms import has_digit
from lockstep.inference.leaves import leaves
from lockstep.transport.messages import Request

_HEX = re.compile(r"[0-9a-fA-F]+")
_CODED = re.compile(r"[A-Za-z0-9+/=_.:$-]{8,}")
# A digest prefixed with its algorithm: `sha256:…`, `md5=…`, `sha-256=:…:`.
_LABELLED = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,8}[:=-]:?([^:]+):?")
_ALGORITHMS = ("md5", "sha1", "sha256", "sha384", "sha512")
_LONGEST = 1 << 20
_MOST_CONTENTS = 60
_BOUNDARY = re.compile(r"boundary=\"?([^\";,]+)")


def is_coded(text: str) -> bool:
    """Whether a text has the form of an encoded digest."""
    return _CODED.fullmatch(text) is not None and has_digit(text)


def is_digest_of(value: str, content: bytes) -> bool:
    """Whether a text is a digest of the content: in hex, Base64, or decimal (CRC-32)."""
    return not _digests(content).isdisjoint(_plain(value))


def same_sort(left: str, right: str) -> bool:
    """Whether two texts may be digests of the same algorithm in the same encoding."""
    if left.isdigit() and right.isdigit():
        return True
    hexes = [text for text in (left, right) if _HEX.fullmatch(text)]
    if len(hexes) == 1:
        return False
    cases = {text.islower() for text in hexes if re.search("[a-fA-F]", text)}
    return len(left) == len(right) and len(cases) < 2


def contents(request: Request) -> list[bytes]:
    """Return the contents in a request that may be hashed: its body, JSON strings and parts."""
    body = request.body or b""
    if not body or len(body) > _LONGEST:
        return []
    found = [body, *_parts(request, body), *_members(body)]
    return list(dict.fromkeys(found))[:_MOST_CONTENTS]


def _members(body: bytes) -> Iterator[bytes]:
    try:
        texts = [leaf.text for leaf in leaves(body.decode("utf-8"))]
    except (ValueError, RecursionError):
        return
    for text in texts:
        if not text:
            continue
        yield text.encode("utf-8", "surrogatepass")
        decoded = _decoded(text)
        if decoded:
            yield decoded


def _parts(request: Request, body: bytes) -> Iterator[bytes]:
    media_type = request.header("content-type") or ""
    boundary = _BOUNDARY.search(media_type) if "multipart/" in media_type.lower() else None
    if boundary is not None:
        for part in body.split(b"--" + boundary.group(1).encode("latin-1"))[1:-1]:
            yield part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if len(text) >= 8 else None
    except (ValueError, binascii.Error):
        return None


def _plain(value: str) -> Iterator[str]:
    """Yield a normalised digest, also without the name of its algorithm."""
    labelled = _LABELLED.fullmatch(value)
    for text in (value, labelled.group(1)) if labelled else (value,):
        bare = text.strip('"').rstrip("=")
        yield bare.lower() if _HEX.fullmatch(bare) else bare.replace("-", "+").replace("_", "/")


@lru_cache(maxsize=2_000)
def _digests(content: bytes) -> frozenset[str]:
    crc = zlib.crc32(content)
    raw = [hashlib.new(name, content, usedforsecurity=False).digest() for name in _ALGORITHMS]
    raw.append(crc.to_bytes(4, "big"))
    coded = (base64.b64encode(digest).decode().rstrip("=") for digest in raw)
    return frozenset({*(digest.hex() for digest in raw), *coded, str(crc)})
