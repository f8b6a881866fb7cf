"""The Task Timer on FastAPI: the checks, handlers and services of the Python twin as they are."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Annotated, Any

from anyio import from_thread, to_thread
from fastapi import Depends, FastAPI, Request, Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from task_timer.api.answers import Answer, Handler
from task_timer.api.call import Call
from task_timer.api.checks import checks, finisher
from task_timer.api.middleware.access_log import AccessLog
from task_timer.api.middleware.error_handler import ErrorHandler
from task_timer.api.middleware.metrics import Metrics
from task_timer.api.middleware.routing import answer_options, enter
from task_timer.api.routes import bound_handlers
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.current import using
from task_timer.operations import Operation
from task_timer.resources import Resources, disconnect, make_resources
from task_timer.server.threads import SPARE_THREADS
from task_timer.utils.errors import BadRequestError, DomainError, PathNotFoundError
from task_timer.utils.uri import decode, route_path


class TaskTimer(FastAPI):
    """A FastAPI application whose routes are the operations of the contract."""

    def __init__(self, resources: Resources, **options: Any) -> None:
        # Its own spans begin too late for what is refused before routing, and for the log.
        telemetry: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
        super().__init__(openapi_url=None, redirect_slashes=False, telemetry=telemetry, **options)
        self.resources = resources
        contract = resources.contract
        metrics = Metrics(contract, shared=resources.settings.workers > 1)
        self._access_log = AccessLog(resources, metrics)
        self._checks = checks(resources)
        self._finish = finisher(resources)
        self._errors = ErrorHandler(contract, self._finish)
        for name, handler in bound_handlers(resources, metrics).items():
            each = contract.operations[name]
            methods = ["GET", "HEAD"] if each.method == "GET" else [each.method]
            self.add_api_route(each.path, self._endpoint(each, handler), methods=methods)
        for path in contract["paths"]:
            others = self._endpoint(None, answer_options(contract.allow(path)))
            self.add_api_route(path, others, methods=contract["x-methods"])
        for kind in (HTTPException, DomainError, Exception):
            self.add_exception_handler(kind, self._answer_error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, and logs it."""
        if scope["type"] != "http":
            return await super().__call__(scope, receive, send)
        call = scope["state"]["call"] = _make_call(self.resources, scope, receive)
        scope["path"] = route_path(call.target)
        with using(self.resources):
            self._access_log.begin(call)
            try:
                for check in self._checks.before_routing:
                    check(call)
                await super().__call__(scope, receive, send)
            except DomainError as error:
                await _response(call, self._errors.answer(call, error))(scope, receive, send)
            except Exception:
                # Starlette raises again what it has answered with 500.
                if not call.status:
                    raise
            finally:
                self._access_log.end(call)

    def _endpoint(self, operation: Operation | None, handler: Handler) -> Callable[..., Response]:
        def checked(request: Request) -> Call:
            call: Call = request.state.call
            if operation:
                enter(call, operation, {n: decode(v) for n, v in request.path_params.items()})
            for check in self._checks.after_routing:
                check(call)
            return call

        def answered(call: Annotated[Call, Depends(checked)]) -> Response:
            return _response(call, self._finish(call, handler(call)))

        return answered

    async def _answer_error(self, request: Request, error: Exception) -> Response:
        reason = PathNotFoundError() if isinstance(error, HTTPException) else error
        return _response(request.state.call, self._errors.answer(request.state.call, reason))


def create_app(settings: Settings, contract: Contract) -> Any:
    """Creates the application, without connecting to anything. Raises ContractError."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        threads = to_thread.current_default_thread_limiter()
        threads.total_tokens = settings.database_pool_size + SPARE_THREADS
        async with exporting():
            yield
        disconnect(resources)

    resources = make_resources(settings, contract)
    app = TaskTimer(resources, lifespan=lifespan)
    exporting: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    if not settings.traces_endpoint:
        return app
    # Imported only if traces are exported.
    import tracing  # noqa: PLC0415

    exporting = partial(tracing.exporting, settings)
    return tracing.Traced(app, resources)


def _make_call(resources: Resources, scope: Scope, receive: Receive) -> Call:
    async def read(limit: int) -> bytes:
        data, more = b"", True
        while more and len(data) <= limit:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise BadRequestError
            data, more = data + message["body"], message["more_body"]
        return data

    named = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
    return Call(
        resources=resources,
        method=scope["method"],
        target=scope["state"]["target"],
        protocol=f"HTTP/{scope['http_version']}",
        peer=scope["client"][0],
        port=scope["server"][1],
        fields=[(name, value.strip(" \t")) for name, value in named],
        read=lambda limit: from_thread.run(read, limit),
    )


def _response(call: Call, answer: Answer) -> Response:
    closing = {"Connection": "close"} if call.closes else {}
    return Response(answer.body, answer.status, answer.headers | closing)
