"""Requests as WSGI servers pass them."""

from typing import Any

from werkzeug.wsgi import get_input_stream

from ..resources import Resources
from .call import Call, Fields

CALL = "task_timer.call"
FIELDS = "task_timer.fields"


def make_call(resources: Resources, environ: dict[str, Any]) -> Call:
    """Creates the call of a WSGI environment, and stores it there."""
    call = Call(
        resources=resources,
        method=environ["REQUEST_METHOD"],
        target=environ["RAW_URI"],
        protocol=environ["SERVER_PROTOCOL"],
        peer=environ.get("REMOTE_ADDR", ""),
        port=int(environ["SERVER_PORT"]),
        fields=[(name.lower(), value) for name, value in environ.get(FIELDS) or _fields(environ)],
        # Not every server ends the input at the end of the body.
        read=get_input_stream(environ).read,
    )
    environ[CALL] = call
    return call


def _fields(environ: dict[str, Any]) -> Fields:
    """Lists the headers of an environment that another server has created."""
    named = [(name[5:], value) for name, value in environ.items() if name.startswith("HTTP_")]
    bare = [(name, environ[name]) for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if name in environ]
    return [(name.replace("_", "-"), value) for name, value in named + bare]
