"""The answers that handlers give."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response as FlaskResponse

from ..services.paging import Page
from ..utils.etag import make_etag
from ..utils.json_text import dump_json
from ..utils.uri import encode
from .call import Call

JSON = "application/json"
T = TypeVar("T")


class Response(FlaskResponse):
    """A response that has no media type unless it is given one."""

    default_mimetype = None


def ok(call: Call, body: Any, media_type: str = JSON) -> Response:
    """Answers with what was asked for: bytes as they are, anything else as JSON."""
    return _answer(call, 200, body, media_type)


def ok_page(call: Call, page: Page[T], dump: Callable[[T], Any]) -> Response:
    """Answers with a page of a list, and a link to the next one (RFC 8288)."""
    body = {"data": [dump(item) for item in page.data], "next_cursor": page.next_cursor}
    response = _answer(call, 200, body, JSON)
    if page.next_cursor is not None:
        response.headers["Link"] = f'<{_next_target(call, page.next_cursor)}>; rel="next"'
    return response


def created(call: Call, body: Any, location: str) -> Response:
    """Answers with what was made, and the path of it."""
    response = _answer(call, 201, body, JSON)
    response.headers["Location"] = location
    return response


def no_content() -> Response:
    """Answers that it is done."""
    return Response(status=204)


def _answer(call: Call, status: int, body: Any, media_type: str) -> Response:
    data = body if isinstance(body, bytes) else dump_json(body)
    response = Response(data, status, content_type=media_type)
    if call.operation and call.operation.responses[status].has_etag:
        response.headers["ETag"] = make_etag(data)
    return response


def _next_target(call: Call, cursor: str) -> str:
    if call.operation is None:
        raise RuntimeError("only operations have pages")
    given = call.given | {"cursor": cursor}
    order = call.operation.parameters["query"].types
    pairs = (f"{name}={encode(_text(given[name]))}" for name in order if name in given)
    return f"{call.operation.path.format_map(call.path_values)}?{'&'.join(pairs)}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
