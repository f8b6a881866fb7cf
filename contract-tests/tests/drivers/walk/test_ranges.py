"""Ranges of dates and times in bodies, and adjacent ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lockstep.drivers.walk.ranges import is_exclusive, range_in, span_in
from lockstep.transport.messages import Request

STAY = {"guests": 2, "arrival": "2031-02-27", "departure": "2031-03-01", "remark": None}
CALL = {"from": "2031-01-01T23:30:00Z", "to": "2031-01-01T23:45:00Z"}


def ends(body: Any) -> tuple[str, str] | None:
    found = range_in(body)
    return (found.start, found.end) if found is not None else None


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (STAY, ("arrival", "departure")),
        (CALL, ("from", "to")),
        ({"born": "1990-01-01", "at": "2031-01-01T00:00:00Z"}, None),
        ({"a": "2031-01-02", "b": "2031-01-01"}, None),
        ({"a": "2031-01-01", "b": "2031-01-01"}, None),
        ({"a": "2031-13-01", "b": "2031-14-01"}, None),
        ({"a": "2031-01-01"}, None),
        ({}, None),
        (["2031-01-01", "2031-01-02"], None),
        (None, None),
    ],
)
def test_two_moments_in_order_are_a_range(body: Any, found: tuple[str, str] | None) -> None:
    assert ends(body) == found


@pytest.mark.parametrize(
    ("body", "exclusive"),
    [
        (STAY, True),
        ({"email": "a@example.com"}, True),
        ({"note": "a", "done": False}, False),
        (["email"], False),
    ],
)
def test_creation_with_a_range_or_a_unique_name_is_exclusive(body: Any, exclusive: bool) -> None:
    request = Request(
        "POST", "/", (("Content-Type", "application/json"),), json.dumps(body).encode()
    )
    assert is_exclusive(request) is exclusive
    assert not is_exclusive(Request("POST", "/", (), b"email"))


def test_range_of_days_is_placed_by_days() -> None:
    found = range_in(STAY)
    assert found is not None
    assert found.place(STAY, (-1, 2)) == STAY | {"arrival": "2031-02-26", "departure": "2031-03-01"}


def test_range_of_time_is_placed_by_hours_in_the_same_form() -> None:
    found = range_in(CALL)
    assert found is not None
    assert found.place(CALL, (0, 2)) == {
        "from": "2031-01-01T23:30:00Z",
        "to": "2031-01-02T01:30:00Z",
    }
    offset = {name: text.replace("Z", "+00:00") for name, text in CALL.items()}
    found = range_in(offset)
    assert found is not None
    assert found.place(offset, (0, 1))["to"] == "2031-01-02T00:30:00+00:00"


@pytest.mark.parametrize(
    ("member", "next_start"),
    [
        ({"duration_minutes": 20}, "2031-01-01T23:50:00Z"),
        ({"hours": 2}, "2031-01-02T01:30:00Z"),
        ({"duration": 45}, "2031-01-02T00:15:00Z"),
        ({"minutes": 0}, None),
        ({"seats": 4}, None),
        ({"hours": 2, "minutes": 30}, None),
        ({"minutes": 5, "until": CALL["to"]}, None),
    ],
)
def test_a_start_and_a_length_are_a_range(member: dict[str, Any], next_start: str | None) -> None:
    body = {"starts_at": CALL["from"], **member}
    found = span_in(body)
    placed = found.place(body, 1) if found is not None else {}
    assert placed.get("starts_at") == next_start
