"""Parses multipart bodies (RFC 2046, 5.1; RFC 7578), whatever their boundary is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

from lockstep.transport.streams import parameter

_LINE_END = re.compile(rb"\r?\n\Z")
_HEAD_END = re.compile(rb"\r?\n\r?\n|\A\r?\n")


@dataclass(frozen=True, slots=True)
class Part:
    """A part; `name`, `filename` and `content_type` are `None` if they are not given."""

    name: str | None
    filename: str | None
    content_type: str | None
    body: bytes

    @property
    def is_plain(self) -> bool:
        """Whether it is plain text, like a field of a form (RFC 7578, 4.4)."""
        media_type = re.sub(r"\s", "", (self.content_type or "text/plain").lower())
        return self.filename is None and media_type in ("text/plain", "text/plain;charset=utf-8")


def parse_parts(content_type: str | None, body: bytes, *, cut: bool = False) -> list[Part]:
    """Return the parts of a body; raise `ValueError` without a boundary or the closing delimiter.

    With `cut` the closing delimiter may be missing, as in a stream; the incomplete last part is
    then left out.
    """
    boundary = parameter(content_type, "boundary")
    if not boundary:
        raise ValueError("its media type has no boundary")
    # Some cameras include the two leading dashes in the parameter.
    pieces, ended = _split(body, f"--{boundary}".encode("latin-1", "replace"))
    if not pieces and boundary.startswith("--"):
        pieces, ended = _split(body, boundary.encode("latin-1", "replace"))
    if not (ended or cut):
        raise ValueError("its closing boundary is missing")
    return [_part(piece) for piece in (pieces if ended else pieces[:-1])]


def _split(body: bytes, delimiter: bytes) -> tuple[list[bytes], bool]:
    """Return the pieces between delimiters, and whether there is a closing delimiter."""
    line = re.compile(rb"(?:\A|(?<=\n))" + re.escape(delimiter) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    pieces: list[bytes] = []
    start: int | None = None
    for match in line.finditer(body):
        if start is not None:
            # The line break before a delimiter belongs to it.
            pieces.append(_LINE_END.sub(b"", body[start : match.start()]))
        if match[1]:
            return pieces, True
        start = match.end()
    return ([*pieces, body[start:]] if start is not None else []), False


def _part(piece: bytes) -> Part:
    end = _HEAD_END.search(piece)
    head, body = (piece[: end.start()], piece[end.end() :]) if end else (piece, b"")
    message = BytesHeaderParser().parsebytes(head + b"\r\n\r\n")
    return Part(
        _disposition(message, "name"),
        message.get_filename(),
        str(message["content-type"]) if "content-type" in message else None,
        body,
    )


def _disposition(message: Message, name: str) -> str | None:
    found = message.get_param(name, header="content-disposition")
    return found if isinstance(found, str) else None
