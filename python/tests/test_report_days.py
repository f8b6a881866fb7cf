"""Days in reports, compared with the time zones of Python's `zoneinfo`."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from task_timer.contract import Contract
from task_timer.current import using
from task_timer.resources import Resources
from task_timer.services.report_service import get_time_report

from .clients import Client

MINUTE, QUARTER, DAY = 60, 15 * 60, 24 * 60 * 60
BEGINS, ENDS = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2010, 2020))


def shown(zone: ZoneInfo, second: int) -> tuple[str, timedelta | None]:
    local = datetime.fromtimestamp(second, zone)
    return local.date().isoformat(), local.utcoffset()


def changes(zone: ZoneInfo) -> Iterator[tuple[int, timedelta | None, timedelta | None]]:
    """Yields the first second of each UTC offset, and the offsets before and after."""
    for begins in range(BEGINS, ENDS, DAY):
        before, after = begins, begins + DAY
        old, new = shown(zone, before)[1], shown(zone, after)[1]
        if old == new:
            continue
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if shown(zone, middle)[1] == old else (before, middle)
        yield after, old, new


def expected_days(zone: ZoneInfo, start: int, end: int, change: int) -> dict[str, int]:
    """Steps by a minute around a change of the offset, else by a quarter of an hour."""
    days: Counter[str] = Counter()
    while start < end:
        step = MINUTE if start % QUARTER or abs(start - change) <= 2 * QUARTER else QUARTER
        step = min(step, end - start)
        days[shown(zone, start)[0]] += step
        start += step
    return days


def test_days_match_the_local_time_of_each_zone(
    client: Client, contract: Contract, resources: Resources
) -> None:
    names = contract["components"]["schemas"]["TimeZoneName"]["enum"]
    client.make_entry(client.make_task(), "2009-12-01T00:00:00Z", "2020-02-01T00:00:00Z")
    user_id = client.get("users/me").get_json()["id"]
    # Most zones change at the same time as others.
    windows: dict[tuple[object, ...], tuple[str, int]] = {}
    for name in names:
        zone = ZoneInfo(name)
        windows.setdefault((name,), (name, BEGINS))
        for instant, old, new in changes(zone):
            windows.setdefault((instant, old, new), (name, instant))
    assert len(windows) > 1000
    with using(resources):
        for name, instant in windows.values():
            start, end = instant - 2 * DAY + QUARTER, instant + 2 * DAY
            first, last = (datetime.fromtimestamp(second, UTC) for second in (start, end))
            report = get_time_report(user_id, first, last, "day", name)
            found = {row.day: row.tracked_seconds for row in report.rows}
            assert found == expected_days(ZoneInfo(name), start, end, instant), (name, instant)
            assert {row.entry_count for row in report.rows} == {1}, (name, instant)
