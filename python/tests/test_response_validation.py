"""Responses that the contract does not document become internal errors, if a setting says so."""

import json
from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace
from typing import cast

import pytest

from task_timer.api.answers import JSON, Answer
from task_timer.api.call import Call
from task_timer.api.middleware.response_validation import UndocumentedAnswerError, finish
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.utils.errors import TaskNotFoundError

from .clients import Client
from .conftest import made

Case = tuple[str, int, str, bytes | None]
OK = b'{"status":"ok"}'
DOCUMENTED: list[Case] = [
    ("getHealth", 200, JSON, OK),
    ("getHealth", 200, f"{JSON}; charset=utf-8", OK),
    ("getHealth", 500, "text/html", b"<p>"),
    ("getMetrics", 200, "text/plain; version=0.0.4; charset=utf-8", b"# HELP a b\n"),
    ("getDocsPage", 200, "text/css; charset=utf-8", b"p {}"),
    ("logOut", 204, "", None),
    ("none", 200, "text/html", b"<p>"),
]
UNDOCUMENTED: list[tuple[Case, str]] = [
    (("getHealth", 201, JSON, OK), "getHealth: status 201"),
    (("getHealth", 200, "text/html", OK), "getHealth: media type text/html"),
    (("getHealth", 200, "", OK), "getHealth: media type $"),
    (("getHealth", 200, JSON, b'{"status":"on"}'), "getHealth 200: .*/status.*enum"),
    (("getHealth", 200, JSON, b"{}"), "getHealth 200: .*required"),
    (("getMetrics", 200, "text/plain", b"a 1\n"), "getMetrics 200: .*pattern"),
]


def finished(contract: Contract, case: Case) -> bool:
    """Tells whether an answer is left as it is."""
    operation, status, media_type, body = case
    headers = {"Content-Type": media_type} if media_type else {}
    answer = Answer(status, headers, body)
    call = cast(Call, SimpleNamespace(operation=contract.operations.get(operation)))
    return finish(call, answer) is answer


@pytest.mark.parametrize("case", DOCUMENTED)
def test_documented_response_is_left_as_it_is(contract: Contract, case: Case) -> None:
    assert finished(contract, case)


@pytest.mark.parametrize(("case", "reason"), UNDOCUMENTED)
def test_undocumented_response_is_rejected(contract: Contract, case: Case, reason: str) -> None:
    with pytest.raises(UndocumentedAnswerError, match=reason):
        finished(contract, case)


@pytest.mark.parametrize("validate", [True, False])
def test_responses_are_validated_if_a_setting_says_so(
    settings: Settings,
    contract: Contract,
    printed: BytesIO,
    monkeypatch: pytest.MonkeyPatch,
    validate: bool,
) -> None:
    monkeypatch.setattr("task_timer.services.replica_service.look", lambda: "elsewhere")
    printed.seek(0)
    printed.truncate()
    with made(replace(settings, validate_responses=validate), contract) as app:
        assert Client(app).get("/ready").status_code == (500 if validate else 200)
    logged = [json.loads(line) for line in printed.getvalue().splitlines()]
    failed = [(each["event"], each["reason"]) for each in logged if each["level"] == "error"]
    reason = "getReadiness 200: /read_replica enum"
    assert failed == ([("undocumented_response", reason)] if validate else [])


def test_undocumented_problem_becomes_an_internal_error(
    settings: Settings, contract: Contract, printed: BytesIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise TaskNotFoundError

    assert printed.writable()
    monkeypatch.setattr("task_timer.services.replica_service.look", fail)
    with made(replace(settings, validate_responses=True), contract) as app:
        answer = Client(app).get("/ready")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
