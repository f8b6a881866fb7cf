"""Writes a line for each request, and counts it."""

import time

from ...contract import Contract
from ...db import reset_statements, statements
from ...utils.logger import logger, unbind_request_id
from ..call import Call
from .metrics import Metrics
from .request_id import RequestIds


class AccessLog:
    """The outermost: here a request begins and ends."""

    def __init__(self, contract: Contract, metrics: Metrics) -> None:
        self._metrics = metrics
        self._request_ids = RequestIds(contract)

    def begin(self, call: Call) -> None:
        """Gives a request its id, and begins to count what it costs."""
        self._request_ids.assign(call)
        reset_statements()
        self._metrics.begin()

    def end(self, call: Call) -> None:
        """Writes the line of a request that was answered, and counts it."""
        seconds = time.perf_counter() - call.started
        self._metrics.end(call, seconds, statements())
        logger().info(
            "request",
            method=call.method,
            path=call.path,
            operation=call.operation_name,
            status=call.status,
            duration_ms=round(seconds * 1000, 3),
            user_id=call.caller.user.id if call.caller else None,
            statements=statements(),
        )
        unbind_request_id()
