"""What travels between lockstep and the servers: requests, responses and failures to answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lockstep.transport.downloads import Whole

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, written in the names of the leader.

    `path` is the raw request target: percent-encoded path and query, without the base URL.
    Header values are Latin-1 text, names keep their case, repeated headers stay repeated.
    `operation` is an operationId where the sender knows it, else it is looked up.
    `actor` names the user whose credentials the request carries. With `from_root` the path is one
    of the whole server, such as that of a token endpoint, and not below the base URL.
    """

    method: str
    path: str
    headers: Headers = ()
    body: bytes | None = None
    operation: str | None = None
    actor: str | None = None
    from_root: bool = False

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return next(header_values(self.headers, name), None)

    def with_header(self, name: str, value: str) -> Request:
        """A copy in which the header has exactly this value."""
        bare = self.without_header(name)
        return replace(bare, headers=(*bare.headers, (name, value)))

    def without_header(self, name: str) -> Request:
        """A copy that does not have the header."""
        kept = tuple(item for item in self.headers if item[0].lower() != name.lower())
        return replace(self, headers=kept)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as it came: status, reason phrase, every header in order, body bytes undecoded.

    `closes` says that the connection ends with it. Of a stream that was `cut` lockstep has read no
    more, and it might have gone on. `whole` tells of a body that is too long to be kept: `body` is
    its beginning then.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str = ""
    closes: bool = field(default=False, compare=False)
    cut: bool = field(default=False, compare=False)
    whole: Whole | None = None

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return next(header_values(self.headers, name), None)

    @property
    def media_type(self) -> str | None:
        """The lower-cased media type without parameters, `None` without the header."""
        value = self.header("content-type")
        return value.partition(";")[0].strip().lower() if value is not None else None


@dataclass(frozen=True, slots=True)
class NoResponse:
    """The request got no answer.

    `reason` is one of `refused`, `unknown_host`, `tls`, `dropped`, `timeout`, `malformed`,
    `too_large`; `detail` is for people only. `count` says how many bytes of an answer came all the
    same: those of a stream that does not end, say.
    """

    reason: str
    detail: str = field(compare=False, default="")
    count: int = field(compare=False, default=0)


Outcome = Response | NoResponse


def header_values(headers: Headers, name: str) -> Iterator[str]:
    """Every value of a header in order, whatever its case."""
    wanted = name.lower()
    return (value for key, value in headers if key.lower() == wanted)


def status_of(outcome: Outcome) -> int | None:
    """The status, `None` if no answer came."""
    return outcome.status if isinstance(outcome, Response) else None
