from collections.abc import Callable

import pytest

from task_timer.api.middleware.metrics import Metrics
from task_timer.api.routes import all_handlers
from task_timer.config import Settings
from task_timer.contract import Contract, ContractError


@pytest.fixture
def handlers(settings: Settings, contract: Contract) -> list[Callable[..., object]]:
    return list(all_handlers(settings, contract, Metrics(contract)))


def test_each_operation_has_a_handler(
    contract: Contract, handlers: list[Callable[..., object]]
) -> None:
    assert contract.bind(handlers).keys() == contract.operations.keys()


def test_an_operation_without_a_handler_is_named(
    contract: Contract, handlers: list[Callable[..., object]]
) -> None:
    kept = [handler for handler in handlers if handler.__name__ != "create_task"]
    with pytest.raises(ContractError, match="operation createTask has no handler"):
        contract.bind(kept)


def test_a_handler_without_an_operation_is_named(
    contract: Contract, handlers: list[Callable[..., object]]
) -> None:
    def paint_task() -> None:
        """Is in no contract."""

    with pytest.raises(ContractError, match="handler paintTask has no operation"):
        contract.bind([*handlers, paint_task])


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/api/v1/tasks", {}),
        ("/api/v1/t%61sks/x", {"task_id": "x"}),
        ("/api/v1/tasks/a%2Fb", {"task_id": "a/b"}),
    ],
)
def test_paths_are_compared_after_one_decoding(
    contract: Contract, path: str, values: dict[str, str]
) -> None:
    found = contract.find(path)
    assert found is not None
    assert found[1] == values


@pytest.mark.parametrize(
    "path", ["/api/v1/tasks/", "//api/v1/tasks", "/API/v1/tasks", "/api/v1/./tasks", "/", ""]
)
def test_other_paths_are_unknown(contract: Contract, path: str) -> None:
    assert contract.find(path) is None


def test_allow_lists_methods_in_the_order_of_the_contract(contract: Contract) -> None:
    found = contract.find("/api/v1/users/me")
    assert found is not None
    assert found[0].allow == "GET, HEAD, PATCH, DELETE, OPTIONS"
