"""Assembles the application: the order of the checks is that of `x-check-order`."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from . import db
from .api.call import Handler, current
from .api.middleware import auth, conditional, response_validation, validation
from .api.middleware.access_log import AccessLog
from .api.middleware.body import Bodies
from .api.middleware.cors import Cors
from .api.middleware.error_handler import ErrorHandler
from .api.middleware.idempotency import idempotent
from .api.middleware.limits import Limits
from .api.middleware.metrics import Metrics
from .api.middleware.rate_limit import RateLimits
from .api.middleware.routing import Routing
from .api.middleware.security_headers import SecurityHeaders
from .api.routes import all_handlers
from .config import Settings
from .contract import Contract
from .services import (
    idempotency_service,
    paging,
    password_service,
    rate_limit_service,
    report_service,
    token_service,
)


class TaskTimer(Flask):
    """A Flask application whose routes are the operations of the contract."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        super().__init__(__name__, static_folder=None)
        self._handlers = handlers

    def create_url_adapter(self, request: Any) -> None:
        """Matches no path: the contract does, on the path as it was sent."""

    def dispatch_request(self) -> Any:
        """Runs the handler of the operation that was found."""
        call = current()
        return self._handlers[call.operation_name](call)

    def log_exception(self, exc_info: Any) -> None:
        """Leaves it to the error handler."""


def create_app(settings: Settings, contract: Contract) -> TaskTimer:
    """Makes the application, without a connection to anything. Raises ContractError."""
    metrics = Metrics(contract, shared=settings.workers > 1)
    handlers = contract.bind(all_handlers(settings, metrics))
    configure_services(settings, contract)
    app = TaskTimer({name: _wrapped(contract, name, bound) for name, bound in handlers.items()})
    _check_requests(app, settings, contract)
    _finish_answers(app, settings, contract)
    app.register_error_handler(Exception, ErrorHandler(contract).handle)
    app.wsgi_app = AccessLog(app.wsgi_app, contract, metrics)  # type: ignore[method-assign]
    return app


def configure_services(settings: Settings, contract: Contract) -> None:
    """Gives the services what they need of the settings and of the contract."""
    db.connect(settings)
    idempotency_service.configure(contract)
    paging.configure(contract)
    password_service.configure(contract)
    rate_limit_service.configure(settings)
    report_service.configure(contract)
    token_service.configure(contract, settings)


def _wrapped(contract: Contract, operation_id: str, handler: Handler) -> Handler:
    takes = contract.operations[operation_id].parameters["header"].types
    return idempotent(handler) if "idempotency-key" in takes else handler


def _check_requests(app: TaskTimer, settings: Settings, contract: Contract) -> None:
    app.before_request(Limits(contract).check)
    app.before_request(Routing(contract).check)
    app.before_request(RateLimits(settings).check)
    app.before_request(auth.check)
    app.before_request(Bodies(contract).check)
    app.before_request(validation.check)


def _finish_answers(app: TaskTimer, settings: Settings, contract: Contract) -> None:
    # Flask runs the last one first.
    if settings.validate_responses:
        app.after_request(response_validation.finish)
    app.after_request(SecurityHeaders(contract, settings).finish)
    app.after_request(Cors(contract, settings).finish)
    app.after_request(conditional.finish)
