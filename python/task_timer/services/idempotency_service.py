"""Idempotency keys: the first answer to a request, kept for its repeats."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import bindparam, select, text, update

from ..current import resources
from ..db import session, transactional
from ..models import IdempotencyRecord
from ..utils.errors import IdempotencyKeyReusedError

_CLAIM = text("""
    INSERT INTO idempotency_records AS held (user_id, key, fingerprint)
    VALUES (:user_id, :key, :fingerprint)
    ON CONFLICT (user_id, key) DO UPDATE SET
        fingerprint = excluded.fingerprint, status = NULL, headers = NULL, body = NULL,
        created_at = now()
    WHERE held.created_at < now() - make_interval(hours => :hours)
    RETURNING key
""")
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
    """What a request was answered with."""

    status: int
    headers: dict[str, str]
    body: str


@transactional
def answer_once(
    user_id: str, key: str, fingerprint: bytes, answer: Callable[[], KeptAnswer]
) -> tuple[KeptAnswer, bool]:
    """Gives the answer to a request, and whether it is that of an earlier one.

    `answer` runs in the same transaction, so that a failure leaves no trace of the key.
    Raises IdempotencyKeyReusedError where the key belongs to a request of another fingerprint.
    """
    named = {"user_id": user_id, "key": key}
    hours = resources().contract["x-limits"]["idempotency_hours"]
    claimed = session().execute(_CLAIM, named | {"fingerprint": fingerprint, "hours": hours})
    if claimed.first() is None:
        return _replay(named, fingerprint), True
    given = answer()
    session().execute(
        update(IdempotencyRecord)
        .where(IdempotencyRecord.user_id == user_id, IdempotencyRecord.key == key)
        .values(status=given.status, headers=given.headers, body=given.body)
    )
    return given, False


def _replay(named: dict[str, str], fingerprint: bytes) -> KeptAnswer:
    held = session().execute(_HELD, named).one()
    if held.fingerprint != fingerprint:
        raise IdempotencyKeyReusedError
    return KeptAnswer(held.status, held.headers, held.body)
