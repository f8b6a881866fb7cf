"""Probes with requests of web applications from other origins.

A browser names the origin in each such request, asks before most writes with a preflight request,
and withholds responses whose header fields do not allow the origin (Fetch, section 3.2, CORS
protocol: https://fetch.spec.whatwg.org/#http-cors-protocol).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from lockstep.drivers.probes.trial import Change, Probe, Send, Trial
from lockstep.drivers.walk.identifiers import unknown
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.openapi.operations import Operation
from lockstep.openapi.prose import origins_in
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Request, Response

_TRIED, _PREFLIGHT, _READ, _REFUSED = 11, 12, 12, 13
# An origin that no server knows, and that of documents without one (RFC 6454, section 7.3).
_STRANGERS = ("https://lockstep.example", "null")
# Where tools for web applications serve them during development.
_USUAL = ("http://localhost:3000", "http://localhost:5173", "http://localhost:8080")
_MOST_TOLD = 4
# The fields that need no preflight request, and those that browsers set (Fetch, section 2.2.2).
_UNNAMED = frozenset({"accept", "accept-language", "content-language", "cookie", "range", "origin"})
_SIMPLE_TYPES = frozenset(
    {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
)


@dataclass(slots=True)
class Origins:
    """Finds an origin that a server allows, and sends requests of its web applications.

    `given` are the origins of the configuration; without any, those that the document names and
    usual ones are tried. Where no response allows an origin, nothing more is sent.
    """

    maker: Maker
    given: Sequence[str] = ()
    _allowed: str = ""

    def probes(self) -> Iterator[Probe]:
        """Yield the probes, those that look for an origin first."""
        client = self.maker.client
        every = [
            each
            for each in client.document.operations.values()
            if client.exchanger.ledger.share.owns(each.name) and not changes_state(each)
        ]
        reads = sorted((each for each in every if each.method == "GET"), key=_outer_first)
        for origin in (*_STRANGERS, *self._candidates()) if reads else ():
            yield Probe(_TRIED, f"from {origin}", partial(self._try, reads[0], origin))
        for operation in every:
            trial = Trial(self.maker, operation)
            yield Probe(_PREFLIGHT, "a preflight request", self._sent(trial, self._ask_first))
            if operation.method == "GET" and operation is not reads[0] and not trial.spares_user:
                yield Probe(_READ, "from another origin", self._sent(trial, self._read))
            if operation.requires_auth and client.actors is not None:
                refused = self._sent(trial, self._be_refused)
                yield Probe(_REFUSED, "from another origin, without credentials", refused)

    def _candidates(self) -> list[str]:
        if self.given:
            return list(self.given)
        document = self.maker.client.document.modern
        told = origins_in(str(document.get("info", {}).get("description", "")))[:_MOST_TOLD]
        servers = document.get("servers") or ()
        urls = [str(each.get("url", "")) for each in servers if isinstance(each, dict)]
        return list(dict.fromkeys([*told, *filter(None, map(_origin, urls)), *_USUAL]))

    def _try(self, operation: Operation, origin: str) -> Exchange | None:
        """Read from an origin, unless one is known that is allowed by its name."""
        if self._allowed not in ("", *_STRANGERS):
            return None
        trial = Trial(self.maker, operation)
        exchange = trial.send(trial.request(), change=_from(origin))
        if _allows(exchange):
            self._allowed = origin
        return exchange

    def _sent(self, trial: Trial, act: Callable[[Trial], Exchange]) -> Send:
        return lambda: act(trial) if self._allowed else None

    def _read(self, trial: Trial) -> Exchange:
        return trial.send(trial.request(), change=_from(self._allowed))

    def _be_refused(self, trial: Trial) -> Exchange:
        """Send a request without credentials; web applications need to read why it is refused."""
        values = unknown(self.maker.client, trial.operation)
        request = trial.request(values=values)
        return trial.send(request, values, change=_from(self._allowed), actor="")

    def _ask_first(self, trial: Trial) -> Exchange:
        """Send the preflight request of a valid one; it has no credentials."""
        values = unknown(self.maker.client, trial.operation)
        plain = trial.request(values=values)
        signed = trial.signed(plain, trial.actor)
        declared = self.maker.client.parameters(trial.operation)
        own = [(each.name, "") for each in declared if each.location == "header"]

        def change(request: Request) -> Request:
            fields = [("Origin", self._allowed), ("Access-Control-Request-Method", request.method)]
            names = {_to_ask_for(*field) for field in (*signed.headers, *own)} - {""}
            if names:
                fields.append(("Access-Control-Request-Headers", ",".join(sorted(names))))
            headers = tuple(fields)
            return replace(request, method="OPTIONS", headers=headers, body=None, operation=None)

        return trial.send(plain, values, change=change, actor="")


def _outer_first(operation: Operation) -> tuple[bool, bool, int]:
    return "{" in operation.path, operation.requires_auth, operation.path.count("/")


def _origin(url: str) -> str:
    """Return the origin of an absolute URL, else an empty string."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    plain = parts.scheme in ("http", "https") and "{" not in parts.netloc
    return f"{parts.scheme}://{parts.netloc}" if plain and parts.netloc else ""


def _from(origin: str) -> Change:
    return lambda request: request.with_header("Origin", origin)


def _allows(exchange: Exchange) -> bool:
    """Whether any target allows the origin of a request."""
    answers = (each for each in exchange.outcomes.values() if isinstance(each, Response))
    return any(each.header("access-control-allow-origin") is not None for each in answers)


def _to_ask_for(name: str, value: str) -> str:
    """Return the name of a field that needs a preflight request, else an empty string."""
    lower = name.lower()
    if lower == "content-type" and value.partition(";")[0].strip().lower() in _SIMPLE_TYPES:
        return ""
    return "" if lower in _UNNAMED else lower
