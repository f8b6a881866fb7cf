"""Bodies in HTTP Archives: text, base64, and forms listed only as parameters."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

from lockstep.transport.encodings import decoded
from lockstep.transport.messages import Headers, Response, header_values

URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_FIRST_LINE = re.compile(r"\s*--([^\r\n]+)\r?\n")
# Firefox writes the header fields of a form's stream before the form itself.
_LEADING_HEADERS = re.compile(r"(?:Content-(?:Type|Length|Disposition):[^\r\n]*\r?\n)+\r?\n")
_BINARY = re.compile(
    r"(?:image|audio|video|font)/(?!svg)|application/(?:octet-stream|pdf|zip|gzip|x-protobuf)"
)
# Placeholders that browsers write instead of a file.
_PLACEHOLDERS = frozenset({"(binary)", "[binary]", "<binary>"})
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class MissingBodyError(ValueError):
    """A body was sent, but the archive does not contain all of it."""


def size_of(value: Any) -> int | None:
    """Return a size in an archive; `None` if it is unknown, also written as -1 or null."""
    try:
        size = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return size if size >= 0 else None


def sent_body(request: Mapping[str, Any], headers: Headers) -> tuple[bytes | None, str | None]:
    """Return the body of a request, and its `Content-Type` if the header fields lack it.

    `headers` are all that were recorded. Raises `MissingBodyError` if the body was not recorded.
    """
    posted = request.get("postData")
    if isinstance(posted, str):
        posted = {"text": posted}
    posted = posted if isinstance(posted, dict) else {}
    declared = next(header_values(headers, "content-type"), None)
    media_type = declared or posted.get("mimeType") or ""
    length = size_of(next(header_values(headers, "content-length"), None))
    text = posted.get("text")
    if text is not None and not isinstance(text, str):
        text = json.dumps(text)
    if text:
        encoding = next(header_values(headers, "content-encoding"), None)
        size = size_of(request.get("bodySize"))
        body = _posted_text(text, posted, media_type, length if length is not None else size)
        if length is not None and encoding is None and len(body) < length:
            raise MissingBodyError(f"{len(body):,} of {length:,} bytes of its body were recorded")
        media_type = _with_boundary(media_type, text)
    elif posted.get("params"):
        body, media_type = _form(posted["params"], media_type)
    else:
        if _was_sent(request, posted, length):
            raise MissingBodyError("its body was not recorded")
        return (None if text is None else b""), None
    return body, media_type if media_type and media_type != declared else None


def received_body(response: Mapping[str, Any], method: str, headers: Headers) -> bytes | None:
    """Return the body of a response; `None` if the archive may not contain the received one."""
    length = size_of(next(header_values(headers, "content-length"), None))
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    text, size = content.get("text"), size_of(content.get("size"))
    if text is not None and not isinstance(text, str):
        text = json.dumps(text)
    if text:
        body = _text(text, content, str(content.get("mimeType") or ""), size)
        return body if body == encoded(text) else _without_coding(body, headers)
    # Tools that do not keep bodies also write a size of 0 without a text.
    empty = method == "HEAD" or response.get("status") in (204, 304) or (text == "" and size == 0)
    return b"" if empty or length == 0 else None


def _without_coding(body: bytes, headers: Headers) -> bytes:
    """Decode bytes that some proxies keep as they were transferred; others have decoded them."""
    coding = next(header_values(headers, "content-encoding"), None)
    if coding is None:
        return body
    found = decoded(Response(200, (("Content-Encoding", coding),), body))
    return found.body if found is not None else body


def _was_sent(request: Mapping[str, Any], posted: Mapping[str, Any], length: int | None) -> bool:
    """Whether a body was sent, though none of it was recorded."""
    if length is not None:
        return length > 0
    size = size_of(request.get("bodySize"))
    if str(request.get("method")).upper() in _BODILESS and not posted:
        return False
    if size is None:
        return bool(posted.get("mimeType")) and posted.get("text") is None
    return size > 0


def _posted_text(text: str, posted: Mapping[str, Any], media_type: str, size: int | None) -> bytes:
    body = _text(text, posted, media_type, size)
    if media_type.startswith((_MULTIPART, URLENCODED)) and body.startswith(b"Content-"):
        return encoded(_LEADING_HEADERS.sub("", body.decode("utf-8", "surrogateescape"), count=1))
    return body


def _text(text: str, record: Mapping[str, Any], media_type: str, size: int | None) -> bytes:
    """Return the bytes of a text; base64 is also detected, as some tools do not declare it."""
    encoding = str(record.get("encoding") or record.get("_encoding") or "").lower()
    plain = encoded(text)
    if encoding == "base64":
        return _declared_base64(text, plain)
    if encoding or len(text) % 4:
        return plain
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        return plain
    if size is not None and size in (len(plain), len(decoded)):
        return decoded if size == len(decoded) else plain
    if "json" in media_type:
        return decoded if not _is_json(plain) and _is_json(decoded) else plain
    if media_type.startswith("multipart/"):
        return decoded if decoded.startswith(b"--") and not plain.startswith(b"--") else plain
    return decoded if _BINARY.match(media_type) else plain


def _declared_base64(text: str, plain: bytes) -> bytes:
    """Decode text declared as base64; Firefox declares plain text so too (Mozilla bug 1762313)."""
    try:
        decoded = _unpacked(text)
    except ValueError:
        return plain
    return plain if _is_json(plain) and not _is_json(decoded) else decoded


def _unpacked(text: str) -> bytes:
    """Decode base64 of either alphabet (RFC 4648), with or without line breaks and padding."""
    plain = "".join(text.split()).rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def encoded(text: str) -> bytes:
    """Encode a text as UTF-8; surrogates that escape undecodable bytes become these bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _with_boundary(media_type: str, text: str) -> str:
    """Return a multipart media type with the boundary from its text if the header lost it."""
    first = _FIRST_LINE.match(text)
    if not media_type.startswith("multipart/") or _BOUNDARY.search(media_type) or first is None:
        return media_type
    return f'{media_type.rstrip("; ")}; boundary="{first[1].strip()}"'


