"""The Task Timer on FastAPI: the checks, handlers and services of the Python twin as they are."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from anyio import from_thread, to_thread
from fastapi import Depends, FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from task_timer import db
from task_timer.api.answers import Answer, Handler
from task_timer.api.call import Call
from task_timer.api.checks import checks, finisher
from task_timer.api.middleware.access_log import AccessLog
from task_timer.api.middleware.error_handler import ErrorHandler
from task_timer.api.middleware.metrics import Metrics
from task_timer.api.routes import bound_handlers
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.server.threads import SPARE_THREADS
from task_timer.services import configure_services
from task_timer.utils.errors import BadRequestError, DomainError
from task_timer.utils.uri import UriError, decode, encode, split_target


class TaskTimer(FastAPI):
    """A FastAPI application whose routes are the operations of the contract."""

    def __init__(self, settings: Settings, contract: Contract, **options: Any) -> None:
        super().__init__(openapi_url=None, redirect_slashes=False, **options)
        metrics = Metrics(contract, shared=settings.workers > 1)
        self.contract = contract
        self._access_log = AccessLog(contract, metrics)
        self._checks = checks(settings, contract)
        self._finish = finisher(settings, contract)
        self._errors = ErrorHandler(contract, self._finish)
        handlers = bound_handlers(settings, contract, metrics)
        for name, operation in contract.operations.items():
            methods = ["GET", "HEAD"] if operation.method == "GET" else [operation.method]
            self.add_api_route(operation.path, self._endpoint(handlers[name]), methods=methods)
        self.add_exception_handler(HTTPException, self._answer_unrouted)
        self.add_exception_handler(DomainError, self._answer_error)
        self.add_exception_handler(Exception, self._answer_error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, and logs it."""
        if scope["type"] != "http":
            return await super().__call__(scope, receive, send)
        call = scope["state"]["call"] = _make_call(self.contract, scope, receive)
        scope["path"] = _looked_up(call.target)
        self._access_log.begin(call)
        try:
            await super().__call__(scope, receive, send)
        except Exception:
            # Starlette raises again what it has answered with 500.
            if not call.status:
                raise
        finally:
            self._access_log.end(call)

    def _endpoint(self, handler: Handler) -> Callable[..., Response]:
        def checked(request: Request) -> Call:
            call: Call = request.state.call
            for check in self._checks:
                check(call)
            return call

        def answered(call: Annotated[Call, Depends(checked)]) -> Response:
            return _response(call, self._finish(call, handler(call)))

        return answered

    async def _answer_unrouted(self, request: Request, _error: Exception) -> Response:
        # The first checks know why no route has taken it, and answer it or raise.
        call: Call = request.state.call
        answers = (check(call) for check in self._checks)
        return _response(call, self._finish(call, next(filter(None, answers))))

    async def _answer_error(self, request: Request, error: Exception) -> Response:
        call: Call = request.state.call
        return _response(call, self._errors.answer(call, error))


def create_app(settings: Settings, contract: Contract) -> TaskTimer:
    """Makes the application, without a connection to anything. Raises ContractError."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        threads = to_thread.current_default_thread_limiter()
        threads.total_tokens = settings.database_pool_size + SPARE_THREADS
        yield
        db.disconnect()

    configure_services(settings, contract)
    return TaskTimer(settings, contract, lifespan=lifespan)


def _make_call(contract: Contract, scope: Scope, receive: Receive) -> Call:
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
        contract=contract,
        method=scope["method"],
        target=scope["state"]["target"],
        protocol=f"HTTP/{scope['http_version']}",
        peer=scope["client"][0],
        fields=[(name, value.strip(" \t")) for name, value in named],
        read=lambda limit: from_thread.run(read, limit),
    )


def _looked_up(target: str) -> str:
    """Gives the one spelling of a path; what is malformed the first check refuses."""
    try:
        return "/".join(encode(decode(part)) for part in split_target(target)[0].split("/"))
    except UriError:
        return ""


def _response(call: Call, answer: Answer) -> Response:
    closing = {"Connection": "close"} if call.closes else {}
    return Response(answer.body, answer.status, answer.headers | closing)
