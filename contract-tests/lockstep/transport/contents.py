"""The members of a request's body, whether it is JSON or a form in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Request

_FORM = "application/x-www-form-urlencoded"


def is_form(request: Request) -> bool:
    """Whether the body of a request is a form in one line."""
    media_type = request.header("content-type") or ""
    return media_type.partition(";")[0].strip().lower() == _FORM


def content_of(request: Request) -> Any:
    """Return the JSON value of a body, or the fields of a form as texts.

    Of fields of one name the last one counts. `None` for other bodies.
    """
    if not is_form(request):
        return json_of(request.body)
    line = (request.body or b"").decode("utf-8", "replace")
    return dict(parse_qsl(line, keep_blank_values=True, errors="surrogateescape"))


def with_content(request: Request, content: Any) -> Request:
    """Return the request with a changed content, in the form in which it was."""
    if is_form(request) and isinstance(content, Mapping):
        body = urlencode(content, errors="surrogateescape").encode()
    else:
        body = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return replace(request, body=body)
