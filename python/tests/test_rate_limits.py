from collections.abc import Iterator
from dataclasses import replace

import pytest

from task_timer.api.middleware.rate_limit import is_address
from task_timer.app import TaskTimer
from task_timer.config import Settings
from task_timer.contract import Contract

from .clients import PASSWORD, Client, fresh_email
from .conftest import made


@pytest.fixture(scope="module")
def app(settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    """An application with low limits."""
    low = replace(settings, rate_limit_per_minute=2, credential_limit_per_minute=2)
    with made(low, contract) as app:
        yield app


def test_the_general_limit(app: TaskTimer) -> None:
    client = Client(app)
    statuses = [client.get("tasks").status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    refused = client.get("tasks")
    assert refused.headers["RateLimit-Policy"] == '"general";q=2;w=60'
    assert refused.headers["RateLimit"] == f'"general";r=0;t={refused.headers["Retry-After"]}'
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert Client(app).get("tasks").status_code == 401


def test_the_limit_of_credentials_is_for_each_operation(app: TaskTimer) -> None:
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
def test_an_address_is_one_of_ip(text: str, expected: bool) -> None:
    assert is_address(text) is expected


def test_health_is_not_limited(app: TaskTimer) -> None:
    client = Client(app)
    assert {client.get("/health").status_code for _ in range(4)} == {200}