def _form(params: Sequence[Mapping[str, Any]], media_type: str) -> tuple[bytes, str]:
    """Encode a form of which only the parameters are listed; return the body and its media type."""
    essence = media_type.partition(";")[0].strip().lower()
    files = any(param.get("fileName") is not None for param in params)
    if essence == _MULTIPART or (files and not essence):
        return _multipart(params, media_type or _MULTIPART)
    pairs = [(str(param.get("name") or ""), _value(param)) for param in params]
    if essence in ("", URLENCODED):
        return urlencode(pairs, errors="surrogateescape").encode(), media_type or URLENCODED
    if essence == "text/plain":
        return b"".join(encoded(name) + b"=" + value + b"\r\n" for name, value in pairs), media_type
    raise MissingBodyError(f"only the parameters of its {essence} body were recorded")


def _multipart(params: Sequence[Mapping[str, Any]], media_type: str) -> tuple[bytes, str]:
    """Encode the parts of a form (RFC 7578), with the recorded boundary if there is one."""
    match = _BOUNDARY.search(media_type)
    if match is None:
        digest = hashlib.sha256(json.dumps(params).encode()).hexdigest()
        match = _BOUNDARY.search(f"boundary=form{digest[:24]}")
    assert match is not None
    boundary = match[1].strip()
    fields = []
    for param in params:
        part = RequestField(str(param.get("name") or ""), _value(param), param.get("fileName"))
        part.make_multipart(content_type=param.get("contentType") or None)
        fields.append(part)
    body, written = encode_multipart_formdata(fields, boundary)
    return body, media_type if boundary in media_type else written


def _value(param: Mapping[str, Any]) -> bytes:
    value, file = param.get("value"), param.get("fileName")
    if file is not None and (value is None or value in _PLACEHOLDERS):
        raise MissingBodyError(f"the content of the file {str(file)!r} was not recorded")
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    if str(param.get("encoding") or param.get("_encoding") or "").lower() == "base64":
        return _unpacked(text)
    return encoded(text)
