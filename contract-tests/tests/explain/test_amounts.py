"""Numbers that follow from one wrong number are one finding, with all their places."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.observed import Observed, answer, ask, get

from lockstep.confirm.growth import written_before
from lockstep.explain.clusters import cluster, merged
from lockstep.results.amounts import distance
from lockstep.results.findings import Finding


@pytest.fixture
def seen() -> Observed:
    """A run in which a task was created."""
    found = Observed()
    found.make("t1")
    return found


def differ(seen: Observed, path: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    seen.hear(get(path), answer(200, {"id": "t1", **old}), answer(200, {"id": "t1", **new}))


def reported(seen: Observed) -> list[Finding]:
    return [merged(one) for one in cluster(seen.parity(), seen.log.findings.tried)]


def places(found: list[Finding]) -> list[set[str]]:
    return [{place.where for place in one.places} for one in found]


def test_numbers_that_are_equally_far_off_are_one_finding(seen: Observed) -> None:
    old = {"held": "150.00", "available": "200.00"}
    differ(seen, "/tasks/t1", old, {"held": "160.00", "available": "190.00"})
    assert places(reported(seen)) == [{"body /held", "body /available"}]


def test_a_total_follows_from_its_parts(seen: Observed) -> None:
    old = {"net": 100, "tax": 19, "gross": 119}
    differ(seen, "/tasks/t1", old, {"net": 90, "tax": 17, "gross": 107})
    assert places(reported(seen)) == [{"body /net", "body /tax", "body /gross"}]


def test_numbers_that_have_nothing_to_do_with_each_other_stay_apart(seen: Observed) -> None:
    differ(seen, "/tasks/t1", {"size": 3, "price": "9.99"}, {"size": 4, "price": "12.50"})
    assert len(reported(seen)) == 2


def test_equally_far_off_in_different_responses_is_no_relation(seen: Observed) -> None:
    differ(seen, "/tasks/t1", {"size": 3}, {"size": 4})
    seen.hear(get("/users/u1"), answer(200, {"age": 7}), answer(200, {"age": 8}))
    assert len(reported(seen)) == 2


def test_a_total_of_what_was_there_before_follows_from_the_number_of_its_name(
    seen: Observed,
) -> None:
    seen.make("t2")
    differ(seen, "/tasks/t2", {"size": "1.00"}, {"size": "2.00"})
    old, new = ({"data": [{"name": "all", "size": size}]} for size in ("70.00", "95.00"))
    seen.hear(get("/tags"), answer(200, old), answer(200, new))
    (found,) = reported(seen)
    assert {place.operation for place in found.places} == {"GET /tasks/{task_id}", "GET /tags"}


@pytest.mark.parametrize("status", [201, 200])
def test_a_number_is_an_effect_of_what_was_created_before(seen: Observed, status: int) -> None:
    red = answer(status, {"name": "red"}, Location="/tags/7")
    made = seen.hear(ask("POST", "/tags", {"title": "red"}), red)
    differ(seen, "/tasks/t1", {"size": 3}, {"size": 4})
    (found,) = seen.parity()
    steps = (made, *found.sequence[-1:])
    assert written_before(found, steps) == "POST /tags"


def test_a_text_is_no_effect_of_what_was_created_before(seen: Observed) -> None:
    red = answer(201, {"name": "red"}, Location="/tags/7")
    made = seen.hear(ask("POST", "/tags", {"title": "red"}), red)
    differ(seen, "/tasks/t1", {"title": "one"}, {"title": "two"})
    (found,) = seen.parity()
    assert not written_before(found, (made, *found.sequence[-1:]))


@pytest.mark.parametrize(
    ("values", "apart"),
    [
        (('"150.00"', '"160.00"'), "10"),
        (("3", "2.5"), "-0.5"),
        (("3", "3.0"), None),
        (('"2024-03-31"', '"2024-04-01"'), None),
        (("1", "null"), None),
        (("1" * 5_000, "2"), None),
        ((), None),
    ],
)
def test_the_distance_of_two_numbers(values: tuple[str, ...], apart: str | None) -> None:
    found = distance(values)
    assert (None if found is None else f"{found.normalize():f}") == apart
