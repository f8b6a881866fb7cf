from typing import Any

import pytest

from .clients import Client


def report(client: Client, start: str, end: str, group_by: str, tz: str = "UTC") -> Any:
    query = f"from={start}&to={end}&group_by={group_by}&tz={tz}"
    answer = client.get(f"reports/time?{query}").get_json()
    rows = [
        (row[group_by if group_by != "task" else "task_id"], row["tracked_seconds"])
        for row in answer["rows"]
    ]
    return answer["tracked_seconds"], rows


def test_days_end_at_local_midnight(client: Client) -> None:
    client.make_entry(client.make_task(), "2026-02-01T22:00:00Z", "2026-02-02T00:00:00Z")
    year = ("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z")
    assert report(client, *year, "day") == (7200, [("2026-02-01", 7200)])
    expected = [("2026-02-01", 3600), ("2026-02-02", 3600)]
    assert report(client, *year, "day", "Europe/Berlin") == (7200, expected)


@pytest.mark.parametrize(
    ("tz", "start", "day", "seconds"),
    [
        ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29", 23 * 3600),
        ("Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25", 25 * 3600),
        ("America/Havana", "2026-11-01T04:00:00Z", "2026-11-01", 25 * 3600),
        ("America/Havana", "2026-03-08T05:00:00Z", "2026-03-08", 23 * 3600),
        ("Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05", 24 * 3600 + 1800),
    ],
)
def test_days_with_a_daylight_saving_change(
    client: Client, tz: str, start: str, day: str, seconds: int
) -> None:
    client.make_entry(client.make_task(), "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z")
    _, rows = report(client, "2026-01-02T00:00:00Z", "2026-12-30T00:00:00Z", "day", tz)
    assert dict(rows)[day] == seconds
    assert sum(tracked for _, tracked in rows) == 362 * 24 * 3600
    assert start


def test_milliseconds_are_summed_before_rounding(client: Client) -> None:
    task = client.make_task(tags=["b", "a"])
    for minute in range(3):
        client.make_entry(
            task, f"2026-02-02T09:{minute:02}:00.000Z", f"2026-02-02T09:{minute:02}:00.400Z"
        )
    day = ("2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z")
    assert report(client, *day, "task") == (1, [(task["id"], 1)])
    assert report(client, *day, "tag") == (1, [("a", 1), ("b", 1)])
    assert client.get(f"tasks/{task['id']}").get_json()["tracked_seconds"] == 0


def test_time_without_a_tag_comes_last(client: Client) -> None:
    client.make_entry(client.make_task(), "2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z")
    tagged = client.make_task(tags=["é", "Z", "a"])
    client.make_entry(tagged, "2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z")
    day = ("2026-02-02T09:30:00Z", "2026-02-03T00:00:00Z")
    expected = [("Z", 1800), ("a", 1800), ("é", 1800), (None, 1800)]
    assert report(client, *day, "tag") == (3600, expected)


@pytest.mark.parametrize(
    ("end", "code"),
    [("2025-12-31T23:59:59Z", "invalid_interval"), ("2027-01-02T00:00:00.001Z", "range_too_long")],
)
def test_report_range_is_bounded(client: Client, end: str, code: str) -> None:
    answer = client.get(f"reports/time?from=2026-01-01T00:00:00Z&to={end}&tz=UTC")
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)
