"""The responses that handlers return."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ..services.paging import Page
from ..utils.etag import make_etag
from ..utils.json_text import dump_json
from ..utils.uri import encode
from .call import Call

JSON = "application/json"
T = TypeVar("T")


@dataclass(slots=True)
class Answer:
    """A response that has not been sent yet. Without a body it has no media type either."""

    status: int
    headers: dict[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A body that stays as it is, with its entity tag."""

    body: bytes
    media_type: str
    etag: str


Handler = Callable[[Call], Answer]


def ok(call: Call, body: Any, media_type: str = JSON) -> Answer:
    """Responds 200 with a body: bytes as they are, anything else as JSON."""
    return _answer(call, 200, body, media_type)


def static_file(body: bytes, media_type: str) -> StaticFile:
    """Computes the entity tag of a body once, not for each request."""
    return StaticFile(body, media_type, make_etag(body))


def ok_static(file: StaticFile) -> Answer:
    """Responds 200 with a body that stays as it is."""
    return Answer(200, {"Content-Type": file.media_type, "ETag": file.etag}, file.body)


def ok_page(call: Call, page: Page[T], dump: Callable[[T], Any]) -> Answer:
    """Responds 200 with a page of a list, and a link to the next one (RFC 8288)."""
    body = {"data": [dump(item) for item in page.data], "next_cursor": page.next_cursor}
    answer = _answer(call, 200, body, JSON)
    if page.next_cursor is not None:
        answer.headers["Link"] = f'<{_next_target(call, page.next_cursor)}>; rel="next"'
    return answer


def created(call: Call, body: Any, location: str) -> Answer:
    """Responds 201 with the created resource, and its path in Location."""
    answer = _answer(call, 201, body, JSON)
    answer.headers["Location"] = location
    return answer


def moved(location: str) -> Answer:
    """Responds 308, a permanent redirect to another path."""
    return Answer(308, {"Location": location}, b"")


def no_content() -> Answer:
    """Responds 204, without a body."""
    return Answer(204, {})


def _answer(call: Call, status: int, body: Any, media_type: str) -> Answer:
    data = body if isinstance(body, bytes) else dump_json(body)
    headers = {"Content-Type": media_type}
    if call.operation and call.operation.responses[status].has_etag:
        headers["ETag"] = make_etag(data)
    return Answer(status, headers, data)


def _next_target(call: Call, cursor: str) -> str:
    if call.operation is None:
        raise RuntimeError("only operations have pages")
    given = call.given | {"cursor": cursor}
    order = call.operation.parameters["query"].types
    pairs = (f"{name}={encode(_text(given[name]))}" for name in order if name in given)
    return f"{call.operation.path.format_map(call.path_values)}?{'&'.join(pairs)}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
