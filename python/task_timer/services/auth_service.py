"""Registration, log-in, sessions and tokens."""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Integer, Interval, bindparam, cast, extract, func, insert, select, update

from ..db import connection, immediate, transactional
from ..models import USER_COLUMNS, RefreshToken, Session, User, UserRow
from ..utils.errors import (
    InvalidCredentialsError,
    InvalidRefreshTokenError,
    InvalidTokenError,
    RefreshTokenReusedError,
)
from ..utils.identifiers import new_id
from . import password_service, rate_limit_service, security_trail, token_service, user_service

# How often a password is verified again, since another request has replaced its hash.
ATTEMPTS = 3

_BY_EMAIL = select(*USER_COLUMNS).where(User.email == bindparam("email"))
_SESSION_END = Session.created_at + bindparam("session_lifetime", type_=Interval())
_GRACE_END = RefreshToken.used_at + bindparam("grace", type_=Interval())
_BY_LIVE_SESSION = select(*USER_COLUMNS).where(
    User.id == bindparam("user_id"),
    select(Session.id)
    .where(
        Session.id == bindparam("session_id"),
        Session.user_id == User.id,
        Session.revoked_at.is_(None),
        func.now() < _SESSION_END,
    )
    .exists(),
)
# The lock waits for a change of the password, and then sees it.
_OPEN_SESSION = (
    insert(Session)
    .from_select(
        ["id", "user_id"],
        select(bindparam("session_id", type_=Session.id.type), User.id)
        .where(User.id == bindparam("user_id"), User.password_hash == bindparam("password_hash"))
        .with_for_update(read=True),
    )
    .returning(Session.id)
)
_LOCKED = (
    select(
        RefreshToken.id,
        RefreshToken.session_id,
        Session.user_id,
        (RefreshToken.expires_at <= func.now()).label("expired"),
        RefreshToken.used_at.is_not(None).label("used"),
        Session.revoked_at.is_not(None).label("revoked"),
        func.coalesce(func.now() < _GRACE_END, False).label("retryable"),
        RefreshToken.successor_id,
        cast(func.ceil(extract("epoch", _SESSION_END - func.now())), Integer).label("remaining"),
    )
    .join(Session, Session.id == RefreshToken.session_id)
    .where(RefreshToken.token_hash == bindparam("token_hash"))
    .with_for_update(of=RefreshToken)
)
_VOID = (
    update(RefreshToken)
    .where(RefreshToken.id == bindparam("token_id"), RefreshToken.used_at.is_(None))
    .values(used_at=func.now())
)
_USE = (
    update(RefreshToken)
    .where(RefreshToken.id == bindparam("token_id"))
    .values(
        used_at=func.coalesce(RefreshToken.used_at, func.now()),
        successor_id=bindparam("new_id"),
    )
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a session; the access token expires in `expires_in` seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The user who sent a request, and the session of the access token."""

    user: UserRow
    session_id: str


class _FoundToken(NamedTuple):
    """A refresh token; `remaining` is that of its session, in seconds."""

    id: str
    session_id: str
    user_id: str
    expired: bool
    used: bool
    revoked: bool
    retryable: bool
    successor_id: str | None
    remaining: int


class _Exchanged(NamedTuple):
    """The result of using a refresh token. If it was used before, `tokens` may be missing."""

    user_id: str
    used: bool
    tokens: Tokens | None


def register_user(email: str, password: str) -> UserRow:
    """Creates a user with the role `user`. Raises EmailTakenError."""
    return user_service.create_user(email, password_service.hash_password(password), role="user")


def log_in(email: str, password: str) -> Tokens:
    """Creates a session. Raises InvalidCredentialsError, after the same time in either case.

    Raises RateLimitedError, whether or not there is such an account.
    """
    rate_limit_service.count_account(email.lower())
    for _ in range(ATTEMPTS):
        user = _identify(email.lower(), password)
        tokens = _open_session(user.id, _renew_hash(user, password))
        if tokens is not None:
            rate_limit_service.remember_client(user.email)
            security_trail.record("log_in_succeeded", user.id)
            return tokens
    raise InvalidCredentialsError


def refresh_tokens(refresh_token: str) -> Tokens:
    """Exchanges a refresh token. Raises InvalidRefreshTokenError or RefreshTokenReusedError."""
    exchanged = _exchange(refresh_token)
    if exchanged.tokens is None:
        code = RefreshTokenReusedError.code
        security_trail.record("refresh_token_reused", exchanged.user_id, code)
        raise RefreshTokenReusedError
    if exchanged.used:
        security_trail.record("refresh_token_retried", exchanged.user_id)
    return exchanged.tokens


def log_out(user_id: str, refresh_token: str) -> None:
    """Revokes the session of one of the user's refresh tokens, if there is one."""
    if _end_session_of(user_id, refresh_token):
        security_trail.record("session_ended", user_id)


@immediate
def authenticate(access_token: str) -> Identity:
    """Finds the user and session of an access token. Raises InvalidTokenError."""
    claims = token_service.read_access_token(access_token)
    named = {
        "user_id": claims.user_id,
        "session_id": claims.session_id,
        "session_lifetime": timedelta(seconds=token_service.session_lifetime()),
    }
    row = connection().execute(_BY_LIVE_SESSION, named).first()
    if row is None:
        raise InvalidTokenError
    return Identity(UserRow(*row), claims.session_id)


@transactional
def _end_session_of(user_id: str, refresh_token: str) -> bool:
    token_hash = token_service.hash_refresh_token(refresh_token)
    of_token = select(RefreshToken.session_id).where(RefreshToken.token_hash == token_hash)
    ended = connection().execute(
        update(Session)
        .where(
            Session.id == of_token.scalar_subquery(),
            Session.user_id == user_id,
            Session.revoked_at.is_(None),
        )
        .values(revoked_at=func.now())
    )
    return ended.rowcount == 1


def _identify(email: str, password: str) -> UserRow:
    user = _find_user(email)
    if user is None:
        password_service.verify_nobody(password)
    elif password_service.verify_password(user.password_hash, password):
        return user
    security_trail.record("log_in_refused", user and user.id, InvalidCredentialsError.code)
    raise InvalidCredentialsError


def _renew_hash(user: UserRow, password: str) -> str:
    """Replaces a hash that has other costs than the contract's; returns the one to expect."""
    if not password_service.is_outdated(user.password_hash):
        return user.password_hash
    password_hash = password_service.hash_password(password)
    user_service.replace_hash(user.id, user.password_hash, password_hash)
    return password_hash


@immediate
def _find_user(email: str) -> UserRow | None:
    row = connection().execute(_BY_EMAIL, {"email": email}).first()
    return None if row is None else UserRow(*row)


@transactional
def _open_session(user_id: str, password_hash: str) -> Tokens | None:
    """Returns tokens, or nothing if the hash is no longer the user's."""
    named = {"session_id": new_id(), "user_id": user_id, "password_hash": password_hash}
    session_id = connection().scalar(_OPEN_SESSION, named)
    if session_id is None:
        return None
    return _issue(new_id(), user_id, session_id, token_service.session_lifetime())


@transactional
def _exchange(refresh_token: str) -> _Exchanged:
    """Exchanges a token for new ones; one that was used, and is no retry, ends its session."""
    found = _lock(refresh_token)
    if found is None or found.expired or found.revoked or found.remaining <= 0:
        raise InvalidRefreshTokenError
    if found.used and not (found.retryable and _void_token(found.successor_id)):
        _end(found.session_id)
        return _Exchanged(found.user_id, found.used, None)
    successor_id = new_id()
    connection().execute(_USE, {"token_id": found.id, "new_id": successor_id})
    tokens = _issue(successor_id, found.user_id, found.session_id, found.remaining)
    return _Exchanged(found.user_id, found.used, tokens)


def _lock(refresh_token: str) -> _FoundToken | None:
    named = {
        "token_hash": token_service.hash_refresh_token(refresh_token),
        "grace": timedelta(seconds=token_service.refresh_grace()),
        "session_lifetime": timedelta(seconds=token_service.session_lifetime()),
    }
    row = connection().execute(_LOCKED, named).one_or_none()
    return None if row is None else _FoundToken(*row)


def _void_token(successor_id: str | None) -> bool:
    """Voids the token that replaced another; returns whether it was still unused."""
    return connection().execute(_VOID, {"token_id": successor_id}).rowcount == 1


def _end(session_id: str) -> None:
    connection().execute(
        update(Session)
        .where(Session.id == session_id, Session.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


def _issue(token_id: str, user_id: str, session_id: str, remaining: int) -> Tokens:
    """Creates tokens that do not outlive their session, of which so many seconds remain."""
    refresh_token = token_service.make_refresh_token()
    lifetime = min(token_service.refresh_token_lifetime(), remaining)
    expires_in = min(token_service.access_token_lifetime(), remaining)
    connection().execute(
        insert(RefreshToken).values(
            id=token_id,
            session_id=session_id,
            token_hash=token_service.hash_refresh_token(refresh_token),
            expires_at=func.now() + timedelta(seconds=lifetime),
        )
    )
    return Tokens(
        access_token=token_service.make_access_token(user_id, session_id, expires_in),
        token_type="Bearer",  # noqa: S106
        expires_in=expires_in,
        refresh_token=refresh_token,
    )
