"""Features that generated requests cover: date ranges, searches, jobs, tables and patches."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.flask_servers import pair
from fixtures.lodges_server import DOCUMENT, FAULTS, make_lodges
from test_planted_faults import run

SIGNS = {
    "blurb_unsearched": ("listLodges", "body"),
    "extra_night": ("bookStay", "body /nights"),
    "changeover_refused": ("bookStay", "status"),
    "unquoted": ("downloadStays", "body /*"),
    "done_at_once": ("getAudit", "body /state"),
    "test_ignored": ("patchLodge", "status"),
}


def compare(*faults: str) -> dict[str, Any]:
    """The report of a run on two servers of lodges, one of them with faults."""
    with pair(make_lodges, *faults) as targets:
        return run(DOCUMENT, targets, "--phase=examples")


def test_two_sound_servers_are_alike() -> None:
    report = compare()
    assert (report["exit_code"], report["findings"], report["seen_once"]) == (0, [], [])
    assert [name for name, one in report["operations"].items() if one["documented"]] == [
        name for name, one in report["operations"].items() if one["documented"] and one["succeeded"]
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_once_and_reproduced(fault: str) -> None:
    report = compare(fault)
    found = [(each["operation"], each["where"]) for each in report["findings"]]
    assert found == [SIGNS[fault]]
    assert report["findings"][0]["reproduced"]
