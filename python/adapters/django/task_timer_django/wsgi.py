"""The application of WSGI."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler
from django.http.response import HttpResponseBase

from task_timer.api.wsgi import make_call
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.resources import Resources
from task_timer.utils.uri import route_path

from .apps import task_timer


class TaskTimerHandler(WSGIHandler):
    """Django's, where a request is first made a call of what was received."""

    @property
    def resources(self) -> Resources:
        """The resources of the process."""
        return task_timer().resources

    def __call__(self, environ: dict[str, Any], start_response: Any) -> HttpResponseBase:
        """Answers a request."""
        call = make_call(self.resources, environ)
        # Django would decode the path, and take the media type apart, before the checks can refuse
        # what is malformed or too long; at that it spends seconds.
        environ |= {"PATH_INFO": route_path(call.target) or "/", "CONTENT_TYPE": ""}
        return super().__call__(environ, start_response)


def create_app(_settings: Settings, _contract: Contract) -> WSGIHandler:
    """Returns the application; what it holds of settings and contract it has read by itself."""
    return application


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "task_timer_django.settings")
django.setup(set_prefix=False)
application = TaskTimerHandler()
