"""Faults that no schema describes, such as permissions on shared resources and list positions."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.boards_server import DOCUMENT, FAULTS, PREFIX, make_boards
from fixtures.flask_servers import pair
from test_planted_faults import run

SIGNS = {
    "viewer_moves": ("moveCard", "status"),
    "notes_of_others": ("removeNote", "status"),
    "places_stay": ("listCards", "body /*/place"),
    "page_repeats": ("listNotes", "body /items"),
    "refreshed_twice": ("getToken", "status"),
    "offset_dropped": ("makeCard", "body /due"),
    "editor_removes": ("removeMember", "status"),
}


def compare(*faults: str) -> dict[str, Any]:
    """The report of a run on a correct board server and one with faults."""
    with pair(make_boards, *faults, prefix=PREFIX) as targets:
        return run(DOCUMENT, targets, "--phase=examples")


@pytest.fixture(scope="module")
def honest() -> dict[str, Any]:
    """The report of a run on two correct servers."""
    return compare()


def test_correct_servers_are_alike(honest: dict[str, Any]) -> None:
    assert (honest["exit_code"], honest["findings"]) == (0, [])


def test_every_operation_succeeds_after_a_log_in_by_grant(honest: dict[str, Any]) -> None:
    documented = {k: v for k, v in honest["operations"].items() if v["documented"]}
    assert [name for name, one in documented.items() if not one["succeeded"]] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_between_users_and_resources_is_found(fault: str) -> None:
    report = compare(fault)
    found = [(each["operation"], each["where"]) for each in report["findings"]]
    assert SIGNS[fault] in found
    assert len(found) == 1, found
    assert all(each["reproduced"] for each in report["findings"])
