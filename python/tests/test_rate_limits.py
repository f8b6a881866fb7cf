import json
import time
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import psycopg
import pytest

from task_timer.api.middleware.rate_limit import is_address
from task_timer.app import TaskTimer
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.resources import make_resources
from task_timer.services.rate_limit_service import client_of, share_counts

from .clients import PASSWORD, Client, fresh_email, registered
from .conftest import made

END = "UPDATE rate_limits SET window_ends_at = now() WHERE key LIKE %s"
KNOWN = """
    SELECT hits, round(extract(epoch FROM window_ends_at - now()) / 86400)::int
    FROM rate_limits WHERE key LIKE %s
"""


@pytest.fixture(scope="module")
def app(settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    """An application with low limits."""
    low = replace(settings, rate_limit_per_minute=2, credential_limit_per_minute=2)
    with made(low, contract) as app:
        yield app


def test_general_limit(app: TaskTimer) -> None:
    client = Client(app)
    statuses = [client.get("tasks").status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    refused = client.get("tasks")
    assert refused.headers["RateLimit-Policy"] == '"general";q=2;w=60'
    assert refused.headers["RateLimit"] == f'"general";r=0;t={refused.headers["Retry-After"]}'
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert Client(app).get("tasks").status_code == 401


def test_credentials_limit_is_per_operation(app: TaskTimer) -> None:
    client = Client(app)
    body = {"email": fresh_email(), "password": PASSWORD}
    assert [client.post("auth/login", body).status_code for _ in range(3)] == [401, 401, 429]
    assert client.post("auth/register", body).status_code == 201
    policy = client.post("auth/login", body).headers["RateLimit-Policy"]
    assert policy == '"credentials";q=2;w=60'


ADDRESSES = {
    "203.0.113.7": True,
    "2001:db8::7": True,
    "::ffff:203.0.113.7": True,
    "203.0.113.007": False,
    "203.0.113": False,
    "fe80::1%eth0": False,
    "[2001:db8::7]": False,
    "203.0.113.7:80": False,
    "unknown": False,
    "": False,
    "1" * 9000: False,
}


@pytest.mark.parametrize(("text", "expected"), ADDRESSES.items())
def test_ip_address_syntax(text: str, expected: bool) -> None:
    assert is_address(text) is expected


def guess(app: TaskTimer, email: str) -> list[int]:
    """Sends as many wrong passwords as the limit allows, from a new address."""
    client = Client(app)
    body = {"email": email, "password": "not my password"}
    return [client.post("auth/login", body).status_code for _ in range(2)]


def test_account_limit_applies_to_unknown_clients(app: TaskTimer) -> None:
    client = registered(app)
    email = client.get("users/me").get_json()["email"]
    # The first log-in was from an unknown client.
    assert [guess(app, email) for _ in range(3)] == [[401, 401], [401, 401], [401, 429]]
    body = {"email": email.upper(), "password": PASSWORD}
    refused = Client(app).post("auth/login", body)
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Policy"] == '"account";q=6;w=60'
    assert client.post("auth/login", body).status_code == 200


def test_limit_does_not_reveal_whether_an_account_exists(app: TaskTimer) -> None:
    email = fresh_email()
    assert [guess(app, email) for _ in range(4)] == [[401, 401]] * 3 + [[429, 429]]


def test_current_password_cannot_be_guessed(app: TaskTimer) -> None:
    client = registered(app)
    body = {"current_password": "not my password"}
    tries = [client.patch("users/me", body, If_Match="*") for _ in range(3)]
    assert [each.status_code for each in tries] == [422, 422, 429]
    assert tries[-1].headers["RateLimit-Policy"] == '"credentials";q=2;w=60'


def test_current_password_cannot_be_guessed_from_many_addresses(app: TaskTimer) -> None:
    client = registered(app)
    body = {"current_password": "not my password"}
    # The first log-in was from an unknown client, too.
    senders = [Client(app, client.token) for _ in range(6)]
    tries = [sender.patch("users/me", body, If_Match="*") for sender in senders]
    assert [each.status_code for each in tries] == [422] * 5 + [429]
    assert tries[-1].headers["RateLimit-Policy"] == '"account";q=6;w=60'


def test_deletion_password_cannot_be_guessed(app: TaskTimer) -> None:
    client = registered(app)
    body = {"current_password": "not my password"}
    tries = [client.post("users/me/deletion", body) for _ in range(3)]
    assert [each.status_code for each in tries] == [422, 422, 429]
    assert tries[-1].headers["RateLimit-Policy"] == '"credentials";q=2;w=60'


def test_deletion_password_cannot_be_guessed_from_many_addresses(app: TaskTimer) -> None:
    client = registered(app)
    body = {"current_password": "not my password"}
    # The first log-in was from an unknown client, too.
    tries = [Client(app, client.token).post("users/me/deletion", body) for _ in range(6)]
    assert [each.status_code for each in tries] == [422] * 5 + [429]
    assert tries[-1].headers["RateLimit-Policy"] == '"account";q=6;w=60'


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:DB8::1", "2001:0db8:0000:0000::/64"),
        ("2001:db8:0:1:2:3:4:5", "2001:0db8:0000:0001::/64"),
        ("unknown", "unknown"),
    ],
)
def test_client_is_an_address_or_a_network(address: str, client: str) -> None:
    assert client_of(address) == client


