"""Warrants state what was proved, are merged and subtracted, and survive a round trip."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lockstep.warrant import (
    Divergence,
    Latency,
    Route,
    Warrant,
    WarrantError,
    json_text,
    load_warrant,
    merge,
    read_warrant,
)

LATE, LATER = "2026-11-29T10:00:00Z", "2026-11-29T11:00:00Z"


def counted(**counts: Any) -> Route:
    latency = Latency()
    latency.add(0.01)
    return Route(
        "GET /tasks/{id}",
        "getTask",
        latency={"old": latency, "new": latency},
        never_seen={"statuses": frozenset({"404"}), "parameters": frozenset()},
        **counts,
    )


def warrant(
    *routes: Route, digest: str = "d", targets: tuple[str, ...] = ("old", "new")
) -> Warrant:
    return Warrant("Tasks", digest, targets, LATE, LATER, list(routes))


def test_the_sentence_states_what_is_proved() -> None:
    route = counted(alike=3120)
    assert route.sentence == "3,120 compared, 0 diverged: below 0.1 % with 95 %"


def test_known_differences_are_counted_separately_and_are_no_divergence() -> None:
    route = counted(alike=3000, known=120)
    assert route.compared == 3120
    assert route.sentence == (
        "3,120 compared (120 with known differences only), 0 diverged: below 0.1 % with 95 %"
    )


def test_without_comparisons_nothing_is_proved() -> None:
    assert counted(shed=5).sentence == "nothing compared"
    assert counted(shed=5).bound() == 1.0


def test_counts_are_added_and_parts_seen_by_one_were_seen() -> None:
    one = counted(alike=100, shed=1, requests=101)
    other = counted(alike=200, diverged=2, requests=202)
    other.kinds = Counter(status=2)
    other.never_seen["statuses"] = frozenset()
    other.findings = [Divergence("status", "new responds with 500.", LATE, 2, "r1")]
    merged = merge([warrant(one), warrant(other)])
    (route,) = merged.routes
    assert (route.alike, route.diverged, route.shed, route.requests) == (300, 2, 1, 303)
    assert route.kinds == {"status": 2}
    assert route.latency["new"].count == 2
    assert route.never_seen == {"statuses": frozenset(), "parameters": frozenset()}
    assert merged.sources == 2
    assert [each.request_id for each in route.findings] == ["r1"]


def test_the_same_finding_of_two_proxies_is_one_with_the_latest_request() -> None:
    one, other = counted(diverged=1), counted(diverged=3)
    one.findings = [Divergence("status", "differs.", LATER, 1, "late")]
    other.findings = [Divergence("status", "differs.", LATE, 3, "early")]
    (route,) = merge([warrant(one), warrant(other)]).routes
    assert route.findings == [Divergence("status", "differs.", LATER, 4, "late")]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (warrant(digest="e"), "different documents"),
        (warrant(targets=("old", "newer")), "different targets: old, new and old, newer"),
    ],
)
def test_warrants_of_other_documents_or_targets_are_not_merged(
    other: Warrant, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        merge([warrant(), other])


def test_counts_between_two_readings_are_the_difference() -> None:
    before, after = counted(alike=100, diverged=1), counted(alike=150, diverged=3)
    before.findings = [Divergence("status", "a.", LATE, 1)]
    after.findings = [Divergence("value", "b.", LATER, 2), Divergence("status", "a.", LATE, 1)]
    (route,) = warrant(after).since(warrant(before)).routes
    assert (route.alike, route.diverged) == (50, 2)
    assert [each.sentence for each in route.findings] == ["b."]


def test_all_counts_of_a_restarted_proxy_are_new() -> None:
    before, after = warrant(counted(alike=100)), warrant(counted(alike=7))
    after.started = LATER
    assert after.since(before).routes[0].alike == 7


def test_a_warrant_survives_a_round_trip(tmp_path: Path) -> None:
    route = counted(alike=10, known=1, diverged=2, shed=3, unclear=4, requests=20)
    route.failed, route.set_aside = Counter(new=1), Counter({"account unknown to new": 5})
    route.answers, route.kinds = Counter({"2xx": 20}), Counter(header=2)
    route.findings = [Divergence("header", "new sends no header `x` \ud800.", LATE, 2, None)]
    written = warrant(route, Route("GET (undocumented)", documented=False))
    file = tmp_path / "warrant.json"
    file.write_text(json_text(written), encoding="utf-8")
    assert load_warrant(str(file)) == written
    assert merge([load_warrant(str(file))]) == written


def test_a_total_counts_all_routes() -> None:
    data = json.loads(
        json_text(warrant(counted(alike=1), Route("POST /tasks", alike=2, diverged=1)))
    )
    assert (data["total"]["compared"], data["total"]["diverged"]) == (4, 1)
    assert data["routes"][0]["latency_ratio"]["new"]["ratio"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "w.json: not JSON"),
        ("{}", "it has no schema_version"),
        ('{"schema_version": 99}', "of version 99; this lockstep reads 1"),
        ('{"schema_version": 1}', "required property"),
    ],
)
def test_an_invalid_warrant_is_reported(text: str, message: str) -> None:
    with pytest.raises(WarrantError, match=message):
        read_warrant(text, "w.json")


def test_a_missing_file_and_an_unreachable_proxy_are_reported() -> None:
    with pytest.raises(WarrantError, match="no such file"):
        load_warrant("/nowhere/warrant.json")
    with pytest.raises(WarrantError, match="is it the --admin address of a proxy"):
        load_warrant("http://127.0.0.1:1")
