"""What every kind of recording comes down to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lockstep.results.trace import Exchange
from lockstep.transport.messages import Headers, Outcome, Request

_DEFAULT_PORTS = {"http": 80, "https": 443}


class RecordingError(ValueError):
    """A file is no recording, or holds nothing that can be sent again."""


@dataclass(frozen=True, slots=True)
class Step:
    """A request in the names of the recorded server, and what that server answered, if it is known.

    Of a `partial` answer only the status is known. Steps of one `group` make sense together only,
    such as the registration and the log-in of one user. `apart` holds what each target is sent, by
    name, where that is not what is sent to all. `name` says for people where it was recorded.
    """

    request: Request
    answer: Outcome | None = None
    partial: bool = False
    group: str | None = None
    apart: Mapping[str, Request] = field(default_factory=dict)
    name: str = field(default="", compare=False)

    @classmethod
    def of(cls, exchange: Exchange) -> Step:
        """The step that repeats an exchange; the leader is the recorded server.

        At a log-in each target may have been sent the account that it alone has.
        """
        bodies = {request.body for request in exchange.requests.values()}
        own = exchange.group is not None and len(bodies) > 1
        apart = exchange.requests if own else {}
        return cls(exchange.request, exchange.leader, group=exchange.group, apart=apart)

    def captured(self, base_url: str) -> Captured:
        """The same as a tool would have written it down, the API being at `base_url`."""
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

    `base_url` is where the recorded server was; `notes` say for people what was left out and why.
    Without bodies (`has_bodies`) no answer tells which ids belong together. `is_traffic` says that
    the answers are as they came; those of a report are cut and masked. Of the API's own requests
    `unsent` could not be sent again.
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
    """One request and answer as a tool wrote them down, with an absolute `url`.

    `name` says for people where it stands. One of which something is `missing`, in words, cannot be
    sent again. `blackened` are the lower-cased names of headers whose values the tool kept back.
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
    """Scheme and host of a URL, without the port that its scheme has anyway."""
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
