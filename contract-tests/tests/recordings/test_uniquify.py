"""Future times are moved by weeks, as what was free at them has been taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lockstep.confirm.weeks import Weeks
from lockstep.recordings.uniquify import books, moved
from lockstep.transport.messages import Request

SOON = datetime.now(UTC).date() + timedelta(days=10)
LATER = SOON + timedelta(weeks=2)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f'{{"starts_at": "{SOON}T09:30:00+01:00"}}', f'{{"starts_at": "{LATER}T09:30:00+01:00"}}'),
        (f"/slots?date={SOON}&room=1", f"/slots?date={LATER}&room=1"),
        (f"/slots?from={SOON}T09%3A30%3A00Z", f"/slots?from={LATER}T09%3A30%3A00Z"),
        ('{"born": "1999-12-31"}', '{"born": "1999-12-31"}'),
        (f"a-{SOON}-b", f"a-{SOON}-b"),
        ("2099-99-99", "2099-99-99"),
        ("9999-12-31", "9999-12-31"),
    ],
)
def test_future_days_are_moved_and_nothing_else(text: str, wanted: str) -> None:
    assert moved(text, 2) == wanted


def test_a_body_with_a_future_time_books() -> None:
    assert books(Request("POST", "/bookings", body=f'{{"at": "{SOON}"}}'.encode()))
    assert not books(Request("POST", "/bookings", body=b'{"born": "1999-12-31"}'))


def test_weeks_that_are_too_far_ahead_are_not_chosen_again() -> None:
    weeks = Weeks()
    chosen = []
    for _ in range(6):
        chosen.append(weeks.choose())
        weeks.note(chosen[-1], accepted=chosen[-1] <= 3)
    assert chosen == [1, 2, 3, 4, 1, 2]
