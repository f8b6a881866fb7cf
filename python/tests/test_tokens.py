"""Access tokens: all invalid ones are rejected alike."""

import base64
import hashlib
import hmac
import json
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import jwt
import pytest
from jwt.utils import base64url_encode

from task_timer.app import TaskTimer
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.resources import Resources
from task_timer.services import token_service
from task_timer.utils.identifiers import new_id

from .clients import Client, registered
from .conftest import made


def changed(resources: Resources, old: bytes, new: bytes) -> AbstractContextManager[TaskTimer]:
    """Creates another application, from a contract in which one text is replaced."""
    source = resources.contract.source.replace(old, new)
    assert source != resources.contract.source
    return made(resources.settings, Contract(source))


def forged(claims: dict[str, Any], secret: str, header: dict[str, Any]) -> str:
    """Signs with the right key a token that no library would sign."""
    named = {"alg": "HS256", "typ": "JWT", **header}
    kept = {name: value for name, value in named.items() if value is not None}
    signed = b".".join(base64url_encode(json.dumps(part).encode()) for part in (kept, claims))
    signature = hmac.digest(secret.encode(), signed, "sha256")
    return f"{signed.decode()}.{base64url_encode(signature).decode()}"


def claims_of(client: Client) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(client.token, options={"verify_signature": False})
    return claims


def status_with(client: Client, token: str) -> tuple[int, str | None]:
    answer = client.get("users/me", Authorization=f"Bearer {token}")
    return answer.status_code, answer.get_json().get("code")


def test_claims_are_in_the_order_of_the_contract(client: Client) -> None:
    assert list(claims_of(client)) == ["iss", "aud", "sub", "sid", "jti", "iat", "exp"]


@pytest.mark.parametrize(
    "change",
    [
        {"exp": int(time.time())},
        {"exp": str(2**40)},
        {"exp": 2.0**40},
        {"iss": "other"},
        {"aud": "other"},
        {"aud": ["task-timer"]},
        {"sub": "x"},
        {"sid": None},
        {"jti": 1},
        {"iat": None},
    ],
)
def test_wrong_claims_are_rejected(
    client: Client, settings: Settings, change: dict[str, Any]
) -> None:
    changed = {**claims_of(client), **change}
    kept = {name: value for name, value in changed.items() if value is not None}
    token = jwt.encode(kept, settings.secret_key, "HS256")
    assert status_with(client, token) == (401, "invalid_token")


@pytest.mark.parametrize(
    "header",
    [{"b64": False}, {"b64": True}, {"typ": "at+jwt"}, {"typ": "jwt"}, {"typ": None}, {"kid": "1"}],
)
def test_other_headers_are_rejected(
    client: Client, settings: Settings, header: dict[str, Any]
) -> None:
    token = forged(claims_of(client), settings.secret_key, header)
    assert status_with(client, token) == (401, "invalid_token")


def test_valid_token_expires(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert status_with(client, client.token) == (200, None)
    expiry = claims_of(client)["exp"]
    monkeypatch.setattr(time, "time", lambda: expiry)
    assert status_with(client, client.token) == (401, "invalid_token")


def test_time_of_issue_may_be_that_of_a_clock_ahead(client: Client, settings: Settings) -> None:
    claims = {**claims_of(client), "iat": int(time.time()) + 60}
    token = jwt.encode(claims, settings.secret_key, "HS256")
    assert status_with(client, token) == (200, None)


def test_a_thousand_verified_tokens_are_kept(settings: Settings, contract: Contract) -> None:
    with made(settings, contract) as app, app.app_context():
        tokens = [token_service.make_access_token(new_id(), new_id(), 60) for _ in range(1001)]
        for token in tokens:
            token_service.read_access_token(token)
        verified = app.resources.tokens.verified
        assert verified.cache_info().currsize == 1000
        token_service.read_access_token(tokens[1])
        assert verified.cache_info().misses == 1001
        token_service.read_access_token(tokens[0])
        assert verified.cache_info().misses == 1002


def test_other_algorithms_are_rejected(client: Client, settings: Settings) -> None:
    claims = claims_of(client)
    unsigned = jwt.encode(claims, "", "none")
    other = jwt.encode(claims, settings.secret_key * 2, "HS512")
    for token in (unsigned, other, unsigned + "x", "a.b.c"):
        assert status_with(client, token) == (401, "invalid_token")


def test_previous_key_is_accepted_until_it_is_removed(
    client: Client, settings: Settings, contract: Contract
) -> None:
    old, new = settings.secret_key, "q8W2" * 10
    rotated = replace(settings, secret_key=new, secret_key_previous=("kO3v" * 10, old))
    with made(rotated, contract) as app:
        assert status_with(Client(app), client.token) == (200, None)
        newer = registered(app)
        assert status_with(newer, newer.token) == (200, None)
    with made(replace(rotated, secret_key_previous=()), contract) as app:
        assert status_with(Client(app), client.token) == (401, "invalid_token")
        assert status_with(Client(app), newer.token) == (200, None)
    kid = hashlib.sha256(new.encode()).hexdigest()[:16]
    assert jwt.get_unverified_header(newer.token) == {"alg": "HS256", "typ": "JWT", "kid": kid}


@pytest.mark.parametrize("kid", ["", "0123456789abcdef", 1, None, []])
def test_unknown_key_is_rejected(client: Client, settings: Settings, kid: Any) -> None:
    parts = [json.dumps(part) for part in ({"alg": "HS256", "kid": kid}, claims_of(client))]
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    signed = ".".join(encoded)
    digest = hmac.digest(settings.secret_key.encode(), signed.encode(), "sha256")
    token = f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    assert status_with(client, token) == (401, "invalid_token")


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer  {}", "Basic {}", "{}", "Bearer {} x"])
def test_other_authorization_is_unauthenticated(client: Client, value: str) -> None:
    answer = client.get("users/me", Authorization=value.format(client.token))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="task-timer"'


def test_authorization_scheme_is_case_insensitive(client: Client) -> None:
    assert client.get("users/me", Authorization=f"bEARER {client.token}").status_code == 200


def test_clock_leeway_is_that_of_the_contract(client: Client, resources: Resources) -> None:
    claims = {**claims_of(client), "exp": int(time.time()) - 30}
    token = jwt.encode(claims, resources.settings.secret_key, "HS256")
    assert status_with(client, token) == (401, "invalid_token")
    with changed(resources, b"clock_leeway_seconds: 0", b"clock_leeway_seconds: 60") as other:
        assert status_with(Client(other), token)[0] == 200


def test_refresh_tokens_are_stored_as_the_contract_says(
    app: TaskTimer, resources: Resources
) -> None:
    with app.app_context():
        assert token_service.hash_refresh_token("a") == hashlib.sha256(b"a").digest()
    with (
        changed(resources, b"stored_as: sha256", b"stored_as: sha512") as other,
        other.app_context(),
    ):
        assert token_service.hash_refresh_token("a") == hashlib.sha512(b"a").digest()
