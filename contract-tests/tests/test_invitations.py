"""Who is invited takes the invitation, and is tried as a member of each role."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.flask_servers import pair
from fixtures.teams_server import DOCUMENT, FAULTS, PREFIX, make_teams
from test_planted_faults import run

SIGNS = {
    "guest_writes": ("makeJob", "status"),
    "accepted_twice": ("acceptInvitation", "status"),
    "stays_assigned": ("listJobs", "body /*/assigneeId"),
}


def compare(*faults: str) -> dict[str, Any]:
    """The report of a run on a correct server of teams and one with faults."""
    with pair(make_teams, *faults, prefix=PREFIX) as targets:
        return run(DOCUMENT, targets, "--phase=examples")


def test_correct_servers_are_alike_and_every_operation_succeeds() -> None:
    report = compare()
    assert (report["exit_code"], report["findings"]) == (0, [])
    documented = {k: v for k, v in report["operations"].items() if v["documented"]}
    assert [name for name, one in documented.items() if not one["succeeded"]] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_memberships_is_found(fault: str) -> None:
    report = compare(fault)
    found = [(each["operation"], each["where"]) for each in report["findings"]]
    assert found == [SIGNS[fault]]
    assert all(each["reproduced"] for each in report["findings"])
