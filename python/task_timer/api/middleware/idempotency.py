"""Makes requests that create safe to repeat."""

import functools
import hashlib

from flask import Response as FlaskResponse

from ...services.idempotency_service import Answer, answer_once
from ..answers import JSON, Response
from ..call import Call, Handler

KEPT_HEADERS = ("Location", "ETag")


def idempotent(handler: Handler) -> Handler:
    """Wraps a handler: with an Idempotency-Key it answers a repeat like the first time.

    It raises IdempotencyKeyReusedError.
    """

    @functools.wraps(handler)
    def answer(call: Call) -> FlaskResponse:
        key = call.headers.get("idempotency-key")
        if key is None:
            return handler(call)
        given, replayed = answer_once(
            call.user_id, key, _fingerprint(call), lambda: _keep(handler(call))
        )
        headers = given.headers | ({"Idempotency-Replayed": "true"} if replayed else {})
        return Response(given.body, given.status, headers, content_type=JSON)

    return answer


def _fingerprint(call: Call) -> bytes:
    return hashlib.sha256(f"{call.method} {call.target}\n".encode() + call.data).digest()


def _keep(response: FlaskResponse) -> Answer:
    headers = {name: response.headers[name] for name in KEPT_HEADERS}
    return Answer(response.status_code, headers, response.get_data(as_text=True))
