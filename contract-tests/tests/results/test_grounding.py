"""Evidence starts from an empty state: the steps themselves created all that a list shows."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.observed import Observed, answer, ask, get, post

from lockstep.confirm.grounding import creations
from lockstep.results.exchange import Exchange
from lockstep.results.grounding import is_grounded, list_elements
from lockstep.transport.messages import NoResponse, Outcome


def steps(*exchanges: tuple[Any, ...]) -> list[Exchange]:
    """Return exchanges of one run, each as (request, one response for all, or one per target)."""
    seen = Observed()
    return [seen.hear(*each) for each in exchanges]


def made(name: str, **more: Any) -> tuple[Any, ...]:
    """Return alice's creation of a task."""
    return post({"title": f"task {name}"}), answer(201, {"id": name, **more})


def listing(*elements: Any) -> tuple[Any, ...]:
    """Return alice's list of tasks."""
    return get("/tasks"), answer(200, {"data": list(elements)})


def test_a_list_of_resources_created_by_the_steps_is_grounded() -> None:
    assert is_grounded(steps(made("t1"), made("t2"), listing({"id": "t2"}, {"id": "t1"})))


def test_a_list_of_resources_of_others_is_not_grounded() -> None:
    assert not is_grounded(steps(made("t1"), listing({"id": "t1"}, {"id": "t9"})))
    assert not is_grounded(steps(listing({"id": "t1"})))


def test_each_target_must_have_created_what_it_shows() -> None:
    own = made("t1")[0], answer(201, {"id": "a1"}), answer(201, {"id": "b1"})
    both = [answer(200, {"data": [{"id": name}]}) for name in ("a1", "b1")]
    assert is_grounded(steps(own, (get("/tasks"), *both)))
    assert not is_grounded(steps(own, (get("/tasks"), both[0], both[0])))


def test_an_element_without_an_id_is_known_by_its_name_or_its_texts() -> None:
    tag = {"name": "red", "count": 1}
    named = (ask("POST", "/tags", {"title": "red"}), answer(201, {"name": "red"}))
    assert is_grounded(steps(named, (get("/tags"), answer(200, {"data": [tag]}))))
    assert not is_grounded(steps(named, (get("/tags"), answer(200, {"data": [{"name": "blue"}]}))))
    text = {"text": "a sentence of its own", "kind": "x"}
    assert not is_grounded(steps(made("t1"), listing(text)))
    assert is_grounded(steps(made("t1", note="a sentence of its own"), listing(text)))


def test_elements_without_identity_are_grounded() -> None:
    assert is_grounded(steps(listing({"count": 3, "on": True}, 7, "red")))
    assert is_grounded(steps(listing()))


@pytest.mark.parametrize(
    "outcome", [answer(200), answer(200, b"[1, 2"), answer(200, b"[" * 9_999), answer(404)]
)
def test_a_response_without_a_list_is_grounded(outcome: Outcome) -> None:
    assert is_grounded(steps((get("/tasks"), outcome)))


def test_a_write_is_grounded() -> None:
    page = answer(201, {"data": [{"id": "t9"}]})
    assert is_grounded(steps((post(), page)))


def test_the_outermost_lists_are_found_in_any_member() -> None:
    def elements(body: Any) -> list[Any]:
        return list(list_elements(answer(200, body)))

    assert elements([{"id": 1}, 2]) == [{"id": 1}]
    assert elements({"a": [{"id": 1}], "b": {"c": [{"id": 2}]}, "d": [{"id": 3}]}) == [
        {"id": 1},
        {"id": 3},
    ]
    assert elements("text") == []
    assert list(list_elements(NoResponse("timeout"))) == []


def plan(seen: Observed, exchange: Exchange) -> list[list[str]]:
    """Return the ways to create what a list shows, each as the labels of its steps."""
    every = creations(seen.log, (exchange,))
    return [[step.label for step in way] for way in every]


def test_elements_are_created_by_steps_that_succeeded_in_the_run() -> None:
    seen = Observed()
    seen.make("t1")
    two, three = ([{"id": f"x{n}"} for n in range(count)] for count in (2, 3))
    both = [answer(200, {"data": each}) for each in (two, three)]
    exchange = seen.hear(get("/tasks?limit=2"), *both)
    # One more than the longest list has, so that a truncated list is truncated again.
    assert plan(seen, exchange) == [[*["POST /tasks"] * 4, "GET /tasks"]]


def test_a_few_resources_are_created_for_an_empty_list_too() -> None:
    seen = Observed()
    seen.make("t1")
    exchange = seen.hear(*listing())
    assert plan(seen, exchange) == [[*["POST /tasks"] * 3, "GET /tasks"]]


def test_the_creator_requests_the_list() -> None:
    seen = Observed()
    signed = post(actor="bob").with_header("Authorization", "Bearer bob")
    seen.hear(signed, answer(201, {"id": "t1"}))
    request = get("/tasks").with_header("Accept", "application/json")
    (way,) = creations(seen.log, (seen.hear(request, answer(200, {"data": []})),))
    last = way[-1].request
    assert last.actor == "bob"
    assert last.header("authorization") == "Bearer bob"
    assert last.header("accept") == "application/json"
    assert last.header("content-type") is None


def test_a_list_without_credentials_stays_unauthenticated() -> None:
    seen = Observed()
    seen.make("t1")
    (way,) = creations(seen.log, (seen.hear(get("/tasks", actor=None), answer(200, {"data": []})),))
    assert way[-1].request.actor is None


def test_without_a_successful_creation_there_is_no_plan() -> None:
    seen = Observed()
    seen.statuses(post(), 400)
    assert plan(seen, seen.hear(*listing({"id": "t1"}))) == []


def test_a_long_list_is_not_recreated() -> None:
    seen = Observed()
    seen.make("t1")
    many = [{"id": f"x{number}"} for number in range(40)]
    assert plan(seen, seen.hear(*listing(*many))) == []


def test_a_creation_includes_its_own_prerequisites() -> None:
    seen = Observed()
    account = ask("POST", "/users", {"name": "alice"}, actor=None)
    token = {"id": "u1", "token": "0123456789abcdef0123"}
    seen.hear(account, answer(201, token), group="alice")
    signed = post().with_header("Authorization", "Bearer 0123456789abcdef0123")
    seen.hear(signed, answer(201, {"id": "t1"}))
    assert plan(seen, seen.hear(*listing({"id": "t1"})))[0][0] == "POST /users"
