"""Creates the application; the only module that depends on its framework."""

import functools
from collections.abc import Callable, Mapping
from contextvars import Token
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, g, request
from flask.ctx import AppContext
from flask.globals import request_ctx
from werkzeug.datastructures import Headers
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, MapAdapter

from . import current
from .api.answers import Answer, Handler
from .api.checks import Finish, checks, finisher
from .api.middleware.access_log import AccessLog
from .api.middleware.error_handler import ErrorHandler
from .api.middleware.metrics import Metrics
from .api.middleware.routing import answer_options, enter
from .api.routes import bound_handlers
from .api.wsgi import make_call
from .config import Settings, load_settings
from .contract import Contract, load_contract
from .operations import Operation
from .resources import Resources, make_resources
from .utils.errors import MethodNotAllowedError, PathNotFoundError
from .utils.logger import configure_logging
from .utils.uri import decode, encode, route_path

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Methods that each route of Flask has beside its own.
_MADE_BY_FLASK = frozenset({"HEAD", "OPTIONS"})


class Segment(BaseConverter):
    """A segment of a path in its canonical spelling: `%2F` stays within it."""

    def to_python(self, value: str) -> str:
        """Percent-decodes a segment."""
        return decode(value)

    def to_url(self, value: Any) -> str:
        """Percent-encodes all but the unreserved characters."""
        return encode(str(value))


class ResourcesContext(AppContext):
    """An application context that gives services the resources of the process."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self._entered: list[Token[current.Context | None]] = []

    def push(self) -> None:
        """Enters the context."""
        self._entered.append(current.enter(self.app.extensions["task_timer"]))
        super().push()

    def pop(self, *error: BaseException | None) -> None:
        """Leaves the context, after the teardown functions have run."""
        try:
            super().pop(*error)
        finally:
            current.leave(self._entered.pop())


class TaskTimer(Flask):
    """A Flask application that routes by the contract, whatever the host."""

    @property
    def resources(self) -> Resources:
        """The resources of the process."""
        resources: Resources = self.extensions["task_timer"]
        return resources

    def app_context(self) -> AppContext:
        """Creates the context of a request, a command or a test."""
        return ResourcesContext(self)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Routes by the canonical spelling of the path, ignoring Host and Upgrade."""
        if request is None:
            return super().create_url_adapter(None)
        path = route_path(request.environ["RAW_URI"])
        # Werkzeug would merge leading slashes.
        path = "" if path.startswith("//") else path
        return self.url_map.bind("", path_info=path, default_method=request.method)

    def make_default_options_response(self) -> Response:
        """Responds to OPTIONS for all operations of a path."""
        return _Unfinished(answer_options(_allow())(g.call))

    def ensure_sync(self, func: Any) -> Any:
        """Returns functions as they are: a look for coroutines costs a tenth of a small request."""
        return func


def create_app(settings: Settings | None = None, contract: Contract | None = None) -> TaskTimer:
    """Creates the application, without connecting to anything. Raises ContractError.

    Without settings it reads those of the environment, for one process: `flask --app
    task_timer.app run` calls it so.
    """
    if settings is None:
        settings = replace(load_settings(), workers=1)
        configure_logging(settings.log_level)
    resources = make_resources(settings, contract or load_contract(settings.contract_path))
    metrics = Metrics(resources.contract, shared=settings.workers > 1)
    handlers = bound_handlers(resources, metrics)
    app = TaskTimer(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.converters["default"] = Segment
    app.extensions["task_timer"] = resources
    _begin(app, resources, AccessLog(resources, metrics))
    operations = resources.contract.operations
    finish = finisher(resources)
    _check(app, resources, {handlers[name].__name__: operations[name] for name in operations})
    for name, operation in operations.items():
        rule = operation.path.replace("{", "<").replace("}", ">")
        view = _answered(handlers[name], finish)
        app.add_url_rule(rule, view_func=view, methods=[operation.method])
    _finish(app, finish)
    _handle_errors(app, ErrorHandler(resources.contract, finish))
    return app


def routes_of(app: Flask) -> list[str]:
    """Lists the routes of the contract that were created: `POST /api/v1/tasks`."""
    created = [
        (rule.rule.replace("<", "{").replace(">", "}"), (rule.methods or set()) - _MADE_BY_FLASK)
        for rule in app.url_map.iter_rules()
    ]
    return [f"{method} {path}" for path, methods in created for method in methods]


def _begin(app: Flask, resources: Resources, access_log: AccessLog) -> None:
    """Creates the call of a request as it begins, and logs it when it ends."""

    @app.before_request
    def begin() -> None:
        g.call = call = make_call(resources, request.environ)
        access_log.begin(call)

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        call = g.get("call")
        if call is not None:
            access_log.end(call)


def _check(app: Flask, resources: Resources, operations: Mapping[str, Operation]) -> None:
    """Runs the checks in their order. If no route matched, Flask raises that after them.

    operations: by the name of their view function.
    """
    every = checks(resources)

    @app.before_request
    def check() -> None:
        call = g.call
        for each in every.before_routing:
            each(call)
        rule = request.url_rule
        if rule and rule.endpoint in operations and call.method != "OPTIONS":
            enter(call, operations[rule.endpoint], request.view_args or {})
        for each in every.after_routing:
            each(call)


def _answered(handler: Handler, finish: Finish) -> Callable[..., Response]:
    @functools.wraps(handler)
    def view(**_path_values: str) -> Response:
        call = g.call
        return _Finished(finish(call, handler(call)))

    return view


def _finish(app: Flask, finish: Finish) -> None:
    """Applies the finishers to the responses of blueprints and extensions too."""

    @app.after_request
    def finish_response(response: Response) -> Response:
        if isinstance(response, _Finished):
            return response
        body = response.get_data() or None
        given = Answer(response.status_code, dict(response.headers), body)
        return _Finished(finish(g.call, given))


def _handle_errors(app: Flask, errors: ErrorHandler) -> None:
    @app.errorhandler(NotFound)
    def answer_not_found(_error: NotFound) -> Response:
        return _Finished(errors.answer(g.call, PathNotFoundError()))

    @app.errorhandler(MethodNotAllowed)
    def answer_method_not_allowed(_error: MethodNotAllowed) -> Response:
        return _Finished(errors.answer(g.call, MethodNotAllowedError(_allow())))

    @app.errorhandler(Exception)
    def answer_error(error: Exception) -> Response:
        return _Finished(errors.answer(g.call, getattr(error, "original_exception", error)))


class _Unfinished(Response):
    default_mimetype = None

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body, answer.status, answer.headers)


class _Finished(_Unfinished):
    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        """Returns the headers as they are: copying them costs a tenth of a small request."""
        return self.headers


def _allow() -> str:
    """Returns the value of the Allow header for the path of the request."""
    adapter: MapAdapter = request_ctx.url_adapter  # type: ignore[assignment]
    order = current.resources().contract["x-methods"]
    return ", ".join(sorted(adapter.allowed_methods(), key=order.index))
