"""A recorded request of the API, with its parsed path, query and bodies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from lockstep.recordings import Captured
from lockstep.transport.messages import Response, header_values

_FORM = "application/x-www-form-urlencoded"


class Unreadable:
    """A sentinel for a body that is not JSON; `None` is the JSON value `null`."""


UNREADABLE = Unreadable()


@dataclass(frozen=True, slots=True)
class Sample:
    """A request below the base path.

    The `segments` of its path have normalised percent-encoding, so that they can be compared with
    a template; `query` is decoded.
    """

    captured: Captured
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]

    @property
    def method(self) -> str:
        """The method in upper case."""
        return self.captured.method

    @property
    def answer(self) -> Response | None:
        """The response, `None` if none was recorded; its body is unknown if it is `partial`."""
        outcome = self.captured.answer
        return outcome if isinstance(outcome, Response) else None

    @property
    def status(self) -> int | None:
        """The status code, `None` if no response was recorded."""
        return self.answer.status if self.answer is not None else None

    @property
    def succeeded(self) -> bool:
        """Whether the status code is 2xx or 3xx."""
        return self.status is not None and 200 <= self.status < 400

    @property
    def media_type(self) -> str | None:
        """The media type of the request body, without parameters."""
        value = next(header_values(self.captured.headers, "content-type"), None)
        return value.partition(";")[0].strip().lower() if value else None

    @property
    def is_form(self) -> bool:
        """Whether the request body is a URL-encoded form."""
        return self.media_type == _FORM

    def form(self) -> list[tuple[str, str]]:
        """Return the names and values of a URL-encoded form."""
        text = (self.captured.body or b"").decode("utf-8", "replace")
        return parse_qsl(text, keep_blank_values=True, errors="replace")

    def answered_json(self) -> Any:
        """Return the JSON of the response body, or `UNREADABLE`."""
        response = self.answer
        return json_of(response.body) if response is not None else UNREADABLE

    def sent_json(self) -> Any:
        """Return the JSON of the request body, or `UNREADABLE`."""
        return json_of(self.captured.body)


def json_of(body: bytes | None) -> Any:
    """Return the JSON value of a body, which may be `None`; `UNREADABLE` if it is not JSON."""
    if not body:
        return UNREADABLE
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return UNREADABLE
