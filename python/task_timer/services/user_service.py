"""Users: the current one, and the list of all."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.selectable import TypedReturnsRows

from ..db import connection, immediate, transactional, violated
from ..models import USER_COLUMNS, Session, User, UserRow
from ..utils.errors import EmailTakenError, InvalidTokenError, WrongPasswordError
from ..utils.identifiers import new_id
from . import password_service, rate_limit_service, security_trail
from .paging import Order, Page, take_page

# So many rows are deleted within the time limit of a statement; a large account takes several.
BATCH_ROWS = 10_000

_OLDEST_FIRST = Order("created_at", User.created_at, User.id)
_LOCKED = select(*USER_COLUMNS).where(User.id == bindparam("user_id")).with_for_update()
_INSERT = insert(User).returning(*USER_COLUMNS)
_BATCHES = [
    text(f"""
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM {table} WHERE user_id = :user_id LIMIT :rows
        ))
    """)  # noqa: S608
    for table in ("time_entries", "tasks")
]


@dataclass(frozen=True, slots=True)
class UserChanges:
    """The changes to a user; None leaves a property unchanged."""

    current_password: str
    email: str | None = None
    password: str | None = None


@transactional
def create_user(email: str, password_hash: str, role: str) -> UserRow:
    """Creates a user. Raises EmailTakenError."""
    values = {
        "id": new_id(),
        "email": email.lower(),
        "password_hash": password_hash,
        "role": role,
    }
    try:
        return UserRow(*connection().execute(_INSERT, values).one())
    except IntegrityError as error:
        raise _domain_error(error) from error


def update_user(
    user: UserRow, session_id: str, changes: UserChanges, check: Callable[[UserRow], None]
) -> UserRow:
    """Updates the email address or password of a user; a new password revokes other sessions.

    `check` receives the current user. Raises RateLimitedError, WrongPasswordError or
    EmailTakenError.
    """
    rate_limit_service.count_account(user.email)
    updated = _update(user, session_id, changes, check)
    if changes.password is not None:
        security_trail.record("password_changed", user.id)
    return updated


@immediate
def replace_hash(user_id: str, old: str, new: str) -> None:
    """Replaces the hash of a password, unless another request has done so."""
    statement = update(User).where(User.id == user_id, User.password_hash == old)
    connection().execute(statement.values(password_hash=new))


def delete_user(user: UserRow, current_password: str) -> None:
    """Deletes a user and all their data. Raises RateLimitedError or WrongPasswordError."""
    rate_limit_service.count_account(user.email)
    _delete(user, current_password)
    security_trail.record("user_deleted", user.id)


@immediate
def list_users(limit: int, cursor: str | None) -> Page[UserRow]:
    """Returns all users, oldest first. Raises InvalidCursorError."""

    def fetch(place: str, position: dict[str, Any]) -> list[UserRow]:
        return [
            UserRow(*row) for row in connection().execute(_list_statement(place), position).all()
        ]

    return take_page(_OLDEST_FIRST, limit, cursor, fetch)


@functools.cache
def _list_statement(place: str) -> TypedReturnsRows[str, str, str, str, datetime, datetime]:
    return _OLDEST_FIRST.arrange(select(*USER_COLUMNS), place)


def _update(
    user: UserRow, session_id: str, changes: UserChanges, check: Callable[[UserRow], None]
) -> UserRow:
    check(user)
    _verify(user, changes.current_password)
    values: dict[str, str] = {}
    if changes.email is not None:
        values["email"] = changes.email.lower()
    if changes.password is not None:
        values["password_hash"] = password_service.hash_password(changes.password)
    # Nothing is locked while passwords are hashed, so the user may be another by now.
    current, is_done = _change(user, session_id, values, check)
    return current if is_done else _update(current, session_id, changes, check)


@transactional
def _change(
    verified: UserRow, session_id: str, values: dict[str, str], check: Callable[[UserRow], None]
) -> tuple[UserRow, bool]:
    """Returns the user, and whether the hash was still the verified one, so that it was done."""
    user = _lock_user(verified.id)
    check(user)
    if user.password_hash != verified.password_hash:
        return user, False
    if "password_hash" in values:
        _end_other_sessions(user.id, session_id)
    return _write(user.id, values) if values else user, True


def _delete(user: UserRow, current_password: str) -> None:
    _verify(user, current_password)
    current, is_done = _remove(user)
    if not is_done:
        _delete(current, current_password)


@transactional
def _remove(verified: UserRow) -> tuple[UserRow, bool]:
    """Returns the user, and whether the hash was still the verified one, so that it was done."""
    user = _lock_user(verified.id)
    if user.password_hash != verified.password_hash:
        return user, False
    for batch in _BATCHES:
        named = {"user_id": user.id, "rows": BATCH_ROWS}
        while connection().execute(batch, named).rowcount == BATCH_ROWS:
            pass
    connection().execute(delete(User).where(User.id == user.id))
    return user, True


def _verify(user: UserRow, current_password: str) -> None:
    if not password_service.verify_password(user.password_hash, current_password):
        security_trail.record("password_refused", user.id, WrongPasswordError.code)
        raise WrongPasswordError


def _lock_user(user_id: str) -> UserRow:
    row = connection().execute(_LOCKED, {"user_id": user_id}).first()
    # Deleted since the token was checked.
    if row is None:
        raise InvalidTokenError
    return UserRow(*row)


def _write(user_id: str, values: dict[str, str]) -> UserRow:
    statement = update(User).where(User.id == user_id).values(**values).returning(*USER_COLUMNS)
    try:
        return UserRow(*connection().execute(statement).one())
    except IntegrityError as error:
        raise _domain_error(error) from error


def _end_other_sessions(user_id: str, session_id: str) -> None:
    connection().execute(
        update(Session)
        .where(Session.user_id == user_id, Session.id != session_id, Session.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


def _domain_error(error: IntegrityError) -> Exception:
    return EmailTakenError() if violated(error) == "users_email_key" else error
