"""The exceptions and the error catalogue are the same list."""

from collections.abc import Iterator

import pytest

from task_timer.contract import Contract
from task_timer.server.refusals import CODES
from task_timer.utils.errors import DomainError

from .clients import Client


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
