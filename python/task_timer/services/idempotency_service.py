"""Idempotency keys: the response to a request, stored for its retries."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Interval, bindparam, func, null, select, update
from sqlalchemy.dialects.postgresql import insert

from ..current import resources
from ..db import connection, transactional
from ..models import IdempotencyRecord
from ..utils.errors import IdempotencyKeyReusedError

_INSERT = insert(IdempotencyRecord)
_CLAIM = _INSERT.on_conflict_do_update(
    index_elements=[IdempotencyRecord.user_id, IdempotencyRecord.key],
    set_={
        IdempotencyRecord.fingerprint: _INSERT.excluded.fingerprint,
        IdempotencyRecord.status: null(),
        IdempotencyRecord.headers: null(),
        IdempotencyRecord.body: null(),
        IdempotencyRecord.created_at: func.now(),
    },
    where=IdempotencyRecord.created_at < func.now() - bindparam("kept", type_=Interval()),
).returning(IdempotencyRecord.key)
_HELD = select(
    IdempotencyRecord.fingerprint,
    IdempotencyRecord.status,
    IdempotencyRecord.headers,
    IdempotencyRecord.body,
).where(
    IdempotencyRecord.user_id == bindparam("user_id"), IdempotencyRecord.key == bindparam("key")
)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A stored response."""

    status: int
    headers: dict[str, str]
    body: str


@transactional
def answer_once(
    user_id: str, key: str, fingerprint: bytes, answer: Callable[[], KeptAnswer]
) -> tuple[KeptAnswer, bool]:
    """Returns the response to a request, and whether it is that of an earlier one.

    `answer` runs in the same transaction, so that a failure leaves no trace of the key.
    Raises IdempotencyKeyReusedError if the key belongs to a request with another fingerprint.
    """
    named = {"user_id": user_id, "key": key}
    kept = timedelta(hours=resources().contract["x-limits"]["idempotency_hours"])
    claimed = connection().execute(_CLAIM, {**named, "fingerprint": fingerprint, "kept": kept})
    if claimed.first() is None:
        return _replay(named, fingerprint), True
    given = answer()
    connection().execute(
        update(IdempotencyRecord)
        .where(IdempotencyRecord.user_id == user_id, IdempotencyRecord.key == key)
        .values(status=given.status, headers=given.headers, body=given.body)
    )
    return given, False


def _replay(named: dict[str, str], fingerprint: bytes) -> KeptAnswer:
    held, status, headers, body = connection().execute(_HELD, named).one()
    if held != fingerprint:
        raise IdempotencyKeyReusedError
    return KeptAnswer(status or 0, headers or {}, body or "")
