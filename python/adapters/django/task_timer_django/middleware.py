"""What is around every view."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

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
            finally:
                self._app.access_log.end(call)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Answers with problem details."""
        call = current(request)
        return response(call, self._app.errors.answer(call, error))
