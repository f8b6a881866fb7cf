"""Sends the requests of Schemathesis through an exchanger."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import requests
from requests.utils import get_encoding_from_headers
from schemathesis import Case
from schemathesis.core.transport import Response as SchemathesisResponse
from schemathesis.generation.overrides import Override
from schemathesis.transport import SerializationContext
from schemathesis.transport.requests import REQUESTS_TRANSPORT, RequestsTransport

from lockstep.auth.actors import Actor, ActorBook, ActorError
from lockstep.bodies.sequences import encode_items
from lockstep.drivers.fuzz.methods import method_of, place_of
from lockstep.drivers.fuzz.pool import Pool
from lockstep.drivers.fuzz.value_dictionary import INSTANT
from lockstep.exchange.exchanger import Exchanger, TargetLostError
from lockstep.results.exchange import Exchange
from lockstep.results.faults import LeftOutError
from lockstep.transport.messages import NoResponse, Request, Response
from lockstep.transport.streams import SEQUENCES

# Placeholder for the credentials of an actor, who is chosen when the request is sent.
PLACEHOLDER = "lockstep-actor"
KEPT_EXCHANGES = 2000
_TOKEN = re.compile(r"[A-Za-z0-9_.\-]{16,}")
# Set by the client library for its own purposes, or about the connection rather than the request
# (RFC 9110, 7.6.1 and 10.1.1); generated header names match these by chance.
_DROPPED = frozenset(
    {
        *("accept-encoding", "content-length", "host", "user-agent", "x-schemathesis-testcaseid"),
        *("connection", "expect", "keep-alive", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade"),
    }
)
# No field value has them (RFC 9110, 5.5), and parsers refuse them in their own ways before any
# application sees them. Traps send such values.
_CONTROL = dict.fromkeys([*range(9), *range(10, 32), 127])


class ExchangeTransport(RequestsTransport):
    """A transport that sends every request, those of checks included, to every target."""

    def __init__(self, exchanger: Exchanger, actors: ActorBook | None, pool: Pool) -> None:
        super().__init__()
        self._copy_serializers_from(REQUESTS_TRANSPORT)
        self.serializer(*(f"application/{name}" for name in SEQUENCES))(_sequence)
        self._exchanger = exchanger
        self._actors = actors
        self._pool = pool
        self._exchanges: dict[str, Exchange] = {}
        self._stopped = False
        self.lost = ""

    def sends(self, case: Case[Any]) -> bool:
        """Whether a case is sent by this transport."""
        return case.operation.schema.transport is self

    def stop(self) -> None:
        """Stop sending: the next request ends the engine."""
        self._stopped = True

    def exchange_of(self, case_id: str) -> Exchange | None:
        """Return the exchange of a recent case."""
        return self._exchanges.get(case_id)

    def send(
        self,
        case: Case[Any],
        *,
        session: requests.Session | None = None,  # noqa: ARG002 - connections are the targets'
        **kwargs: Any,
    ) -> SchemathesisResponse:
        """Send one case and return the leader's response.

        Raises `requests.ConnectionError` or `requests.Timeout` if the leader does not respond, and
        `KeyboardInterrupt` if continuing is pointless: `lost` then has the reason.
        """
        if self._stopped:
            raise KeyboardInterrupt
        prepared = self._prepare(case, kwargs)
        try:
            request = request_of(prepared)
            self._exchanger.leave_out_slow(request)
            actor = self._actor(case, request)
            exchange = self._exchanger.send(self._authorised(request, actor))
        except LeftOutError as error:
            raise requests.Timeout(f"left out: {error}", request=prepared) from error
        except (ActorError, TargetLostError) as error:
            # Other exceptions would end the case, not the run.
            self.lost = str(error)
            raise KeyboardInterrupt from error
        self._exchanges[case.id] = exchange
        if len(self._exchanges) > KEPT_EXCHANGES:
            del self._exchanges[next(iter(self._exchanges))]
        if actor is not None and self._actors is not None:
            self._actors.notice(exchange, actor)
        return _answer(exchange, prepared, kwargs)

    def _prepare(self, case: Case[Any], kwargs: dict[str, Any]) -> requests.PreparedRequest:
        data = self._build_request_data(case, kwargs)
        return requests.Request(
            method=method_of(case),
            url=data["url"],
            headers=data["headers"],
            params=data.get("params"),
            data=data.get("data"),
            json=data.get("json"),
            files=data.get("files"),
            cookies=data.get("cookies"),
        ).prepare()

    def _actor(self, case: Case[Any], request: Request) -> Actor | None:
        if self._actors is None or not self._is_marked(request):
            return None
        label = self._exchanger.ledger.document.label(*place_of(case))
        text = f"{request.path} {request.body!r}"
        keys = [*_TOKEN.findall(text), *sorted(self._exchanger.names(request))]
        keys += [found[0] for found in INSTANT.finditer(unquote(request.path.partition("?")[2]))]
        owners = filter(None, map(self._pool.owner, keys))
        return self._actors.choose(label, next(owners, None))

    def _authorised(self, request: Request, actor: Actor | None) -> Request:
        if actor is None or self._actors is None:
            return request
        return self._actors.authorise(self._actors.credential.remove(request), actor)

    def _is_marked(self, request: Request) -> bool:
        values = (value for _, value in request.headers)
        return PLACEHOLDER in request.path or any(PLACEHOLDER in value for value in values)


def _sequence(context: SerializationContext, value: Any) -> dict[str, Any]:
    """Serialize a body as a JSON sequence; a value that is not a list is its only item."""
    items = value if isinstance(value, list) else [value]
    return {"data": encode_items(context.case.media_type or "", items)}


def request_of(prepared: requests.PreparedRequest) -> Request:
    """Return the request to the targets: that of the client library without its own fields."""
    headers = tuple(
        (name, (value if isinstance(value, str) else value.decode("latin-1")).translate(_CONTROL))
        for name, value in prepared.headers.items()
        if name.lower() not in _DROPPED and (name, value) != ("Accept", "*/*")
    )
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    return Request(str(prepared.method), prepared.path_url, headers, body)


def _answer(
    exchange: Exchange, prepared: requests.PreparedRequest, kwargs: dict[str, Any]
) -> SchemathesisResponse:
    outcome = exchange.leader
    if isinstance(outcome, NoResponse):
        error = requests.Timeout if outcome.reason == "timeout" else requests.ConnectionError
        raise error(f"{outcome.reason}: {outcome.detail}", request=prepared)
    headers: dict[str, list[str]] = {}
    for name, value in outcome.headers:
        headers.setdefault(name, []).append(value)
    return SchemathesisResponse(
        status_code=outcome.status,
        headers=headers,
        content=_within_limits(outcome.body),
        request=prepared,
        elapsed=0.0,
        verify=False,
        message=outcome.reason,
        encoding=_encoding(outcome),
        _override=Override.from_send_kwargs(kwargs),
    )


def _within_limits(body: bytes) -> bytes:
    """Return a body that the engine can read: empty if it is JSON beyond Python's limits.

    The engine expects no errors of the JSON parser but that a text is not JSON.
    """
    try:
        json.loads(body)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return body
    except (RecursionError, ValueError):
        return b""
    return body


def _encoding(response: Response) -> str | None:
    media_type = response.header("content-type")
    if media_type is None:
        return None
    encoding: str | None = get_encoding_from_headers({"content-type": media_type})
    return encoding
