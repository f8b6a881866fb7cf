from collections.abc import Callable

import pytest

from task_timer.api.middleware.metrics import Metrics
from task_timer.api.routes import all_handlers
from task_timer.app import TaskTimer, create_app
from task_timer.config import Settings
from task_timer.contract import Contract, ContractError
from task_timer.resources import Resources

from .clients import Client


@pytest.fixture
def handlers(resources: Resources) -> list[Callable[..., object]]:
    return list(all_handlers(resources, Metrics(resources.contract)))


def test_every_operation_has_a_handler(
    contract: Contract, handlers: list[Callable[..., object]]
) -> None:
    assert contract.bind(handlers).keys() == contract.operations.keys()


def test_operation_without_a_handler_is_an_error(
    contract: Contract, handlers: list[Callable[..., object]]
) -> None:
    kept = [handler for handler in handlers if handler.__name__ != "create_task"]
    with pytest.raises(ContractError, match="operation createTask has no handler"):
        contract.bind(kept)


def test_handler_without_an_operation_is_an_error(
    contract: Contract, handlers: list[Callable[..., object]]
) -> None:
    def paint_task() -> None:
        """Is in no contract."""

    with pytest.raises(ContractError, match="handler paintTask has no operation"):
        contract.bind([*handlers, paint_task])


def test_all_mismatches_are_listed_in_order(
    contract: Contract, handlers: list[Callable[..., object]]
) -> None:
    def paint_task() -> None:
        """Is in no contract."""

    left_out = ("create_task", "stop_timer")
    kept = [handler for handler in handlers if handler.__name__ not in left_out]
    with pytest.raises(ContractError) as raised:
        contract.bind([*kept, paint_task])
    assert str(raised.value) == (
        "handler paintTask has no operation; operation createTask has no handler; "
        "operation stopTimer has no handler"
    )


def test_application_is_not_created_with_another_contract(
    settings: Settings, contract: Contract
) -> None:
    text = contract.source.replace(b"operationId: createTask\n", b"operationId: paintTask\n")
    with pytest.raises(ContractError, match="operation paintTask has no handler"):
        create_app(settings, Contract(text))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/tasks", "unauthenticated"),
        ("/api/v1/t%61sks/x", "unauthenticated"),
        ("/api/v1/tasks/a%2Fb", "unauthenticated"),
    ],
)
def test_paths_are_compared_after_one_decoding(app: TaskTimer, path: str, code: str) -> None:
    assert Client(app).get(path).get_json()["code"] == code


@pytest.mark.parametrize(
    "path", ["/api/v1/tasks/", "//api/v1/tasks", "/API/v1/tasks", "/api/v1/./tasks", "/"]
)
def test_other_paths_are_unknown(app: TaskTimer, path: str) -> None:
    assert Client(app).get(path).get_json()["code"] == "path_not_found"


def test_allow_lists_methods_in_the_order_of_the_contract(contract: Contract) -> None:
    assert contract.allow("/api/v1/users/me") == "GET, HEAD, PATCH, OPTIONS"
