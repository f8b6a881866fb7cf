"""Turns failures of Schemathesis checks into findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from schemathesis import Case
from schemathesis.core.failures import AcceptedNegativeData, Failure, MalformedJson, ServerError
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.meta import CoveragePhaseData, FuzzingPhaseData
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import (
    ContentDeserializationError,
    EnsureResourceAvailability,
    JsonSchemaError,
    MissingContentType,
    MissingHeaderNotRejected,
    MissingHeaders,
    RejectedPositiveData,
    UndefinedContentType,
    UndefinedStatusCode,
)

from lockstep.bodies.xml import is_xml
from lockstep.drivers.fuzz.as_sent import is_valid_body
from lockstep.drivers.fuzz.methods import method_of, place_of
from lockstep.drivers.fuzz.transport import ExchangeTransport
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.media import is_json
from lockstep.openapi.operations import IGNORED_HEADERS
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Outcome, Request, status_of
from lockstep.transport.messages import Response as Answer
from lockstep.transport.streams import bare, is_stream

# Checks that lockstep does by itself, on every target rather than on the leader only.
_JUDGED = (
    JsonSchemaError,
    MissingContentType,
    MissingHeaders,
    ServerError,
    UndefinedContentType,
)

# Bodies that cannot be parsed; lockstep judges whether a body is JSON.
_UNREADABLE = (ContentDeserializationError, MalformedJson)
# Invalid requests that were accepted; no standard mandates the status code of a refusal.
_NOT_REFUSED = (AcceptedNegativeData, MissingHeaderNotRejected)


class FailureFilter:
    """Records every failure as a finding and hides it from Schemathesis.

    So the engine does not stop, shrink or replay, but continues with the next case.
    """

    def __init__(self, exchanger: Exchanger, transport: ExchangeTransport) -> None:
        self._exchanger = exchanger
        self._transport = transport

    def filter_failure(
        self, _context: HookContext, failure: Failure, case: Case[Any], _response: Response
    ) -> bool:
        """The Schemathesis hook; always returns false."""
        exchange = self._transport.exchange_of(failure.case_id or case.id)
        if exchange is None or exchange.sets_up:
            return False
        if not self._is_known(failure, case, exchange):
            leader = next(iter(exchange.outcomes))
            self._exchanger.ledger.findings.add_violation(
                exchange,
                type(failure).__name__,
                failure._unique_key or failure.title,
                {leader: f"{failure.title}: {failure.message}"},
                self._exchanger.trace,
            )
        return False

    def _is_known(self, failure: Failure, case: Case[Any], exchange: Exchange) -> bool:
        if isinstance(failure, JsonSchemaError) and (
            _is_stream(exchange.leader) or "format" not in failure.schema_path[-1:]
        ):
            # Without an `itemSchema` the engine validates each event against the schema of the
            # whole stream, and it ignores discriminators and patterns of other dialects.
            return True
        if isinstance(failure, UndefinedStatusCode):
            # Lockstep reports it, except where no response at all is documented.
            return True
        if isinstance(failure, _UNREADABLE) and _is_json(exchange.leader):
            return True
        if isinstance(failure, _JUDGED) or (status_of(exchange.leader) or 0) >= 500:
            return not exchange.conformant
        if isinstance(failure, _NOT_REFUSED) and (
            _is_refusal(exchange.leader) or _is_about_ignored(failure, case)
        ):
            return True
        if isinstance(failure, AcceptedNegativeData):
            return self._only_body_is_negative(case) and (
                self._body_is_valid(case, exchange) is True
                or self._needs_no_body(case, exchange)
                or _is_xml(exchange.request)
            )
        if isinstance(failure, RejectedPositiveData):
            # A link whose expression has no result supplies null, which is not a valid parameter.
            nothing = None in case.path_parameters.values() or None in case.query.values()
            return nothing or self._body_is_valid(case, exchange) is False
        if isinstance(failure, EnsureResourceAvailability):
            undone = self._exchanger.has_parted(exchange.request)
            return undone or not self._should_exist(exchange)
        return False

    def _body_is_valid(self, case: Case[Any], exchange: Exchange) -> bool | None:
        """Whether a form or sequence is valid as it was sent; `None` if it is neither."""
        ledger = self._exchanger.ledger
        operation = ledger.document.find(method_of(case), place_of(case)[1])
        if operation is None:
            return None
        return is_valid_body(ledger.document, ledger.conformance, operation, exchange.request)

    def _needs_no_body(self, case: Case[Any], exchange: Exchange) -> bool:
        """Whether a request has no body, and need not have one."""
        document = self._exchanger.ledger.document
        operation = document.find(method_of(case), place_of(case)[1])
        if operation is None or exchange.request.body:
            return False
        return not document.resolve(operation.definition.get("requestBody", {})).get("required")

    def _only_body_is_negative(self, case: Case[Any]) -> bool:
        meta = case.meta
        return meta is not None and not any(
            meta.is_negative_at(location)
            for location in ParameterLocation
            if location is not ParameterLocation.BODY
        )

    def _should_exist(self, exchange: Exchange) -> bool:
        """Whether the same actor created all that a request refers to, and none was deleted."""
        trace = self._exchanger.trace
        if any(map(self._is_elsewhere, self._exchanger.names(_place(exchange.request)))):
            return False
        makers = trace.makers(exchange)
        by_others = any(maker.request.actor != exchange.request.actor for maker in makers)
        return (
            not by_others and not self._is_mixed(exchange, makers) and not trace.deletions(exchange)
        )

    def _is_elsewhere(self, key: str) -> bool:
        """Whether a resource with that id exists, but within another parent."""
        trace = self._exchanger.trace
        return trace.maker(key) is None and trace.maker(key.rpartition("/")[2]) is not None

    def _is_mixed(self, exchange: Exchange, makers: Iterable[Exchange]) -> bool:
        """Whether a path with several ids refers to a resource within a wrong parent."""
        things = self._in_path(exchange.request)
        return len(things) > 1 and any(
            not self._in_path(maker.request) <= things for maker in makers
        )

    def _in_path(self, request: Request) -> set[str]:
        return self._exchanger.trace.things(_place(request))


def _is_about_ignored(failure: Failure, case: Case[Any]) -> bool:
    """Whether only a header field that OpenAPI cannot describe is wrong with a request."""
    if isinstance(failure, MissingHeaderNotRejected):
        return failure.header_name.lower() in IGNORED_HEADERS
    data = case.meta.phase.data if case.meta is not None else None
    if not isinstance(data, CoveragePhaseData | FuzzingPhaseData):
        return False
    is_header = data.parameter_location is ParameterLocation.HEADER
    return is_header and (data.parameter or "").lower() in IGNORED_HEADERS


def _place(request: Request) -> Request:
    """Return a request that has only the path."""
    return replace(request, path=request.path.partition("?")[0], headers=(), body=None)


def _is_refusal(outcome: Outcome) -> bool:
    return 400 <= (status_of(outcome) or 0) < 500


def _is_xml(request: Request) -> bool:
    """Whether a body has no types: an empty element may be an object, a list or a text."""
    return is_xml(bare(request.header("content-type")))


def _is_json(outcome: Outcome) -> bool:
    return isinstance(outcome, Answer) and is_json(outcome.header("content-type"))


def _is_stream(outcome: Outcome) -> bool:
    return isinstance(outcome, Answer) and is_stream(outcome.header("content-type"))
