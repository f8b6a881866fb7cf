"""Logs each request, and counts it."""

import time

from ...current import context
from ...resources import Resources
from ...utils.logger import logger, unbind_request
from ..call import Call
from . import trace_context
from .metrics import Metrics
from .request_id import RequestIds


class AccessLog:
    """The outermost middleware: here a request begins and ends."""

    def __init__(self, resources: Resources, metrics: Metrics) -> None:
        self._metrics = metrics
        self._request_ids = RequestIds(resources.contract)
        # Bound once: otherwise structlog does so for each line.
        self._logger = logger().bind()

    def begin(self, call: Call) -> None:
        """Assigns request ID and trace, and begins to measure."""
        self._request_ids.assign(call)
        trace_context.assign(call)
        context().statements = 0
        self._metrics.begin()

    def end(self, call: Call) -> None:
        """Logs a completed request, and counts it."""
        seconds = time.perf_counter() - call.started
        statements = context().statements
        self._metrics.end(call, seconds, statements)
        if call.refusal is not None:
            self._logger.info("request_refused", status=call.status, code=call.refusal)
        else:
            self._logger.info(
                "request",
                method=call.method,
                path=call.path,
                operation=call.operation_name,
                status=call.status,
                duration_ms=round(seconds * 1000, 3),
                user_id=call.caller.user.id if call.caller else None,
                statements=statements,
            )
        unbind_request()
