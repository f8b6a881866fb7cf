"""Views: the operations of a path, and what is at no path."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import View

from task_timer.api.answers import Answer, Handler
from task_timer.api.call import Call
from task_timer.utils.errors import DomainError

from .apps import task_timer
from .responses import current, response


class OperationsView(View):
    """The operations of a path. handlers: what answers them, by method."""

    handlers: Mapping[str, Handler] = {}

    def dispatch(self, request: HttpRequest, *_args: Any, **_values: str) -> HttpResponse:
        """Answers with the handler of the operation, once the checks are passed."""
        call = current(request)
        answer = _checked(call)
        if answer is None:
            method = "GET" if call.method == "HEAD" else call.method
            answer = self.handlers[method](call)
        return response(call, task_timer().finish(call, answer))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answers where no path matches; the first checks know why."""
    call = current(request)
    try:
        _checked(call)
    except DomainError as error:
        exception = error
    return response(call, task_timer().errors.answer(call, exception))


def _checked(call: Call) -> Answer | None:
    """Runs the checks in their order; gives the answer of one that has the last word."""
    return next(filter(None, (check(call) for check in task_timer().checks)), None)
