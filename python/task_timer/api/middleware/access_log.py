"""Writes a line for each request, and counts it."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from ...contract import Contract
from ...db import reset_statements, statements
from ...utils.logger import logger, unbind_request_id
from ..call import Call, make_call
from ..wire_errors import WIRE_ERRORS, code_of
from .metrics import Metrics
from .request_id import RequestIds

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class AccessLog:
    """A WSGI application around another, the outermost: here a request begins and ends."""

    def __init__(self, application: Application, contract: Contract, metrics: Metrics) -> None:
        self._application = application
        self._contract = contract
        self._metrics = metrics
        self._request_ids = RequestIds(contract)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers a request."""
        status = 0

        def start(line: str, headers: Any, *rest: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, headers, *rest)

        call = make_call(self._contract, environ)
        self._request_ids.assign(call)
        reset_statements()
        self._metrics.begin()
        try:
            return self._application(environ, start)
        except WIRE_ERRORS as error:
            status = self._contract["x-errors"][code_of(error)]["status"]
            raise
        finally:
            self._end(call, status)
            unbind_request_id()

    def _end(self, call: Call, status: int) -> None:
        seconds = time.perf_counter() - call.started
        self._metrics.end(call, status, seconds, statements())
        logger().info(
            "request",
            method=call.method,
            path=call.path,
            operation=call.operation_name,
            status=status,
            duration_ms=round(seconds * 1000, 3),
            user_id=call.caller.user.id if call.caller else None,
            statements=statements(),
        )
