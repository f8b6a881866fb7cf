"""Views: the operations of a path, and what is at no path."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import View

from task_timer.api.middleware.routing import answer_options, enter
from task_timer.operations import Operation
from task_timer.utils.errors import PathNotFoundError
from task_timer.utils.uri import decode

from .apps import task_timer
from .responses import current, response


class OperationsView(View):
    """The operations of a path, by method. allow: the value of the header Allow."""

    operations: Mapping[str, Operation] = {}
    allow = ""

    def dispatch(self, request: HttpRequest, *_args: Any, **values: str) -> HttpResponse:
        """Responds with the handler of the operation, after the checks."""
        app, call = task_timer(), current(request)
        operation = self.operations.get("GET" if call.method == "HEAD" else call.method)
        if operation is None:
            return response(call, app.finish(call, answer_options(self.allow)(call)))
        enter(call, operation, {name: decode(value) for name, value in values.items()})
        for check in app.checks.after_routing:
            check(call)
        return response(call, app.finish(call, app.handlers[operation.id](call)))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Responds if no path matches."""
    call = current(request)
    return response(call, task_timer().errors.answer(call, PathNotFoundError()))
