"""One handler for each operation: loads typed input, calls a service, dumps the result."""

from ...resources import Resources
from ..answers import Handler
from ..middleware.idempotency import idempotent
from ..middleware.metrics import Metrics
from ..middleware.read_replica import replicated
from . import auth, reports, tasks, time_entries, timer, users
from .system import System


def all_handlers(resources: Resources, metrics: Metrics) -> tuple[Handler, ...]:
    """Lists the handlers of all operations; each is named like its operation, in snake_case."""
    return (
        *auth.HANDLERS,
        *users.HANDLERS,
        *tasks.HANDLERS,
        *time_entries.HANDLERS,
        *timer.HANDLERS,
        *reports.HANDLERS,
        *System(resources, metrics).handlers(),
    )


def bound_handlers(resources: Resources, metrics: Metrics) -> dict[str, Handler]:
    """Maps each operationId to its handler. Raises ContractError.

    Operations that take an Idempotency-Key are safe to retry.
    """
    bound = resources.contract.bind(all_handlers(resources, metrics))
    return {name: _wrapped(resources, metrics, name, each) for name, each in bound.items()}


def _wrapped(
    resources: Resources, metrics: Metrics, operation_id: str, handler: Handler
) -> Handler:
    operation = resources.contract.operations[operation_id]
    takes_key = "idempotency-key" in operation.parameters["header"].types
    once = idempotent(handler) if takes_key else handler
    return replicated(resources, metrics, operation, once)
