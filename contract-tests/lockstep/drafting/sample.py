"""One recorded request of the API, and what can be read of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from lockstep.recordings import Captured
from lockstep.transport.messages import Response, header_values

_FORM = "application/x-www-form-urlencoded"


class Unreadable:
    """Stands for a body that is not JSON; JSON itself has a value for everything else."""


UNREADABLE = Unreadable()


@dataclass(frozen=True, slots=True)
class Sample:
    """A request below the base path.

    The `segments` of its path are percent-encoded in one way, so that what a template holds of them
    stands for itself; `query` is decoded.
    """

    captured: Captured
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]

    @property
    def method(self) -> str:
        """The method in capitals."""
        return self.captured.method

    @property
    def answer(self) -> Response | None:
        """What was answered, if anything was; the body of one `partial` is not known."""
        answer = self.captured.answer
        return answer if isinstance(answer, Response) else None

    @property
    def status(self) -> int | None:
        """The status, `None` if no answer was recorded."""
        return self.answer.status if self.answer is not None else None

    @property
    def succeeded(self) -> bool:
        """Whether the server did what was asked."""
        return self.status is not None and 200 <= self.status < 400

    @property
    def media_type(self) -> str | None:
        """The media type of what was sent, without parameters."""
        value = next(header_values(self.captured.headers, "content-type"), None)
        return value.partition(";")[0].strip().lower() if value else None

    @property
    def is_form(self) -> bool:
        """Whether names and values of a form were sent."""
        return self.media_type == _FORM

    def form(self) -> list[tuple[str, str]]:
        """The names and values of a form."""
        text = (self.captured.body or b"").decode("utf-8", "replace")
        return parse_qsl(text, keep_blank_values=True, errors="replace")

    def answered_json(self) -> Any:
        """The JSON of the answer; `UNREADABLE` where there is none."""
        answer = self.answer
        return json_of(answer.body) if answer is not None else UNREADABLE

    def sent_json(self) -> Any:
        """The JSON of the request; `UNREADABLE` where there is none."""
        return json_of(self.captured.body)


def json_of(body: bytes | None) -> Any:
    """The JSON of a body, which may be `null`; `UNREADABLE` for anything else."""
    if not body:
        return UNREADABLE
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return UNREADABLE
