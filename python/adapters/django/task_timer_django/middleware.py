"""What is around every view."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from task_timer.api.wire_errors import WIRE_ERRORS, code_of

from .apps import task_timer
from .responses import current, response


class CallMiddleware:
    """Logs a call, and answers what the views raise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._app = task_timer()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers a request."""
        call = current(request)
        self._app.access_log.begin(call)
        try:
            return self._get_response(request)
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
