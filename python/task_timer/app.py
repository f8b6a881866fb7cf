"""Assembles the application, and is the only module that knows its framework."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask, Response, request

from .api.answers import Handler
from .api.call import Call
from .api.checks import Check, Finish, checks, finisher
from .api.middleware.access_log import AccessLog
from .api.middleware.error_handler import ErrorHandler
from .api.middleware.metrics import Metrics
from .api.routes import bound_handlers
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
        finish: Finish,
    ) -> None:
        super().__init__(__name__, static_folder=None)
        self._contract = contract
        self._access_log = access_log
        self._handlers = handlers
        self._finish = finish

    def ensure_sync(self, func: Any) -> Any:
        """Takes functions as they are: none is a coroutine, so none is looked for."""
        return func

    def create_url_adapter(self, request: Any) -> None:
        """Matches no path: the contract does, on the path as it was sent."""

    def wsgi_app(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Answers a request, and logs it."""
        call = make_call(self._contract, environ)
        self._access_log.begin(call)
        try:
            return super().wsgi_app(environ, start_response)
        finally:
            self._access_log.end(call)

    def check(self, check: Check) -> None:
        """Runs a check before every request, after those that were given before."""

        def run() -> Any:
            call = current()
            answer = check(call)
            return answer and self._finish(call, answer)

        self.before_request(run)

    def dispatch_request(self) -> Any:
        """Runs the handler of the operation that was found."""
        call = current()
        return self._finish(call, self._handlers[call.operation_name](call))

    def make_response(self, rv: Any) -> Response:
        """Makes Flask's response of an answer."""
        return _Response(rv.body, rv.status, rv.headers)


def create_app(settings: Settings, contract: Contract) -> TaskTimer:
    """Makes the application, without a connection to anything. Raises ContractError."""
    metrics = Metrics(contract, shared=settings.workers > 1)
    handlers = bound_handlers(settings, contract, metrics)
    configure_services(settings, contract)
    finish = finisher(settings, contract)
    errors = ErrorHandler(contract, finish)
    app = TaskTimer(contract, AccessLog(contract, metrics), handlers, finish)
    for check in checks(settings, contract):
        app.check(check)

    @app.errorhandler(Exception)
    def answer_error(error: Exception) -> Any:
        return errors.answer(current(), error)

    return app


def current() -> Call:
    """Gives the call that a response is for."""
    call: Call = request.environ[CALL]
    return call
