"""A call of a target to another service, and its response."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lockstep.bodies.contents import FORM, read
from lockstep.bodies.fields import plain, traits
from lockstep.inference.forms import has_digit
from lockstep.transport import literals
from lockstep.transport.downloads import Whole, whole
from lockstep.transport.literals import Object
from lockstep.transport.messages import Headers, header_values
from lockstep.transport.streams import bare

# Longer bodies are not kept: only their size and digest are compared.
MOST_COMPARED = 1 << 20
_VERSION = re.compile(r"v\d+([._]\d+)*")


@dataclass(frozen=True)
class Call:
    """A request of a target to another service: `url` is absolute and has no fragment.

    `whole` has the size and digest of a body that is too long to be kept.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    whole: Whole | None = None

    @cached_property
    def origin(self) -> str:
        """The scheme, host and port, without user and password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The path segments, as they were sent."""
        return tuple(urlsplit(self.url).path.split("/")[1:])

    @cached_property
    def query(self) -> Object:
        """The query parameters, sorted by name and value."""
        pairs = parse_qsl(urlsplit(self.url).query, keep_blank_values=True, errors="replace")
        return Object(sorted((name, value) for name, value in pairs))

    @cached_property
    def place(self) -> str:
        """The method and the URL without its query, with `*` for segments that are identifiers."""
        path = "".join(f"/{'*' if is_identifier(part) else part}" for part in self.segments)
        return f"{self.method} {self.origin}{path}"

    @cached_property
    def content(self) -> Any:
        """The parsed body: a value for JSON, a form or XML, else text; a digest of other bytes."""
        media = self.header("content-type")
        if self.whole is not None:
            return self.whole
        try:
            if "json" in bare(media):
                return literals.parse(self.body)
            if bare(media) == FORM or "xml" in bare(media):
                found = read(media, self.body)
                return plain(found, set(traits(found)))
            return self.body.decode("utf-8")
        except ValueError:
            return whole(self.body)

    def header(self, name: str) -> str | None:
        """Return the first value of a header field, or `None`; names are case-insensitive."""
        return next(header_values(self.headers, name), None)

    def kept(self) -> Call:
        """Return the call as it is recorded: a long body is replaced by its size and digest."""
        if len(self.body) <= MOST_COMPARED:
            return self
        return replace(self, body=b"", whole=whole(self.body))


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of a service: its body is as received, without the transfer coding."""

    status: int
    reason: str = ""
    headers: Headers = ()
    body: bytes = b""


@dataclass(eq=False, slots=True)
class Recorded:
    """A call with its response, which is `None` until the service has responded.

    `how` is `PASSED`, `ANSWERED` or `REFUSED`.
    """

    call: Call
    answer: Answer | None = None
    how: str = ""


@dataclass(slots=True)
class RecordedCalls:
    """The calls that each target has made during one request, by the target's name."""

    by_target: dict[str, list[Recorded]] = field(default_factory=dict)

    def calls(self, target: str) -> list[Call]:
        """Return the calls of a target, in order."""
        return [each.call for each in self.by_target.get(target, ())]

    def refused(self, target: str) -> bool:
        """Whether a call of a target was refused because it has no counterpart."""
        return any(each.how == REFUSED for each in self.by_target.get(target, ()))


PASSED, ANSWERED, REFUSED = "passed on", "answered from the recording", "refused"


def is_identifier(segment: str) -> bool:
    """Whether a path segment may be an identifier: it has a digit and is not a version."""
    return has_digit(segment) and _VERSION.fullmatch(segment) is None


def numbered(count: int) -> str:
    """Return the count with its noun: `1 call`, `2 calls`."""
    return "1 call" if count == 1 else f"{count} calls"


def without(headers: Headers, names: Sequence[str] | frozenset[str]) -> Headers:
    """Return the header fields except those with the given names, which are in lower case."""
    return tuple((name, value) for name, value in headers if name.lower() not in names)
