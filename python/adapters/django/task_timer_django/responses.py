"""Calls of requests, and responses of answers."""

from django.http import HttpRequest, HttpResponse

from task_timer.api.answers import Answer
from task_timer.api.call import Call
from task_timer.api.wsgi import CALL


def current(request: HttpRequest) -> Call:
    """Returns the call of a request."""
    call: Call = request.META[CALL]
    return call


def response(call: Call, answer: Answer) -> HttpResponse:
    """Creates Django's response of an answer."""
    body = answer.body or b""
    sent = b"" if call.method == "HEAD" else body
    made = HttpResponse(sent, status=answer.status, headers=answer.headers)
    if answer.body is not None:
        made["Content-Length"] = str(len(body))
    if "Content-Type" not in answer.headers:
        # Django would name a media type where there is nothing.
        del made["Content-Type"]
    return made
