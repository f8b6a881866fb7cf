"""The exceptions and the error catalogue are the same list."""

import json
from collections.abc import Iterator
from dataclasses import astuple
from io import BytesIO
from types import SimpleNamespace
from typing import cast

import pytest

from task_timer.api.call import Call
from task_timer.api.middleware.error_handler import ErrorHandler
from task_timer.contract import Contract
from task_timer.outages import Outage
from task_timer.server.refusals import CODES
from task_timer.utils.errors import DomainError

from .clients import Client

# Each with how often connections are renewed because of it.
OUTAGES = [
    (Outage("silent", None, "NoAnswerError"), 1),
    (Outage("refused", "25006", "ReadOnlySqlTransaction"), 1),
    (Outage("refused", "53100", "DiskFull"), 0),
    (Outage("lost", None, "OperationalError"), 0),
    (Outage("busy", None, "TimeoutError"), 0),
]


def codes(parent: type[DomainError]) -> Iterator[str]:
    for child in parent.__subclasses__():
        if "code" in vars(child):
            yield child.code
        yield from codes(child)


def test_every_error_code_has_one_exception(contract: Contract) -> None:
    assert sorted(codes(DomainError)) == sorted(contract["x-errors"])


def test_codes_of_the_http_parser_are_in_the_catalogue(contract: Contract) -> None:
    assert set(CODES) <= set(contract["x-errors"])


def test_internal_error_reveals_no_details(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LookupError("secret")

    monkeypatch.setattr("task_timer.services.task_service.get_task", fail)
    answer = client.get("tasks/01936d5e-8a00-7000-8000-000000000001")
    assert answer.status_code == 500
    assert answer.get_json()["code"] == "internal_error"
    assert "secret" not in answer.text


@pytest.mark.parametrize(("outage", "renewals"), OUTAGES)
def test_connections_are_renewed_after_a_failover_alone(
    contract: Contract,
    printed: BytesIO,
    monkeypatch: pytest.MonkeyPatch,
    outage: Outage,
    renewals: int,
) -> None:
    renewed: list[str] = []
    database = SimpleNamespace(renew=lambda: renewed.append("renewed"))
    call = SimpleNamespace(request_id="the-id", resources=SimpleNamespace(database=database))
    monkeypatch.setattr("task_timer.api.middleware.error_handler.outage_of", lambda *_: outage)
    printed.seek(0)
    printed.truncate()
    answer = ErrorHandler(contract, lambda _, given: given).answer(cast(Call, call), OSError())
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert len(renewed) == renewals
    line = json.loads(printed.getvalue())
    assert line["event"] == "database_unavailable"
    assert (line["cause"], line["sqlstate"], line["exception"]) == astuple(outage)
