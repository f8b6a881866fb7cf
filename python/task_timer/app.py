"""Assembles the application, and is the only module that knows its framework."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import InternalServerError

from .api.answers import Handler
from .api.call import Call
from .api.checks import Check, Finish, checks, finishers
from .api.middleware.access_log import AccessLog
from .api.middleware.error_handler import ErrorHandler
from .api.middleware.metrics import Metrics
from .api.routes import bound_handlers
from .api.wire_errors import WIRE_ERRORS, code_of
from .api.wsgi import CALL, make_call
from .config import Settings
from .contract import Contract
from .services import configure_services


class _Response(Response):
    default_mimetype = None


class TaskTimer(Flask):
    """A Flask application whose routes are the operations of the contract."""

    def __init__(
        self,
        contract: Contract,
        access_log: AccessLog,
        handlers: Mapping[str, Handler],
        finish: Iterable[Finish],
    ) -> None:
        super().__init__(__name__, static_folder=None)
        self._contract = contract
        self._access_log = access_log
        self._handlers = handlers
        self._finish = tuple(finish)

    def create_url_adapter(self, request: Any) -> None:
        """Matches no path: the contract does, on the path as it was sent."""

    def wsgi_app(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Answers a request, and logs it."""
        status = 0

        def start(line: str, headers: Any, *rest: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, headers, *rest)

        call = make_call(self._contract, environ)
        self._access_log.begin(call)
        try:
            return super().wsgi_app(environ, start)
        except WIRE_ERRORS as error:
            status = self._contract["x-errors"][code_of(error)]["status"]
            raise
        finally:
            self._access_log.end(call, status)

    def dispatch_request(self) -> Any:
        """Runs the handler of the operation that was found."""
        call = current()
        return self._handlers[call.operation_name](call)

    def make_response(self, rv: Any) -> Response:
        """Finishes an answer, and makes Flask's response of it."""
        call, answer = current(), rv
        for finish in self._finish:
            answer = finish(call, answer)
        return _Response(answer.body, answer.status, answer.headers)

    def log_exception(self, exc_info: Any) -> None:
        """Leaves it to the error handler."""


def create_app(settings: Settings, contract: Contract) -> TaskTimer:
    """Makes the application, without a connection to anything. Raises ContractError."""
    metrics = Metrics(contract, shared=settings.workers > 1)
    handlers = bound_handlers(settings, contract, metrics)
    configure_services(settings, contract)
    app = TaskTimer(contract, AccessLog(contract, metrics), handlers, finishers(settings, contract))
    for check in checks(settings, contract):
        app.before_request(partial(_run, check))
    app.register_error_handler(Exception, partial(_answer_error, ErrorHandler(contract)))
    return app


def current() -> Call:
    """Gives the call that a response is for."""
    call: Call = request.environ[CALL]
    return call


def _run(check: Check) -> Any:
    return check(current())


def _answer_error(handler: ErrorHandler, error: Exception) -> Any:
    """Answers with what went wrong. What the parser refuses goes back to the server."""
    if isinstance(error, InternalServerError) and error.original_exception:
        reason = error.original_exception
        if isinstance(reason, WIRE_ERRORS):
            raise reason
        return handler.answer(current(), reason)
    if isinstance(error, WIRE_ERRORS):
        raise error
    return handler.answer(current(), error)
