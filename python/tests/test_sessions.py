"""Sessions: their end, and the rotation of refresh tokens."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import jwt
import psycopg
import pytest

from task_timer.app import TaskTimer
from task_timer.config import Settings
from task_timer.contract import Contract

from .clients import PASSWORD, Client, registered
from .conftest import made
from .servers import wait_until

AGED = """
    UPDATE sessions SET created_at = created_at - make_interval(secs => %s)
    WHERE id = %s
"""
USED_BEFORE = """
    UPDATE refresh_tokens SET used_at = used_at - make_interval(secs => %s)
    WHERE session_id = %s
"""
EXPIRED = """
    UPDATE refresh_tokens SET expires_at = now() - make_interval(secs => %s)
    WHERE session_id = %s
"""
LOCKED = "SELECT FROM refresh_tokens WHERE session_id = %s FOR UPDATE"
# Of several that wait for a row, the first blocks the others.
WAITING = """
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
"""
UNUSED = "SELECT count(*) FROM refresh_tokens WHERE session_id = %s AND used_at IS NULL"

StatusAndCode = tuple[int, str | None]


@dataclass
class Session:
    """A session of a user, its newest tokens, and its rows."""

    client: Client
    settings: Settings
    tokens: Any

    @property
    def id(self) -> str:
        claims = jwt.decode(self.tokens["access_token"], options={"verify_signature": False})
        return str(claims["sid"])

    @property
    def lifetime(self) -> int:
        """The lifetime of the access token by its claims, in seconds."""
        claims = jwt.decode(self.tokens["access_token"], options={"verify_signature": False})
        return int(claims["exp"] - claims["iat"])

    @property
    def unused(self) -> int:
        """The number of usable refresh tokens."""
        with psycopg.connect(self.settings.database_url) as connection:
            (count,) = connection.execute(UNUSED, (self.id,)).fetchone() or (0,)
        return int(count)

    def age(self, statement: str, seconds: int) -> None:
        """Runs one of the statements above."""
        with psycopg.connect(self.settings.database_url) as connection:
            connection.execute(statement.encode(), (seconds, self.id))

    def refresh(self, refresh_token: str | None = None) -> StatusAndCode:
        """Uses a refresh token, by default the newest one."""
        body = {"refresh_token": refresh_token or self.tokens["refresh_token"]}
        answer = self.client.post("auth/refresh", body)
        if answer.status_code == 200:
            self.tokens = answer.get_json()
        return answer.status_code, answer.get_json().get("code")

    def read(self) -> StatusAndCode:
        token = self.tokens["access_token"]
        answer = self.client.get("users/me", Authorization=f"Bearer {token}")
        return answer.status_code, answer.get_json().get("code")


def opened(app: TaskTimer, settings: Settings) -> Session:
    client = registered(app)
    email = client.get("users/me").get_json()["email"]
    tokens = client.post("auth/login", {"email": email, "password": PASSWORD}).get_json()
    return Session(client, settings, tokens)


@pytest.fixture
def session(app: TaskTimer, settings: Settings) -> Session:
    return opened(app, settings)


def test_tokens_expire_with_their_session(session: Session, settings: Settings) -> None:
    session.age(AGED, settings.session_seconds - 100)
    assert session.refresh() == (200, None)
    assert 0 < session.tokens["expires_in"] <= 100
    assert session.lifetime == session.tokens["expires_in"]
    assert session.read() == (200, None)


def test_session_expires_despite_refreshes(session: Session, settings: Settings) -> None:
    assert session.refresh() == (200, None)
    session.age(AGED, settings.session_seconds)
    assert session.read() == (401, "invalid_token")
    assert session.refresh() == (401, "invalid_refresh_token")
    assert session.client.get("users/me").status_code == 200


def test_expired_refresh_token_is_rejected(session: Session) -> None:
    session.age(EXPIRED, 0)
    assert session.refresh() == (401, "invalid_refresh_token")
    assert session.read() == (200, None)


def test_session_has_one_refresh_token_after_simultaneous_refreshes(
    session: Session, settings: Settings
) -> None:
    body = {"refresh_token": session.tokens["refresh_token"]}
    with (
        psycopg.connect(settings.database_url) as holder,
        psycopg.connect(settings.database_url, autocommit=True) as watcher,
        ThreadPoolExecutor() as pool,
    ):
        holder.execute(LOCKED, (session.id,))
        sent = [pool.submit(session.client.post, "auth/refresh", body) for _ in range(2)]
        wait_until(lambda: watcher.execute(WAITING).rowcount >= 2)
        holder.rollback()
        assert [each.result().status_code for each in sent] == [200, 200]
    assert session.unused == 1


def test_session_has_one_refresh_token_after_a_retry(session: Session) -> None:
    first = session.tokens["refresh_token"]
    for _ in range(3):
        assert session.refresh(first) == (200, None)
        assert session.unused == 1
    assert session.refresh() == (200, None)
    assert session.unused == 1


def test_grace_period_starts_at_the_first_use(session: Session, settings: Settings) -> None:
    first = session.tokens["refresh_token"]
    assert session.refresh(first) == (200, None)
    session.age(USED_BEFORE, settings.refresh_grace_seconds - 5)
    assert session.refresh(first) == (200, None)
    session.age(USED_BEFORE, 5)
    assert session.refresh(first) == (401, "refresh_token_reused")
    assert session.read() == (401, "invalid_token")


def test_revoked_token_ends_the_session(session: Session) -> None:
    first = session.tokens["refresh_token"]
    session.refresh(first)
    lost = session.tokens["refresh_token"]
    session.refresh(first)
    assert session.refresh(lost) == (401, "refresh_token_reused")
    assert session.refresh() == (401, "invalid_refresh_token")


def test_token_whose_successor_was_used_counts_as_reused(session: Session) -> None:
    first = session.tokens["refresh_token"]
    session.refresh(first)
    session.refresh()
    assert session.refresh(first) == (401, "refresh_token_reused")
    assert session.read() == (401, "invalid_token")


def test_no_retry_without_a_grace_period(settings: Settings, contract: Contract) -> None:
    with made(replace(settings, refresh_grace_seconds=0), contract) as app:
        session = opened(app, settings)
        first = session.tokens["refresh_token"]
        assert session.refresh(first) == (200, None)
        assert session.refresh(first) == (401, "refresh_token_reused")
