"""Users: their profile, and the list of all."""

import functools
from collections.abc import Callable
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from ..db import immediate, session, transactional, violated
from ..models import Session, User
from ..utils.errors import EmailTakenError, InvalidTokenError, WrongPasswordError
from . import password_service
from .paging import Order, Page, take_page

_OLDEST_FIRST = Order("created_at", User.created_at, User.id)


@transactional
def create_user(email: str, password_hash: str, role: str) -> User:
    """Makes an account. Raises EmailTakenError."""
    user = User(email=email.lower(), password_hash=password_hash, role=role)
    session().add(user)
    try:
        session().flush()
    except IntegrityError as error:
        raise _told(error) from error
    return user


@transactional
def update_user(
    user_id: str, session_id: str, changes: dict[str, str], check: Callable[[User], None]
) -> User:
    """Changes the address or the password of a user, and ends other sessions with the latter.

    changes: `email`, `password` and the `current_password`. `check` sees the user as it is.
    Raises WrongPasswordError or EmailTakenError.
    """
    user = session().scalar(select(User).where(User.id == user_id).with_for_update())
    if user is None:
        raise InvalidTokenError
    check(user)
    if not password_service.verify_password(user.password_hash, changes["current_password"]):
        raise WrongPasswordError
    values: dict[str, Any] = {}
    if "email" in changes:
        values["email"] = changes["email"].lower()
    if "password" in changes:
        values["password_hash"] = password_service.hash_password(changes["password"])
        _end_other_sessions(user_id, session_id)
    return _write(user_id, values) if values else user


@transactional
def delete_user(user_id: str) -> None:
    """Deletes a user and all that is theirs."""
    session().execute(delete(User).where(User.id == user_id))


@immediate
def list_users(limit: int, cursor: str | None) -> Page[Row[Any]]:
    """Lists all users, oldest first. Raises InvalidCursorError."""
    return take_page(_list_statement, _OLDEST_FIRST, limit, cursor, {})


@functools.cache
def _list_statement(place: str) -> Select[User]:
    return _OLDEST_FIRST.arrange(select(User), place)


def _write(user_id: str, values: dict[str, Any]) -> User:
    statement = update(User).where(User.id == user_id).values(**values).returning(User)
    try:
        return session().scalars(statement, execution_options={"populate_existing": True}).one()
    except IntegrityError as error:
        raise _told(error) from error


def _end_other_sessions(user_id: str, session_id: str) -> None:
    session().execute(
        update(Session)
        .where(Session.user_id == user_id, Session.id != session_id, Session.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


def _told(error: IntegrityError) -> Exception:
    return EmailTakenError() if violated(error) == "users_email_key" else error
