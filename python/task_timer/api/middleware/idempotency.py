"""Makes requests that create resources safe to retry."""

import functools
import hashlib

from ...services.idempotency_service import KeptAnswer, answer_once
from ..answers import JSON, Answer, Handler
from ..call import Call

KEPT_HEADERS = ("Location", "ETag")


def idempotent(handler: Handler) -> Handler:
    """Wraps a handler: a retry with the same Idempotency-Key gets the original response.

    It raises IdempotencyKeyReusedError.
    """

    @functools.wraps(handler)
    def answer(call: Call) -> Answer:
        key = call.headers.get("idempotency-key")
        if key is None:
            return handler(call)
        given, replayed = answer_once(
            call.user_id, key, _fingerprint(call), lambda: _keep(handler(call))
        )
        headers = given.headers | {"Content-Type": JSON}
        if replayed:
            headers["Idempotency-Replayed"] = "true"
        return Answer(given.status, headers, given.body.encode())

    return answer


def _fingerprint(call: Call) -> bytes:
    return hashlib.sha256(f"{call.method} {call.target}\n".encode() + call.data).digest()


def _keep(answer: Answer) -> KeptAnswer:
    headers = {name: answer.headers[name] for name in KEPT_HEADERS}
    return KeptAnswer(answer.status, headers, (answer.body or b"").decode())
