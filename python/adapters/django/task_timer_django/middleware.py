"""What is around every view."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from task_timer.api.wire_errors import WIRE_ERRORS, code_of
from task_timer.current import using
from task_timer.utils.errors import DomainError

from .apps import task_timer
from .responses import current, response


class CallMiddleware:
    """Logs a call, runs the checks before the path is looked up, and answers what is raised."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._app = task_timer()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers a request."""
        call = current(request)
        with using(self._app.resources):
            self._app.access_log.begin(call)
            try:
                for check in self._app.checks.before_routing:
                    check(call)
                return self._get_response(request)
            except DomainError as error:
                return response(call, self._app.errors.answer(call, error))
            except WIRE_ERRORS as error:
                call.status = self._app.contract["x-errors"][code_of(error)]["status"]
                raise
            finally:
                self._app.access_log.end(call)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answers with problem details; what the parser refuses is left to the server."""
        if isinstance(error, WIRE_ERRORS):
            return None
        call = current(request)
        return response(call, self._app.errors.answer(call, error))