def test_addresses_of_a_network_are_one_client(app: TaskTimer) -> None:
    addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"]
    statuses = [Client(app, address=each).get("tasks").status_code for each in addresses]
    assert statuses == [401, 401, 429, 401]


def test_health_is_not_limited(app: TaskTimer) -> None:
    client = Client(app)
    assert {client.get("/health").status_code for _ in range(4)} == {200}


def test_clients_without_a_proxy_are_distinguished(app: TaskTimer) -> None:
    addresses = ["127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.3"]
    statuses = [Client(app, address=each).get("tasks").status_code for each in addresses]
    assert statuses == [401, 401, 429, 401]


def end(settings: Settings, key: str) -> None:
    """Lets the windows of such keys end."""
    with psycopg.connect(settings.database_url) as connection:
        assert connection.execute(END, (key,)).rowcount == 1


def test_credentials_are_counted_anew_after_the_window(app: TaskTimer, settings: Settings) -> None:
    client = Client(app)
    body = {"email": fresh_email(), "password": PASSWORD}
    for _ in range(2):
        assert [client.post("auth/login", body).status_code for _ in range(3)] == [401, 401, 429]
        end(settings, f"logIn {client_of(client.address)}")


def test_client_is_known_to_an_account_for_days(
    app: TaskTimer, settings: Settings, contract: Contract
) -> None:
    client = registered(app)
    email = client.get("users/me").get_json()["email"]
    key = f"known % {client_of(client.address)}"
    with psycopg.connect(settings.database_url) as connection:
        known = connection.execute(KNOWN, (key,)).fetchone()
    assert known == (1, contract["x-account-attempts"]["known_days"])
    end(settings, key)
    for _ in range(3):
        guess(app, email)
    refused = client.post("auth/login", {"email": email, "password": PASSWORD})
    assert refused.headers["RateLimit-Policy"] == '"account";q=6;w=60'


def test_refused_client_may_come_back_after_a_second(
    app: TaskTimer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, windows, now = Client(app), app.resources.windows, time.monotonic()
    monkeypatch.setattr(windows, "begin_sharing", lambda: False)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    client.get("tasks")
    windows.learn(client_of(client.address), 2, 0.5)
    refused = client.get("tasks")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")


def test_sharing_begins_when_counts_are_due(
    settings: Settings, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made(replace(settings, rate_limit_per_minute=600), contract) as app:
        begun: list[int] = []
        taken: list[int] = []
        windows = app.resources.windows
        monkeypatch.setattr(windows, "begin_sharing", lambda: begun.append(1))
        monkeypatch.setattr(app.resources.database, "aside", lambda *_: taken.append(1))
        client = Client(app)
        for due in (0, 0, 1, 2):
            client.get("tasks")
            assert (len(begun), len(taken)) == (due, 0)


def test_counts_that_were_not_shared_are_kept(settings: Settings, contract: Contract) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nowhere"
    resources = make_resources(
        replace(settings, rate_limit_per_minute=600, database_url=nowhere), contract
    )
    for _ in range(3):
        resources.windows.count("203.0.113.7")
    share_counts(resources)
    assert resources.windows.take() == {"203.0.113.7": 3}
    resources.database.disconnect()


def test_fault_of_the_program_while_counts_are_shared_is_logged(
    printed: BytesIO, settings: Settings, contract: Contract
) -> None:
    resources = make_resources(replace(settings, rate_limit_per_minute=600), contract)
    for _ in range(3):
        # No text of the database.
        resources.windows.count("\0")
    share_counts(resources)
    lines = [json.loads(line) for line in printed.getvalue().splitlines()]
    assert [line["level"] for line in lines if line["event"] == "unhandled_error"] == ["error"]
    resources.database.disconnect()
