"""One handler for each operation: loads typed input, calls a service, dumps the result."""

from ...contract import Contract
from ...resources import Resources
from ..answers import Handler
from ..middleware.idempotency import idempotent
from ..middleware.metrics import Metrics
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
    contract = resources.contract
    bound = contract.bind(all_handlers(resources, metrics))
    return {name: _wrapped(contract, name, handler) for name, handler in bound.items()}


def _wrapped(contract: Contract, operation_id: str, handler: Handler) -> Handler:
    takes = contract.operations[operation_id].parameters["header"].types
    return idempotent(handler) if "idempotency-key" in takes else handler
