"""Values from clients are reused in later requests."""

from __future__ import annotations

import json
import random

import pytest

from lockstep.drivers.fuzz.pool import Pool
from lockstep.drivers.fuzz.value_dictionary import KEPT, ValueDictionary, form_of
from lockstep.openapi.shapes import Generated
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Request, Response

TASK = "0196f0aa-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2026-03-29", "date"),
        ("2026-03-29T01:02:03.4567Z", "instant"),
        ("2026-03-29 01:02+0200", "instant"),
        ("2026-03-29T01:02:03", "local"),
        ("2026-03-29T", ""),
        ("v2026-03-29", ""),
        ("report", ""),
    ],
)
def test_a_point_in_time_is_detected_by_its_format(value: str, form: str) -> None:
    assert form_of(value) == form


def test_a_filter_reuses_values_of_a_body() -> None:
    given = ValueDictionary(random.Random(1))
    body = {"tags": ["home"], "period": {"start": "2026-01-01T00:00:00Z"}, "day": "2026-01-02"}
    instants = given.learn(Request("POST", "/tasks", (), json.dumps(body).encode()))
    assert sorted(instants) == ["2026-01-01T00:00:00Z", "2026-01-02"]
    assert given.named("tag") == "home"
    assert given.named("start") is None
    assert given.instant_like("1999-12-31T23:59:59Z") == "2026-01-01T00:00:00Z"
    assert given.instant_like("1999-12-31") == "2026-01-02"
    assert given.instant_like("1999-12-31T23:59:59") is None
    assert given.instant_like(3) is None


def test_other_bodies_than_json_are_ignored_and_the_oldest_value_is_dropped() -> None:
    given = ValueDictionary(random.Random(1))
    for body in (None, b"", b"{", b"[" * 100_000):
        assert given.learn(Request("POST", "/tasks", (), body)) == []
    for year in range(2000, 2000 + KEPT + 1):
        given.learn(Request("POST", "/tasks", (), f'{{"at": "{year}-01-01"}}'.encode()))
    assert all(given.instant_like("1999-01-01") != "2000-01-01" for _ in range(20 * KEPT))


def _exchange(method: str, path: str, status: int, actor: str, body: bytes = b"") -> Exchange:
    request = Request(method, path, (), body, actor=actor)
    targets = ("old", "new")
    return Exchange(
        1,
        request,
        method,
        dict.fromkeys(targets, request),
        dict.fromkeys(targets, Response(status)),
        {name: f"http://{name}" for name in targets},
    )


def test_an_id_that_its_owner_requested_in_vain_is_dropped() -> None:
    pool = Pool(random.Random(1))
    made = Generated("id", TASK, ("id",), owner="Task")
    pool.listen(_exchange("POST", "/tasks", 201, "ada#1"), [made])
    pool.listen(_exchange("GET", f"/tasks/{TASK}", 404, "bob#1"), [])
    assert pool.id_for("task_id") == TASK
    body = json.dumps({"task_id": TASK}).encode()
    pool.listen(_exchange("POST", "/entries", 404, "ada#1", body), [])
    assert pool.id_for("task_id") is None


def test_the_sender_of_an_instant_is_its_owner() -> None:
    pool = Pool(random.Random(1))
    body = b'{"due": "2026-01-01T00:00:00Z"}'
    pool.listen(_exchange("POST", "/tasks", 400, "bob#1", body), [])
    assert pool.owner("2026-01-01T00:00:00Z") is None
    pool.listen(_exchange("POST", "/tasks", 201, "ada#1", body), [])
    assert pool.owner("2026-01-01T00:00:00Z") == "ada"
