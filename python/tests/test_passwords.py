"""Password hashes: upgraded when costs rise, and not trusted once replaced."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from task_timer import db
from task_timer.app import TaskTimer
from task_timer.resources import Resources
from task_timer.services import password_service

from .clients import PASSWORD, Client, fresh_email, registered

# The hash of PASSWORD by the other twin, with lower costs.
CHEAP = (
    "$argon2id$v=19$m=8,t=1,p=1$GCGDB653LKZvotk6s5dsqA$ECxqD3oQ/4Xl8U1kboc986tbkOjmNeRExKXyk5R4iHk"
)
AGAIN = (
    "$argon2id$v=19$m=8,t=1,p=1$REvjY+z8o6+M1aESDsU17w$clDPFS1M3f8hYnnAVIsQDvP8Q1hysc6smQSY0MA8VU4"
)
# Hashes of PASSWORD with less memory, a shorter salt and a shorter digest than the contract's.
OUTDATED = [
    "$argon2id$v=19$m=19455,t=2,p=1$KCkqKywtLi8wMTIzNDU2Nw$Um4HbYxTUsWQlRGU4ugYhhPOCgVmU/g7sFJylF61tNo",
    "$argon2id$v=19$m=19456,t=2,p=1$KCkqKywtLi8$dwWWTy8mf4Bm1tiGj9TG2k4q8cI7WblHZVfxKkmVpEk",
    "$argon2id$v=19$m=19456,t=2,p=1$KCkqKywtLi8wMTIzNDU2Nw$9NTur98kUxiRduIEG/qWvQ",
]
# The hash of another password.
OTHER = (
    "$argon2id$v=19$m=8,t=1,p=1$REvjY+z8o6+M1aESDsU17w$AAAAFS1M3f8hYnnAVIsQDvP8Q1hysc6smQSY0MA8VU4"
)
STORE = text("UPDATE users SET password_hash = :hash WHERE id = :id")
LOCK = text("SELECT password_hash FROM users WHERE id = :id FOR UPDATE NOWAIT")

Meanwhile = Callable[..., None]


class Account:
    """A user of the API, and the row of that user."""

    def __init__(self, app: TaskTimer) -> None:
        self.client = registered(app)
        self._user: Any = self.client.get("users/me").get_json()

    @property
    def password_hash(self) -> str:
        with self.client.app.app_context():
            return str(_lock(self._user["id"]))

    def store(self, password_hash: str) -> None:
        """Replaces the hash without waiting for a lock on the row."""
        with self.client.app.app_context():
            _lock(self._user["id"])
            _store(self._user["id"], password_hash)

    def log_in(self) -> int:
        body = {"email": self._user["email"], "password": PASSWORD}
        return Client(self.client.app).post("auth/login", body).status_code

    def change(self) -> int:
        body = {"password": "staple the battery", "current_password": PASSWORD}
        return self.client.patch("users/me", body, If_Match="*").status_code

    def delete(self) -> int:
        body = {"current_password": PASSWORD}
        return self.client.post("users/me/deletion", body).status_code


@db.immediate
def _lock(user_id: str) -> Any:
    return db.connection().scalar(LOCK, {"id": user_id})


@db.immediate
def _store(user_id: str, password_hash: str) -> None:
    db.connection().execute(STORE, {"id": user_id, "hash": password_hash})


@pytest.fixture
def account(app: TaskTimer) -> Account:
    return Account(app)


@pytest.fixture
def meanwhile(account: Account, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Replaces the hash of the account right after each of the next password verifications."""
    verify = password_service.verify_password

    def after_next(*hashes: str) -> None:
        left = [*hashes]

        def verify_and_store(*args: str) -> bool:
            matches = verify(*args)
            if left:
                account.store(left.pop(0))
            return matches

        monkeypatch.setattr(password_service, "verify_password", verify_and_store)

    return after_next


def test_hash_with_lower_costs_is_upgraded(account: Account) -> None:
    current = account.password_hash
    account.store(CHEAP)
    assert account.log_in() == 200
    renewed = account.password_hash
    assert renewed.split("$")[:4] == current.split("$")[:4]
    assert account.log_in() == 200
    assert account.password_hash == renewed


@pytest.mark.parametrize("outdated", OUTDATED)
def test_hash_with_other_parameters_is_upgraded(account: Account, outdated: str) -> None:
    current = account.password_hash
    account.store(outdated)
    assert account.log_in() == 200
    renewed = account.password_hash
    assert [*map(len, renewed.split("$"))] == [*map(len, current.split("$"))]
    assert renewed.split("$")[:4] == current.split("$")[:4]


def test_hash_is_kept_after_a_wrong_password(account: Account) -> None:
    account.store(OTHER)
    assert account.log_in() == 401
    assert account.password_hash == OTHER


def test_log_in_without_an_account_verifies_a_password_too(
    app: TaskTimer, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, verified = resources.hashing.queue, []
    run = queue.run

    def run_and_count(*args: Any) -> Any:
        try:
            return run(*args)
        finally:
            verified.append(args)

    monkeypatch.setattr(queue, "run", run_and_count)
    body = {"email": fresh_email(), "password": PASSWORD}
    assert Client(app).post("auth/login", body).status_code == 401
    # The response came after that, as it does with an account.
    assert len(verified) == 1


def test_log_in_during_a_password_change_is_rejected(
    account: Account, meanwhile: Meanwhile
) -> None:
    meanwhile(OTHER)
    assert account.log_in() == 401


def test_log_in_during_a_hash_upgrade_succeeds(account: Account, meanwhile: Meanwhile) -> None:
    meanwhile(CHEAP)
    assert account.log_in() == 200


def test_log_in_during_two_hash_upgrades_succeeds(account: Account, meanwhile: Meanwhile) -> None:
    meanwhile(CHEAP, AGAIN)
    assert account.log_in() == 200


def test_log_in_during_three_hash_upgrades_is_rejected(
    account: Account, meanwhile: Meanwhile
) -> None:
    meanwhile(CHEAP, AGAIN, CHEAP)
    assert account.log_in() == 401
    assert account.log_in() == 200


def test_password_change_during_another_change_is_rejected(
    account: Account, meanwhile: Meanwhile
) -> None:
    meanwhile(OTHER)
    assert account.change() == 422
    assert account.password_hash == OTHER


def test_password_change_during_a_hash_upgrade_succeeds(
    account: Account, meanwhile: Meanwhile
) -> None:
    meanwhile(CHEAP)
    assert account.change() == 200


def test_deletion_during_a_password_change_is_rejected(
    account: Account, meanwhile: Meanwhile
) -> None:
    meanwhile(OTHER)
    assert account.delete() == 422
    assert account.password_hash == OTHER


def test_deletion_during_a_hash_upgrade_succeeds(account: Account, meanwhile: Meanwhile) -> None:
    meanwhile(CHEAP)
    assert account.delete() == 204
    assert account.log_in() == 401
