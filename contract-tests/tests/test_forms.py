"""Faults of a server of forms with HTTP Basic, reported once and reproduced from an empty state."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.clubs_server import DOCUMENT, PREFIX, make_clubs
from fixtures.flask_servers import pair
from test_planted_faults import run

SIGNS = {
    "guests_close": ("closeClub", "status", ["another's thing"]),
    "code_units": ("foundClub", "status", ["notable"]),
    "stripped": ("foundClub", "body /name", ["notable"]),
}


def compare(*faults: str) -> dict[str, Any]:
    """The report of a run on a correct server of clubs and one with faults."""
    with pair(make_clubs, *faults, prefix=PREFIX) as targets:
        return run(DOCUMENT, targets, "--phase=examples")


def test_correct_servers_are_alike() -> None:
    report = compare()
    assert (report["exit_code"], report["findings"]) == (0, [])
    documented = {k: v for k, v in report["operations"].items() if v["documented"]}
    assert [name for name, one in documented.items() if not one["succeeded"]] == []


@pytest.mark.parametrize("fault", SIGNS)
def test_fault_is_one_finding_that_begins_with_a_registration(fault: str) -> None:
    (found,) = compare(fault)["findings"]
    kinds = [each["kind"] for each in found["conditions"]]
    operations = [each["operation"] for each in found["places"]]
    assert (found["where"], kinds) == SIGNS[fault][1:]
    assert SIGNS[fault][0] in operations
    assert found["reproduced"] is True
    first = found["steps"][0]["request"]
    assert (first["method"], first["path"]) == ("POST", "/people")
