"""Reads from the replica, and notes what it has to show next: with DATABASE_READ_URL alone."""

import functools

from ...operations import Operation
from ...resources import Resources
from ...services import replica_service
from ..answers import Answer, Handler
from ..call import Call
from .metrics import Metrics


def replicated(
    resources: Resources, metrics: Metrics, operation: Operation, handler: Handler
) -> Handler:
    """Wraps the handlers of operations that read from a replica, and of those that write."""
    if resources.replica is None or not operation.secured:
        return handler
    if operation.id in resources.replica.rules["operations"]:
        return _reading(metrics, handler)
    return handler if operation.method == "GET" else _noting(handler)


def _reading(metrics: Metrics, handler: Handler) -> Handler:
    @functools.wraps(handler)
    def answer(call: Call) -> Answer:
        return replica_service.read(call.user_id, lambda: handler(call), metrics.count_read)

    return answer


def _noting(handler: Handler) -> Handler:
    @functools.wraps(handler)
    def answer(call: Call) -> Answer:
        given = handler(call)
        replica_service.note_write(call.user_id)
        return given

    return answer
