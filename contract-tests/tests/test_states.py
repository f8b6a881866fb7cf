"""Operations that depend on states or users: their faults are found by the document alone."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.flask_servers import pair
from fixtures.kiosk_server import DOCUMENT, FAULTS, PREFIX, make_kiosk
from test_planted_faults import run

SIGNS = {
    "hand_over_unpaid": ("handOver", "status"),
    "cancel_handed_over": ("cancelOrder", "status"),
    "pay_cancelled": ("payOrder", "status"),
    "stale_pieces": ("getBasket", "body /pieces"),
    "location": ("placeOrder", "header location"),
    "many_goods": ("addGood", "status"),
    "head": ("HEAD /goods", "status"),
}


def compare(*faults: str) -> dict[str, Any]:
    """The report of a run on a sound kiosk and one with faults."""
    with pair(make_kiosk, *faults, prefix=PREFIX) as targets:
        return run(DOCUMENT, targets, "--phase=examples")


@pytest.fixture(scope="module")
def honest() -> dict[str, Any]:
    """The report of a run on two sound kiosks."""
    return compare()


def test_two_sound_kiosks_are_alike(honest: dict[str, Any]) -> None:
    assert (honest["exit_code"], honest["findings"]) == (0, [])


def test_every_operation_succeeds_after_its_prerequisites(honest: dict[str, Any]) -> None:
    documented = {k: v for k, v in honest["operations"].items() if v["documented"]}
    assert [name for name, one in documented.items() if not one["succeeded"]] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_one_state_is_found_and_reproduced(fault: str) -> None:
    report = compare(fault)
    found = [(each["operation"], each["where"]) for each in report["findings"]]
    assert SIGNS[fault] in found
    assert len(found) == 1, found
    assert all(each["reproduced"] for each in report["findings"])
