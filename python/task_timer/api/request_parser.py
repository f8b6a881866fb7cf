"""The parser of requests: gunicorn's, as strict and as lenient as that of the other twin.

What it refuses never reaches the application; `wire_errors` answers it.
"""

import re
from typing import Any

from gunicorn.http import errors, message
from gunicorn.http.body import Body, ChunkedReader, LengthReader

VERSIONS = ((1, 0), (1, 1))
# What Node's parser counts with.
MAX_LENGTH = 2**64 - 1


class _Chunks(ChunkedReader):  # type: ignore[misc]
    """Chunks that are refused as soon as they are wrong, and not waited for."""

    def read_into(self, unreader: Any, buf: bytearray) -> None:
        if buf.count(b"\n") != buf.count(b"\r\n"):
            raise errors.InvalidChunkSize(bytes(buf))
        super().read_into(unreader, buf)

    def parse_chunk_size(self, unreader: Any, data: bytes | None = None) -> Any:
        size, rest = super().parse_chunk_size(unreader, data)
        if size > MAX_LENGTH:
            raise errors.InvalidChunkSize(b"%x" % size)
        return size, rest


class Request(message.Request):  # type: ignore[misc]
    """A request whose method is among those of the contract.

    Empty lines before it are skipped, and so are further spaces in its first line
    (RFC 9112, 2.2 and 3).
    """

    body: Any

    def __init__(self, methods: frozenset[str], *args: Any) -> None:
        self._methods = methods
        super().__init__(*args)

    def _parse_python(self, unreader: Any, buf: bytearray) -> Any:
        while not (request := buf.lstrip(b"\r\n")):
            buf.clear()
            self.read_into(unreader, buf, stop=True)
        return super()._parse_python(unreader, request)

    def parse_request_line(self, line_bytes: bytes) -> None:
        super().parse_request_line(re.sub(b" +", b" ", line_bytes))
        if self.method not in self._methods:
            raise errors.InvalidRequestMethod(self.method)
        if self.version not in VERSIONS:
            raise errors.InvalidHTTPVersion(self.version)

    def _apply_header_policy(
        self, name: str, value: str, scheme_state: Any, _seen: Any, *args: Any, **kwargs: Any
    ) -> Any:
        # Which fields may come once is the application's to say.
        return super()._apply_header_policy(name, value, scheme_state, set(), *args, **kwargs)

    def set_body_reader(self) -> None:
        super().set_body_reader()
        reader = self.body.reader
        if isinstance(reader, ChunkedReader):
            self.body = Body(_Chunks(self, self.unreader))
        elif isinstance(reader, LengthReader) and reader.length > MAX_LENGTH:
            raise errors.InvalidHeader("CONTENT-LENGTH", req=self)
