from datetime import UTC, datetime

import pytest

from task_timer.utils.instants import format_instant, parse_instant


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-02-01T08:00:00Z", "2026-02-01T08:00:00.000Z"),
        ("2026-02-01T08:00:00.9999+01:00", "2026-02-01T07:00:00.999Z"),
        ("2026-02-01T08:00:00.123456789Z", "2026-02-01T08:00:00.123Z"),
        ("1970-01-01T00:00:00+13:59", "1969-12-31T10:01:00.000Z"),
        ("2999-12-31T23:59:59-13:59", "3000-01-01T13:58:59.000Z"),
        ("2024-02-29T00:00:00.1-00:30", "2024-02-29T00:30:00.100Z"),
    ],
)
def test_instants_are_in_utc_and_truncated_to_milliseconds(text: str, written: str) -> None:
    assert format_instant(parse_instant(text)) == written


def test_milliseconds_are_always_written() -> None:
    assert format_instant(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
