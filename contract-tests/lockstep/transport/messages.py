"""Requests, responses, and failures to get a response."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lockstep.transport.downloads import Whole

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request, with the identifiers of the leader.

    `path` is the raw request target: percent-encoded path and query, without the base URL.
    Header values are Latin-1 text, names keep their case, and repeated headers are preserved.
    `operation` is the operationId if the sender knows it; else it is looked up.
    `actor` is the name of the user whose credentials the request contains. With `from_root` the
    path is relative to the root of the server and not to the base URL, for example that of a token
    endpoint.
    """

    method: str
    path: str
    headers: Headers = ()
    body: bytes | None = None
    operation: str | None = None
    actor: str | None = None
    from_root: bool = False

    def header(self, name: str) -> str | None:
        """Return the first value of a header; names are case-insensitive."""
        return next(header_values(self.headers, name), None)

    def with_header(self, name: str, value: str) -> Request:
        """Return a copy in which the header has exactly this value."""
        bare = self.without_header(name)
        return replace(bare, headers=(*bare.headers, (name, value)))

    def without_header(self, name: str) -> Request:
        """Return a copy without the header."""
        kept = tuple(item for item in self.headers if item[0].lower() != name.lower())
        return replace(self, headers=kept)


@dataclass(frozen=True, slots=True)
class Response:
    """A response: status code, reason phrase, all headers in order, and the bytes of the body.

    `closes`: the connection is closed after it. `cut`: a stream that had not ended when lockstep
    stopped reading. `whole` has the length and digest of a body that is too long to be kept; `body`
    is then its beginning.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str = ""
    closes: bool = field(default=False, compare=False)
    cut: bool = field(default=False, compare=False)
    whole: Whole | None = None

    def header(self, name: str) -> str | None:
        """Return the first value of a header; names are case-insensitive."""
        return next(header_values(self.headers, name), None)

    @property
    def media_type(self) -> str | None:
        """The lower-cased media type without parameters, `None` without the header."""
        value = self.header("content-type")
        return value.partition(";")[0].strip().lower() if value is not None else None


@dataclass(frozen=True, slots=True)
class NoResponse:
    """A request without a response.

    `reason` is one of `refused`, `unknown_host`, `tls`, `dropped`, `timeout`, `malformed`,
    `too_large`; `detail` is a readable message. `count` is the number of bytes that were received
    nevertheless, for example of a response that does not end.
    """

    reason: str
    detail: str = field(compare=False, default="")
    count: int = field(compare=False, default=0)


Outcome = Response | NoResponse


def header_values(headers: Headers, name: str) -> Iterator[str]:
    """Yield the values of a header in order; names are case-insensitive."""
    wanted = name.lower()
    return (value for key, value in headers if key.lower() == wanted)


def status_of(outcome: Outcome) -> int | None:
    """Return the status code, `None` without a response."""
    return outcome.status if isinstance(outcome, Response) else None
