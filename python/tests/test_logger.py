"""The log: one JSON object per line, without secrets."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from task_timer.app import TaskTimer
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.services.rate_limit_service import client_of
from task_timer.utils.logger import configure_logging, logger

from .clients import PASSWORD, Client, fresh_email, registered
from .conftest import made

LEVELS = ["debug", "info", "warning", "error"]
ACCESS_LINE = [
    "level",
    "time",
    "event",
    "request_id",
    "method",
    "path",
    "operation",
    "status",
    "duration_ms",
    "user_id",
    "statements",
]


def lines(printed: BytesIO) -> list[Any]:
    return [json.loads(line) for line in printed.getvalue().splitlines()]


@pytest.fixture(scope="module")
def app(printed: BytesIO, settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    assert printed.getvalue() == b""
    with made(settings, contract) as app:
        yield app


def test_request_is_logged_in_one_line(client: Client, printed: BytesIO) -> None:
    printed.seek(0)
    printed.truncate()
    client.get("tasks?q=secret", X_Request_ID="the-id")
    (line,) = lines(printed)
    assert list(line) == ACCESS_LINE
    assert line["request_id"] == "the-id"
    assert (line["path"], line["operation"], line["status"]) == ("/api/v1/tasks", "listTasks", 200)
    assert 0 < line["duration_ms"] < 60_000


def test_no_secret_is_logged(app: TaskTimer, printed: BytesIO) -> None:
    email = fresh_email()
    client = registered(app)
    client.post("auth/register", {"email": email, "password": PASSWORD})
    client.post("auth/register", {"email": email, "password": PASSWORD})
    tokens = client.post("auth/login", {"email": email, "password": PASSWORD}).get_json()
    client.post("auth/logout", {"refresh_token": tokens["refresh_token"]})
    log = printed.getvalue().decode()
    for secret in (email, PASSWORD, client.token, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in log


def test_security_events_are_logged(
    app: TaskTimer, printed: BytesIO, settings: Settings, contract: Contract
) -> None:
    client = registered(app)
    user = client.get("users/me").get_json()
    printed.seek(0)
    printed.truncate()
    body = {"email": user["email"], "password": PASSWORD}
    client.post("auth/login", {**body, "password": "not my password"})
    client.post("auth/login", {**body, "email": fresh_email()})
    token = {"refresh_token": client.post("auth/login", body).get_json()["refresh_token"]}
    client.post("auth/refresh", token)
    retried = client.post("auth/refresh", token).get_json()
    client.post("auth/refresh", {"refresh_token": retried["refresh_token"]})
    client.post("auth/refresh", token)
    client.patch("users/me", {"current_password": "not my password"}, If_Match="*")
    change = {"current_password": PASSWORD, "password": "staple the battery"}
    client.patch("users/me", change, If_Match="*")
    body["password"] = change["password"]
    client.post("auth/login", body)
    token = {"refresh_token": client.post("auth/login", body).get_json()["refresh_token"]}
    client.post("auth/logout", token)
    client.post("auth/logout", token)
    client.post("users/me/deletion", {"current_password": "not my password"})
    client.post("users/me/deletion", {"current_password": change["password"]})
    with made(replace(settings, credential_limit_per_minute=1), contract) as low:
        stranger = Client(low)
        for _ in range(2):
            stranger.post("auth/refresh", {"refresh_token": "x"})
    known = contract["x-security-events"]
    events = [line for line in lines(printed) if line["event"] in known]
    assert [(line["event"], line["user_id"], line["code"]) for line in events] == [
        ("log_in_refused", user["id"], "invalid_credentials"),
        ("log_in_refused", None, "invalid_credentials"),
        ("log_in_succeeded", user["id"], None),
        ("refresh_token_retried", user["id"], None),
        ("refresh_token_reused", user["id"], "refresh_token_reused"),
        ("password_refused", user["id"], "wrong_password"),
        ("password_changed", user["id"], None),
        ("log_in_succeeded", user["id"], None),
        ("log_in_succeeded", user["id"], None),
        ("session_ended", user["id"], None),
        ("password_refused", user["id"], "wrong_password"),
        ("user_deleted", user["id"], None),
        ("attempts_throttled", None, "rate_limited"),
    ]
    assert {line["event"] for line in events} == set(known)
    assert all(line["level"] == known[line["event"]] for line in events)
    known_client, other_client = map(client_of, (client.address, stranger.address))
    assert [line["client"] for line in events] == [known_client] * 12 + [other_client]


def test_exception_is_logged_without_its_message(
    client: Client, printed: BytesIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("what the driver says")

    monkeypatch.setattr("task_timer.services.task_service.get_task", fail)
    client.get("tasks/01936d5e-8a00-7000-8000-000000000001")
    log = printed.getvalue().decode()
    failure = next(line for line in lines(printed) if line["event"] == "unhandled_error")
    assert (failure["level"], failure["exception"]) == ("error", "LookupError")
    assert re.fullmatch(r"/.+/test_logger\.py:\d+ fail", failure["stack"][-1])
    assert "what the driver says" not in log


@pytest.mark.parametrize("level", LEVELS)
def test_lower_levels_are_not_logged(level: str, printed: BytesIO) -> None:
    stream = BytesIO()
    configure_logging(level, stream)
    for each in LEVELS:
        getattr(logger(), each)("what happened")
    configure_logging("info", printed)
    found = [(line["level"], line["event"]) for line in lines(stream)]
    assert found == [(each, "what happened") for each in LEVELS[LEVELS.index(level) :]]


def test_line_outside_of_a_request_has_no_id(app: TaskTimer, printed: BytesIO) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    Client(app).get("/health", X_Request_ID="inside", traceparent=trace)
    logger().info("outside")
    inside, outside = lines(printed)[-2:]
    assert (inside["request_id"], inside["span_id"]) == ("inside", trace[36:52])
    assert (outside["event"], outside["request_id"]) == ("outside", None)
    assert "trace_id" not in outside


def test_lines_of_libraries_are_forwarded(printed: BytesIO) -> None:
    printed.seek(0)
    printed.truncate()
    library = logging.getLogger("a.library")
    library.debug("unheard")
    library.info("begun")
    library.warning("late by %d s", 3)
    library.error("failed")
    library.error("lost", exc_info=LookupError("what the driver says"))
    *said, lost = lines(printed)
    assert [(line["level"], line["event"], line["message"]) for line in said] == [
        ("info", "library", "begun"),
        ("warning", "library", "late by 3 s"),
        ("warning", "library", "failed"),
    ]
    assert {line["source"] for line in said} == {"a.library"}
    assert (lost["level"], lost["event"], lost["exception"]) == ("error", "library", "LookupError")
    assert "what the driver says" not in printed.getvalue().decode()
