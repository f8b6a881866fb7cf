"""The common form of recordings of all formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Headers, Outcome, Request

_DEFAULT_PORTS = {"http": 80, "https": 443}


class RecordingError(ValueError):
    """A file is not a recording, or contains nothing that can be sent again."""


@dataclass(frozen=True, slots=True)
class Step:
    """A request with the names of the recorded server, and that server's response, if it is known.

    Only the status code of a `partial` response is known. Steps of one `group` belong together,
    such as the registration and the log-in of one user. `apart` maps target names to requests,
    where targets are sent different ones. `name` is the position in the recording, for messages.
    """

    request: Request
    answer: Outcome | None = None
    partial: bool = False
    group: str | None = None
    apart: Mapping[str, Request] = field(default_factory=dict)
    name: str = field(default="", compare=False)

    @classmethod
    def of(cls, exchange: Exchange) -> Step:
        """Create the step that repeats an exchange; the leader is the recorded server.

        At a log-in each target may have been sent its own account.
        """
        bodies = {request.body for request in exchange.requests.values()}
        own = exchange.group is not None and len(bodies) > 1
        apart = exchange.requests if own else {}
        return cls(exchange.request, exchange.leader, group=exchange.group, apart=apart)

    def captured(self, base_url: str) -> Captured:
        """Return the step as a tool would have recorded it, with the API at `base_url`."""
        request = self.request
        url = base_url.rstrip("/") + request.path
        return Captured(
            *(request.method, url, request.headers, request.body),
            answer=self.answer,
            partial=self.partial,
            name=self.name,
        )


NOWHERE = "http://recorded.invalid"


@dataclass(frozen=True, slots=True)
class Recording:
    """Steps in the order in which they were sent.

    `base_url` is the URL of the recorded server; `notes` describe what was skipped and why. Without
    bodies (`has_bodies`) responses do not show which ids correspond. `is_traffic` is true for
    unmodified responses; those of a report are truncated and masked. `unsent` counts the requests
    of the API that could not be sent again.
    """

    title: str
    steps: tuple[Step, ...]
    base_url: str = NOWHERE
    notes: tuple[str, ...] = ()
    has_bodies: bool = True
    is_traffic: bool = True
    unsent: int = 0


@dataclass(frozen=True, slots=True)
class Captured:
    """One request and response as recorded by a tool, with an absolute `url`.

    `name` is its position in the recording, for messages. A request with a part `missing`,
    described in text, cannot be sent again. `blackened` holds the lower-case names of header fields
    with redacted values.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes | None = None
    answer: Outcome | None = None
    partial: bool = False
    name: str = ""
    missing: str = ""
    blackened: frozenset[str] = frozenset()


def origin_of(url: str) -> str | None:
    """Return the scheme and host of a URL, without the default port of the scheme."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return None
    host = f"[{host}]" if ":" in host else host
    usual = port is None or port == _DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if usual else f":{port}")
