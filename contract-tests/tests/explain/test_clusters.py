"""Findings with one cause are merged, with all their places; others stay separate."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from fixtures.observed import Observed, answer, ask, get, post

from lockstep.explain.clusters import cluster, merged
from lockstep.results.conditions import Condition, Conditions, kinds_of
from lockstep.results.findings import RACE, STORY, TRAP, Finding, Neighbour
from lockstep.results.tried import Tried
from lockstep.transport.messages import Request, Response

# One valid request to each operation that requires authentication.
GUARDED: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/tasks", None),
    ("GET", "/tags", None),
    ("POST", "/tags", {"title": "red"}),
    ("GET", "/tasks/t1", None),
    ("PUT", "/tasks/t1", {"title": "two"}),
    ("GET", "/users/u1", None),
)
EVERYWHERE = {f"{method} {path}" for method, path, _ in GUARDED}


@pytest.fixture
def seen() -> Observed:
    """A run in which all operations have succeeded on both sides."""
    found = Observed()
    found.hear(ask("POST", "/users", {"name": "ann"}, actor=None), answer(201, {"id": "u1"}))
    found.make("t1", "t2", "t3")
    found.statuses(ask("DELETE", "/tasks/t3"), 204)
    for method, path, body in GUARDED:
        found.statuses(ask(method, path, body), 200)
    return found


def unsigned(seen: Observed, statuses: dict[str, tuple[int, int]], other: tuple[int, int]) -> None:
    """Send guarded operations without credentials; `statuses` overrides the responses by path."""
    for method, path, body in GUARDED:
        seen.statuses(ask(method, path, body, actor=None), *statuses.get(path, other))


def parity(seen: Observed) -> list[Finding]:
    """Return the parity findings as reported."""
    return [one for one in seen.explained() if one.category == "parity"]


def operations(finding: Finding) -> set[str]:
    """Return the operations that show a finding."""
    return {place.operation for place in finding.places}


def kinds(finding: Finding) -> frozenset[str]:
    """Return the kinds of a finding's conditions."""
    return kinds_of(finding.conditions)


def pairs(findings: list[Finding]) -> list[list[str]]:
    """Return the values of the findings."""
    return sorted(list(one.values.values()) for one in findings)


def test_a_refusal_by_the_framework_is_one_finding_with_places(seen: Observed) -> None:
    unsigned(seen, {}, (401, 403))
    (found,) = parity(seen)
    assert found.conditions == (Condition("no credentials"),)
    assert len(found.places) == len(EVERYWHERE)
    assert sum(place.count for place in found.places) == len(GUARDED)
    assert found.sentence.startswith("New responds with 403 but old with 401 to ")
    assert found.sentence.endswith(" and 5 more operations without credentials.")


def test_the_one_operation_that_lacks_a_check_stays_separate(seen: Observed) -> None:
    unsigned(seen, {"/users/u1": (401, 200)}, (401, 403))
    lacking, framework = parity(seen)
    assert operations(lacking) == {"GET /users/{user_id}"}
    assert list(lacking.values.values()) == ["401", "200"]
    assert len(framework.places) == len(GUARDED) - 1


def test_occasional_differences_are_separate_for_each_operation(seen: Observed) -> None:
    for number in range(12):
        seen.statuses(get(f"/tasks/x{number}"), 404)
        seen.statuses(get(f"/users/x{number}"), 404)
    for path in ("/tasks/y1", "/tasks/y2", "/users/y1"):
        seen.statuses(get(path), 404, 403)
    assert sorted(map(len, map(operations, parity(seen)))) == [1, 1]


def test_responses_to_valid_requests_are_separate_for_each_operation(seen: Observed) -> None:
    for path in ("/tasks", "/tags", "/users/u1"):
        for _ in range(12):
            seen.statuses(get(path), 200, 500)
    found = parity(seen)
    assert [len(one.places) for one in found] == [1, 1, 1]
    assert [one.places[0].count for one in found] == [12, 12, 12]


def test_values_of_a_valid_request_are_not_a_cause_by_themselves(seen: Observed) -> None:
    for title in ("é", "50 %", "  ", "Abc"):
        seen.statuses(post({"title": title}), 201, 500)
    (found,) = parity(seen)
    assert found.places[0].count == 4
    assert found.sentence == "New responds with 500 but old with 201 to `POST /tasks`."


def test_one_operation_has_as_many_findings_as_causes(seen: Observed) -> None:
    seen.statuses(get("/tasks/t2", actor="bob"), 404, 200)
    seen.statuses(get("/tasks/t2", actor="bob"), 404, 200)
    seen.statuses(get("/tasks/t3"), 404, 200)
    seen.statuses(get("/tasks/t1", actor=None), 401, 200)
    assert sorted(map(sorted, map(kinds, parity(seen)))) == [
        ["another's thing"],
        ["deleted thing"],
        ["no credentials"],
    ]


def test_a_more_specific_condition_needs_no_separate_finding(seen: Observed) -> None:
    for body in ({}, {"size": -1}, {"size": "a", "colour": "red"}):
        seen.statuses(post(body), 400, 422)
    (found,) = parity(seen)
    assert found.conditions == (Condition("missing", "title", "required"),)
    assert sum(place.count for place in found.places) == 3


def test_other_statuses_under_the_same_condition_are_another_finding(seen: Observed) -> None:
    seen.statuses(post({}), 400, 422)
    seen.statuses(ask("PUT", "/tasks/t1", {}), 400, 200)
    assert pairs(parity(seen)) == [["400", "200"], ["400", "422"]]


def test_which_check_comes_first_is_one_fact_whatever_is_invalid(seen: Observed) -> None:
    for number, body in enumerate(({}, {"title": 1}, {"title": "", "size": 1})):
        seen.statuses(ask("PUT", f"/tasks/x{number}", body), 404, 400)
    (found,) = parity(seen)
    assert {"invalid", "unknown thing"} & kinds(found) == {"invalid", "unknown thing"}
    assert "for a task that does not exist" in found.sentence


def test_deleted_and_unknown_resources_are_one_finding(seen: Observed) -> None:
    for path in ("/tasks/x1", "/tasks/x2", "/users/x1", "/tasks/t3"):
        seen.statuses(get(path), 404, 410)
    (found,) = parity(seen)
    assert operations(found) == {"GET /tasks/{task_id}", "GET /users/{user_id}"}


def test_a_target_that_refuses_all_requests_to_an_operation_is_one_fact() -> None:
    seen = Observed()
    seen.make("t1")
    seen.statuses(get(), 200, 405)
    seen.statuses(get(actor=None), 401, 405)
    seen.statuses(get("/tasks/t9"), 404, 405)
    (found,) = parity(seen)
    assert found.values["new"] == "405"
    assert found.places[0].count == 3


def test_the_order_of_what_is_wrong_is_one_fact_of_all_operations() -> None:
    seen = Observed()
    wrong = [{"field": "title"}, {"field": "size"}]
    for path in ("/tasks", "/tags"):
        refusals = (answer(400, {"errors": each}) for each in (wrong, wrong[::-1]))
        seen.hear(ask("POST", path, {}), *refusals)
    (found,) = parity(seen)
    assert operations(found) == {"POST /tasks", "POST /tags"}


def test_another_media_type_is_one_fact_of_successes_and_refusals() -> None:
    seen = Observed()
    for status in (200, 404):
        pairs = (("html", b"<t xmlns='u'>no</t>"), ("xml", b"<t xmlns='u'>none</t>"))
        seen.hear(get(), *(answer(status, body, Content_Type=f"text/{t}") for t, body in pairs))
    (found,) = (one for one in parity(seen) if one.where == "header content-type")
    assert sum(place.count for place in found.places) == 2
    # What the bodies say is another fact.
    assert [one.where for one in parity(seen) if one is not found] == ["body /t/#text"] * 2


def test_a_path_that_a_target_does_not_know_is_one_fact_whatever_is_sent() -> None:
    seen = Observed()
    seen.statuses(get("/tags"), 200, 404)
    for _ in range(3):
        seen.statuses(get("/tags?shade=none"), 400, 404)
    seen.statuses(post({"title": "red"}), 201)
    seen.statuses(ask("POST", "/tags", {"title": "red"}), 201, 404)
    seen.statuses(ask("DELETE", "/tags"), 405, 404)
    seen.statuses(get("/tasks/t9"), 200, 404)
    found = {frozenset(operations(one)) for one in parity(seen)}
    assert found == {
        frozenset({"GET /tags", "POST /tags", "DELETE /tags"}),
        frozenset({"GET /tasks/{task_id}"}),
    }
    assert all("responds with 404 but old with 20" in one.sentence for one in parity(seen))


def test_a_refusal_of_a_single_kind_of_request_keeps_its_condition() -> None:
    seen = Observed()
    for method, path, body in GUARDED[:3]:
        seen.statuses(ask(method, path, body, actor=None), 401, 403)
    (found,) = parity(seen)
    assert kinds(found) == {"no credentials"}
    assert len(found.places) == 3


def test_methods_that_frameworks_answer_are_one_fact_for_all_paths(seen: Observed) -> None:
    for path in ("/tasks", "/tags", "/users/u1"):
        seen.statuses(ask("HEAD", path), 405, 200)
    (found,) = parity(seen)
    assert operations(found) == {"HEAD /tasks", "HEAD /tags", "HEAD /users/{user_id}"}


def test_an_undocumented_method_is_one_fact_whichever_it_is(seen: Observed) -> None:
    for path in ("/tasks", "/tags", "/users/u1"):
        for method in ("PATCH", "PURGE"):
            seen.statuses(ask(method, path), 405, 404)
    (found,) = parity(seen)
    assert kinds(found) == {"undocumented method"}
    assert len(found.places) == 6


def test_another_member_in_all_refusals_is_one_finding_with_its_places(seen: Observed) -> None:
    requests: list[Request] = []
    for number in range(9):
        requests += [get(f"/tasks/x{number}"), ask("DELETE", f"/tasks/x{number}")]
        requests += [get(f"/users/x{number}"), ask("PUT", f"/tasks/x{number}", {"title": "a"})]
    for request in (*requests, get("/nowhere")):
        seen.hear(request, answer(404, {"error": "no"}), answer(404, {"message": "no"}))
    (found,) = parity(seen)
    assert sum(place.count for place in found.places) == 37
    assert len(operations(found)) == 5


def test_one_member_is_one_finding_and_another_member_another(seen: Observed) -> None:
    task = {"id": "t1", "title": "ONE"}
    loud, leaking = {**task, "title": "one"}, {**task, "token": "x"}
    for right in (loud, leaking):
        seen.hear(get(), answer(200, task), answer(200, right))
        page = [answer(200, {"data": [each]}) for each in (task, right)]
        seen.hear(get("/tasks"), *page)
    found = parity(seen)
    assert sorted(one.kind for one in found) == ["extra", "value"]
    assert [len(one.places) for one in found] == [2, 2]


def test_values_with_coincidental_relations_are_one_finding(seen: Observed) -> None:
    def differ(*titles: str) -> None:
        both = [answer(200, {"id": "t1", "title": title}) for title in titles]
        seen.hear(get(), *both)

    for left, right in (("abc", "xyz"), ("abc", "ab"), ("abc", "")):
        differ(left, right)
    assert len(parity(seen)) == 1
    differ("ABC", "abc")
    differ("a  b", "a b")
    assert len(parity(seen)) == 3


def listed(*ids: str) -> Any:
    """Return a page of tasks."""
    return answer(200, {"data": [{"id": name} for name in ids]})


def of_lists(seen: Observed, *paths: str) -> list[Conditions]:
    """Return the parameters at fault if these lists have one more task on one side."""
    for path in paths:
        seen.hear(get(path), listed("t1"), listed("t1", "t2"))
    return sorted((one.conditions for one in parity(seen)), key=str)


def parameters(*names: str) -> Conditions:
    """Return the conditions of a list."""
    return tuple(Condition("parameter", name) for name in names)


@pytest.mark.parametrize(
    ("paths", "blamed"),
    [
        # Regardless of the query.
        (("/tasks?limit=1", "/tasks", "/tasks?limit=1&state=open"), [()]),
        # The one parameter that all of them have.
        (("/tasks?limit=1&state=open", "/tasks?limit=1"), [parameters("limit")]),
        # Two parameters, each by itself.
        (("/tasks?limit=1", "/tasks?state=open"), [parameters("limit"), parameters("state")]),
        # Both, as neither is known to be sufficient.
        (("/tasks?limit=1&state=open",), [parameters("limit", "state")]),
    ],
)
def test_a_list_finding_has_the_fewest_parameters(
    seen: Observed, paths: tuple[str, ...], blamed: list[Conditions]
) -> None:
    assert of_lists(seen, *paths) == blamed


def test_an_occasional_difference_of_a_list_does_not_explain_a_parameter(seen: Observed) -> None:
    for _ in range(5):
        seen.hear(get("/tasks"), listed("t1"))
    blamed = of_lists(seen, "/tasks", "/tasks?limit=1", "/tasks?limit=1&state=open")
    assert blamed == [(), parameters("limit")]


def test_two_lists_are_two_findings(seen: Observed) -> None:
    assert of_lists(seen, "/tasks", "/tags") == [(), ()]


def test_a_list_that_is_longer_and_its_wrong_count_are_two_findings(seen: Observed) -> None:
    seen.hear(get("/tasks?limit=1"), listed("t1"), listed("t1", "t2"))
    both = [answer(200, {"data": [{"id": "t1"}], "total": total}) for total in (1, 2)]
    seen.hear(get("/tasks"), *both)
    assert sorted(one.where for one in parity(seen)) == ["body /data", "body /total"]


def test_a_rule_that_is_broken_in_many_operations_is_one_finding() -> None:
    seen = Observed()
    seen.make("t1")
    for request in (get(), ask("PUT", "/tasks/t1", {"title": "a"})):
        seen.hear(request, answer(200, {"id": 1}))
    (found,) = seen.explained()
    assert (found.category, found.kind, found.verdict) == (
        "conformance",
        "body_schema",
        "all wrong alike",
    )
    assert operations(found) == {"GET /tasks/{task_id}", "PUT /tasks/{task_id}"}


def test_three_targets_share_one_finding() -> None:
    seen = Observed(names=("old", "new", "third"))
    seen.make("t1")
    seen.statuses(get(), 200)
    seen.statuses(get(actor=None), 401, 403, 401)
    seen.statuses(ask("DELETE", "/tasks/t1", actor=None), 401, 401, 403)
    (found,) = parity(seen)
    assert found.targets == ("old", "new", "third")
    assert found.values == {"old": "401", "new": "403", "third": "403"}


def test_stories_traps_and_races_stay_separate() -> None:
    found = [
        Finding(category, "step", "expectation", "status", ("old",), {"old": "404"})
        for category in (STORY, STORY, TRAP, RACE)
    ]
    assert [one.findings for one in cluster(found, Tried())] == [[one] for one in found]


def test_a_reproduced_finding_represents_all(seen: Observed) -> None:
    unsigned(seen, {}, (401, 403))
    findings = list(seen.parity())
    findings[3].reproduced = True
    (one,) = cluster(findings, seen.log.findings.tried)
    assert merged(one) is findings[3]
    assert findings[3].places[0].operation == findings[3].operation


def test_a_proved_finding_keeps_its_conditions(seen: Observed) -> None:
    unsigned(seen, {}, (401, 403))
    chosen, *_ = seen.parity()
    proved = (Condition("another's thing", "task_id"),)
    chosen.reproduced, chosen.conditions = True, proved
    chosen.neighbour = Neighbour("for the user's own resource", tuple(chosen.sequence))
    (found,) = (one for one in parity(seen) if one is chosen)
    assert found.conditions == proved


def test_an_effect_of_one_write_in_several_reads_is_one_finding(seen: Observed) -> None:
    of_lists(seen, "/tasks")
    seen.statuses(get("/tasks/t2"), 404, 200)
    assert len(parity(seen)) == 2
    for found in seen.parity():
        found.effect_of = "DELETE /tasks/{task_id}"
        found.reproduced = True
    (one,) = parity(seen)
    assert one.kind == "status"
    assert operations(one) == {"GET /tasks", "GET /tasks/{task_id}"}
    assert one.sentence.endswith(" after `DELETE /tasks/{task_id}`.")


def test_clustering_is_idempotent(seen: Observed) -> None:
    unsigned(seen, {"/tags": (401, 200)}, (401, 403))
    first = [dataclasses.replace(one) for one in parity(seen)]
    second = parity(seen)
    assert [(one.operation, one.places) for one in first] == [
        (one.operation, one.places) for one in second
    ]


def test_an_unknown_resource_explains_a_repeated_deletion(seen: Observed) -> None:
    seen.make("t4")
    seen.statuses(ask("DELETE", "/tasks/t4"), 204)
    seen.statuses(ask("DELETE", "/tasks/x1"), 404, 204)
    seen.statuses(ask("DELETE", "/tasks/t4"), 404, 204)
    (found,) = parity(seen)
    assert operations(found) == {"DELETE /tasks/{task_id}"}


def test_a_member_of_a_wrong_type_is_one_finding_whatever_else_is_wrong(seen: Observed) -> None:
    wrong = {"title": "two", "size": "1"}
    seen.statuses(ask("PUT", "/tasks/t1", wrong), 400, 200)
    seen.statuses(ask("POST", "/tags", {"title": "green", "size": "1"}), 400)
    seen.statuses(ask("PUT", "/tasks/x9", wrong), 400, 200)
    (found,) = parity(seen)
    assert kinds(found) == {"wrong type"}


def test_a_duplicate_id_in_a_creation_and_a_list_is_one_finding() -> None:
    seen = Observed()
    seen.hear(post(), answer(201, {"id": "t1"}), answer(201, {"id": "n1"}))
    seen.hear(post({"title": "two"}), answer(201, {"id": "t2"}), answer(201, {"id": "n1"}))
    listed = [{"id": "t1"}, {"id": "t2"}]
    seen.hear(
        get("/tasks"), answer(200, {"tasks": listed}), answer(200, {"tasks": [{"id": "n1"}] * 2})
    )
    assert [found.operation for found in parity(seen)] == ["POST /tasks"]


def test_a_lost_value_is_not_another_format_of_a_number(seen: Observed) -> None:
    for size in range(1, 9):
        seen.hear(ask("PUT", "/tasks/t1", {"title": "two", "size": size}), *sized(size, 0))
    seen.hear(ask("PUT", "/tasks/t1", {"title": "two", "size": 0.0}), *sized(0.0, 0))
    (found,) = parity(seen)
    assert found.places[0].count == 9


def test_another_format_of_a_number_shown_elsewhere_too_is_a_fact(seen: Observed) -> None:
    for size in range(1, 9):
        seen.hear(ask("PUT", "/tasks/t1", {"title": "two", "size": size}), *sized(size, 0))
    for _ in range(9):
        seen.hear(get(), *sized(0.0, 0))
    assert len(parity(seen)) == 2


def sized(*sizes: float) -> tuple[Response, ...]:
    """Return the task with a different size on each target."""
    return tuple(answer(200, {"id": "t1", "title": "two", "size": size}) for size in sizes)


def test_a_refusal_because_of_the_user_does_not_depend_on_the_content(seen: Observed) -> None:
    for body in ({"title": "two"}, {"title": 2}, {}, {"title": "three", "size": -1}):
        seen.statuses(ask("POST", "/tags", body), 403, 401)
    (found,) = parity(seen)
    assert found.conditions == ()


def test_members_that_one_side_always_has_together_are_one_fact(seen: Observed) -> None:
    more = {"colour": "red", "weight": 2, "shape": "round"}
    for _ in range(2):
        seen.hear(get(), answer(200, {"id": "t1"}), answer(200, {"id": "t1"} | more))
    (found,) = parity(seen)
    assert found.sentence.startswith(
        "New has the members `colour`, `weight` and `shape`, which old does not, in the response to"
    )
    assert {place.where for place in found.places} == {
        "body /colour",
        "body /weight",
        "body /shape",
    }


def test_members_that_also_show_alone_are_separate_facts(seen: Observed) -> None:
    more = {"colour": "red", "weight": 2, "shape": "round"}
    seen.hear(get(), answer(200, {"id": "t1"}), answer(200, {"id": "t1"} | more))
    seen.hear(get(), answer(200, {"id": "t1"}), answer(200, {"id": "t1", "shape": "round"}))
    assert len(parity(seen)) == 3


def test_a_secret_member_stays_a_separate_finding(seen: Observed) -> None:
    more = {"colour": "red", "weight": 2, "shape": "round", "password_hash": "x"}
    seen.hear(get(), answer(200, {"id": "t1"}), answer(200, {"id": "t1"} | more))
    shown = sorted(found.where for found in parity(seen))
    assert "body /password_hash" in shown
    assert len(shown) == 2


def test_body_parsing_is_one_finding(seen: Observed) -> None:
    parts = "Content-Type", "multipart/form-data"
    for path in ("/tasks", "/tasks/t1"):
        for _ in range(3):
            seen.statuses(get(path), 200)
        seen.statuses(ask("GET", path).with_header(*parts), 200, 400)
    for _ in range(4):
        seen.statuses(ask("GET", "/tags").with_header(*parts), 200)
    (found,) = parity(seen)
    assert {place.operation for place in found.places} == {"GET /tasks", "GET /tasks/{task_id}"}


def test_a_missing_check_is_one_finding_whatever_comes_after_it(seen: Observed) -> None:
    """The new server accepts missing credentials, and then refuses some requests otherwise."""
    seen.statuses(ask("POST", "/tags", {"title": "blue"}, actor=None), 401, 201)
    seen.statuses(ask("POST", "/tags", {"title": "red"}, actor=None), 401, 409)
    seen.statuses(ask("POST", "/tags", {}, actor=None), 401, 422)
    seen.statuses(ask("POST", "/tags", {"title": 12}, actor=None), 401, 422)
    (found,) = parity(seen)
    assert found.values == {"old": "401", "new": "201"}
    assert kinds(found) == {"no credentials"}
    # A refusal unrelated to credentials is another fact.
    seen.statuses(ask("POST", "/tags", {"title": "red"}), 409, 422)
    assert len(parity(seen)) == 2


def test_white_space_that_is_taken_from_all_texts_is_one_fact(seen: Observed) -> None:
    seen.hear(post({"title": " "}), answer(201, {"id": "t7"}), answer(422))
    seen.hear(ask("POST", "/tags", {"title": "  "}), answer(201, {"id": "g1"}), answer(422))
    texts = ("  one ", "one")
    seen.hear(post({"title": "  one "}), *(answer(201, {"id": "t8", "title": t}) for t in texts))
    (found,) = parity(seen)
    assert operations(found) == {"POST /tasks", "POST /tags"}
    assert found.values == {"old": '"  one "', "new": '"one"'}


@pytest.mark.parametrize(("text", "count"), [("é", 1), ("a" * 20, 2)], ids=["any text", "a bound"])
def test_what_is_refused_for_its_letters_is_one_fact_unlike_its_length(
    seen: Observed, text: str, count: int
) -> None:
    for path, status in (("/tasks", 201), ("/tags", 409)):
        seen.hear(ask("POST", path, {"title": text}), answer(status, {"id": path}), answer(422))
    assert len(parity(seen)) == count


def test_times_that_are_as_far_apart_are_one_fact(seen: Observed) -> None:
    for path, hours in (("/tasks/t1", 1), ("/users/u1", 1), ("/tags", 2)):
        times = (f"2031-05-05T{10 + late}:00:00Z" for late in (0, hours))
        seen.hear(get(path), *(answer(200, {"id": "x", "due_at": time}) for time in times))
    found = sorted(map(operations, parity(seen)), key=len)
    assert found == [{"GET /tags"}, {"GET /tasks/{task_id}", "GET /users/{user_id}"}]


@pytest.mark.parametrize(("agreed", "count"), [(False, 1), (True, 2)], ids=["never", "at times"])
def test_what_is_never_answered_alike_is_one_fact_whatever_the_thing(
    seen: Observed, agreed: bool, count: int
) -> None:
    seen.statuses(ask("PUT", "/tasks/t1", {"title": "x"}), 500, 200)
    seen.statuses(ask("PUT", "/tasks/t2", {"title": "x"}, actor="bob"), 500, 200)
    if agreed:
        seen.statuses(ask("PUT", "/tasks/t2", {"title": "y"}), 500)
    assert len(parity(seen)) == count


def mixed(seen: Observed, *bodies: tuple[Any, int, int]) -> None:
    """Bodies of a wrong type, beside ones to which both sides answer alike."""
    for body, left, right in bodies:
        seen.statuses(post(body), left, right)
        for _ in range(3):
            seen.statuses(ask("POST", "/tags", body), left)


def test_who_fails_at_a_value_of_a_wrong_type_fails_at_it_wherever_it_is(seen: Observed) -> None:
    wrong: list[Any] = [{"title": 1}, {"title": "a", "size": "b"}, []]
    mixed(seen, (wrong[0], 400, 500), (wrong[1], 422, 500), (wrong[2], 409, 500))
    (found,) = parity(seen)
    assert found.conditions == (Condition("wrong type"),)
    assert found.places[0].count == 3
    assert found.sentence.endswith(" to `POST /tasks` with a value of the wrong type.")


def test_two_members_at_which_one_side_fails_are_two_findings(seen: Observed) -> None:
    mixed(seen, ({"title": 1}, 400, 500), ({"title": "a", "size": "b"}, 422, 500))
    assert pairs(parity(seen)) == [["400", "500"], ["422", "500"]]


def test_who_fails_at_a_body_that_cannot_be_read_shows_one_fact(seen: Observed) -> None:
    mixed(seen, (b"{", 400, 500), (b"[", 422, 500))
    (found,) = parity(seen)
    assert found.conditions == (Condition("unreadable body"),)


def test_what_stands_for_nothing_in_a_member_is_one_fact_for_all_things(seen: Observed) -> None:
    for path in ("/tasks/t1", "/users/u1"):
        seen.hear(get(path), answer(200, {"note": ""}), answer(200, {"note": None}))
        seen.hear(get(path), answer(200, {"size": 1}), answer(200, {"size": 2}))
    found = parity(seen)
    assert sorted(one.where for one in found) == ["body /note", "body /size", "body /size"]
    (empty,) = (one for one in found if one.where == "body /note")
    assert len(empty.places) == 2


def test_what_is_refused_for_the_state_of_things_is_so_for_anothers_too(seen: Observed) -> None:
    for actor in ("alice", "alice", "bob"):
        seen.statuses(ask("POST", "/tasks/t1/likes", actor=actor), 400, 200)
    for request in (ask("DELETE", "/tasks/t1"), ask("DELETE", "/tasks/t2", actor="bob")):
        seen.statuses(request, 400, 204)
    (found,) = (one for one in parity(seen) if "DELETE" in one.operation)
    assert found.places[0].count == 2


def test_who_is_let_in_is_no_matter_of_the_state_of_things(seen: Observed) -> None:
    seen.statuses(ask("PUT", "/tasks/t1", {"title": "a"}), 400, 200)
    seen.statuses(ask("PUT", "/tasks/t2", {"title": "a"}, actor="bob"), 403, 200)
    assert pairs(parity(seen)) == [["400", "200"], ["403", "200"]]


def test_the_order_of_a_list_is_one_fact_unless_one_is_asked_for(seen: Observed) -> None:
    for path in ("/tasks", "/tasks?limit=2", "/tasks?state=open", "/tasks?sort=title"):
        seen.hear(get(path), listed("t1", "t2"), listed("t2", "t1"))
        for _ in range(3):
            seen.hear(get(path), listed("t1"))
    assert sorted((one.conditions for one in parity(seen)), key=str) == [(), parameters("sort")]


def test_an_order_that_a_parameter_alone_changes_is_reported_with_it(seen: Observed) -> None:
    for path in ("/tasks?state=open", "/tasks?state=open&limit=2"):
        seen.hear(get("/tasks"), listed("t1", "t2"))
        seen.hear(get(path), listed("t1", "t2"), listed("t2", "t1"))
    (found,) = parity(seen)
    assert found.conditions == parameters("state")


def emptied(found: Finding) -> None:
    """Leave of a finding what a proxy keeps of too many."""
    found.sequence, found.differences, found.conditions = [], (), ()
    found.values = dict.fromkeys(found.values, "not kept")


def test_what_was_kept_stands_for_what_was_not(seen: Observed) -> None:
    for request in (get(), ask("PUT", "/tasks/t1", {"title": "a"})):
        seen.hear(request, answer(200, {"note": 1}), answer(200, {"note": 2}))
    old, _ = seen.parity()
    emptied(old)
    (found,) = parity(seen)
    assert found.values == {"old": "1", "new": "2"}


def test_headers_without_kept_values_are_still_reported(seen: Observed) -> None:
    headers = {"X_One": "1", "X_Two": "2", "X_Three": "3"}
    seen.hear(get(), answer(200, {"id": "t1"}), answer(200, {"id": "t1"}, **headers))
    for found in list(seen.parity()):
        emptied(found)
    (one,) = parity(seen)
    assert one.sentence.startswith("The headers `x-")
    assert "are sent by one side only" in one.sentence


def titled(seen: Observed, left: int, right: int, *titles: str) -> None:
    """Tasks with notable titles, beside plain ones to which both sides answer alike."""
    for title in titles:
        seen.statuses(post({"title": title}), left, right)
        for _ in range(3):
            seen.statuses(post({"title": "a"}), left)


def test_a_member_that_is_refused_in_whichever_way_it_is_unusual_is_one_fact(
    seen: Observed,
) -> None:
    titled(seen, 201, 422, "é", " a", "50 %")
    (found,) = parity(seen)
    assert found.conditions == (Condition("notable", "title"),)


def test_what_is_empty_and_what_is_blank_is_refused_for_one_reason(seen: Observed) -> None:
    for state in ("", "%20%20"):
        seen.statuses(get(f"/tasks?state={state}"), 200, 422)
    for state in ("%C3%A9", "50%25", "%20a", "Abc", "open"):
        seen.statuses(get(f"/tasks?state={state}"), 200)
    (found,) = parity(seen)
    assert found.conditions == (Condition("notable", "state", "blank"),)


def test_one_unusual_way_among_many_is_a_fact_of_its_own(seen: Observed) -> None:
    for title in ("50 %", " a", "Abc"):
        titled(seen, 201, 201, title)
    titled(seen, 201, 422, "é")
    titled(seen, 201, 500, "nul \0")
    assert sorted(pairs(parity(seen))) == [["201", "422"], ["201", "500"]]


def test_another_page_of_a_list_in_another_order_is_no_fact_of_its_own(seen: Observed) -> None:
    seen.hear(get("/tasks"), listed("t1", "t2"), listed("t2", "t1"))
    for path in ("/tasks", "/tasks?limit=1", "/tasks?state=open"):
        for _ in range(3):
            seen.hear(get(path), listed("t1"))
        if "?" in path:
            seen.hear(get(path), listed("t1"), listed("t2"))
    order, page = sorted(parity(seen), key=lambda one: one.signature.how != "order")
    assert (order.conditions, page.conditions) == ((), parameters("state"))
    assert sum(place.count for place in order.places) == 2


def priced(seen: Observed, amounts: list[tuple[int, int]]) -> list[Finding]:
    """Read an amount and its double; each pair has what is wrong with them on the new server."""
    for number, (amount, double) in enumerate(amounts):
        old = {"amount": f"{number}.50", "cents": number * 100}
        new = {"amount": f"{number + amount}.50", "cents": (number + double) * 100}
        seen.hear(get("/users/u1"), answer(200, old), answer(200, new))
    return parity(seen)


# So many responses have both right.
RIGHT = [(0, 0)] * 18


@pytest.mark.parametrize("amounts", [[(1, 1)], [(1, 1), (2, 2)], [(1, 0), (2, 0), (3, 3)]])
def test_members_that_only_differ_together_are_one_finding(
    seen: Observed, amounts: list[tuple[int, int]]
) -> None:
    (found,) = priced(seen, [*RIGHT * 4, *amounts])
    assert {place.where for place in found.places} == {"body /amount", "body /cents"}


@pytest.mark.parametrize(
    "amounts",
    [
        [*RIGHT, (1, 1), (0, 1), (2, 2), (3, 0)],
        [*RIGHT, (1, 0), (0, 1), (2, 0), (0, 2)],
        [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)],
        # In a third of all responses, and the second in none without the first.
        [*RIGHT, *RIGHT, *[(1, 0)] * 12, (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)],
        [(1, 0), (1, 1), (1, 0), (1, 0), (1, 0), (1, 0), (0, 0)],
    ],
)
def test_members_that_differ_apart_or_nearly_always_are_findings_of_their_own(
    seen: Observed, amounts: list[tuple[int, int]]
) -> None:
    assert len(priced(seen, amounts)) == 2


def unread(path: str) -> Request:
    kind = (("Content-Type", "multipart/form-data"),)
    return dataclasses.replace(ask("POST", path), headers=(*post().headers[:1], *kind), body=b"--x")


def test_who_cannot_read_a_body_refuses_it_at_each_operation(seen: Observed) -> None:
    """Whatever the other side says to what it does not read."""
    seen.hear(unread("/tasks"), answer(400, {}), answer(415, {}))
    seen.hear(unread("/tags"), answer(400, {}), answer(201, {}))
    (found,) = [one for one in seen.explained() if one.category == "parity"]
    assert {each.operation for each in found.places} == {"POST /tasks", "POST /tags"}


def test_a_failure_at_a_body_that_the_other_side_cannot_read_is_a_fact_of_its_own(
    seen: Observed,
) -> None:
    seen.hear(unread("/tasks"), answer(400, {}), answer(415, {}))
    seen.hear(unread("/tags"), answer(400, {}), answer(500, {}))
    assert len([one for one in seen.explained() if one.category == "parity"]) == 2


def test_what_is_refused_for_another_reason_without_a_check_is_no_fact_of_its_own(
    seen: Observed,
) -> None:
    for status in (201, 409):
        seen.statuses(ask("POST", "/tasks", {"title": 5}), 400, status)
    (found,) = parity(seen)
    assert found.values == {"old": "400", "new": "201"}
    assert found.count == 1
    assert sum(place.count for place in found.places) == 2


def test_no_credentials_and_bad_ones_with_the_same_answers_are_one_finding(seen: Observed) -> None:
    for credentials in (None, "Bearer wrong"):
        request = ask("GET", "/tasks/t1", actor=None)
        if credentials is not None:
            request = request.with_header("Authorization", credentials)
        seen.statuses(request, 401, 200)
    assert len(parity(seen)) == 1


@pytest.mark.parametrize(("effect_of", "wanted"), [("PUT /tasks/{task_id}", 1), ("", 2)])
def test_what_was_left_behind_is_no_finding_beside_what_left_it(
    seen: Observed, effect_of: str, wanted: int
) -> None:
    """A list that differs without a step, and was alike before, shows an earlier difference."""
    seen.hear(ask("PUT", "/tasks/t1", {"title": "two"}), answer(200, {"id": "t1"}))
    sizes = [answer(200, {"id": "t1", "size": size}) for size in (1, 2)]
    seen.hear(get(), *sizes)
    seen.hear(ask("GET", "/tags"), *(answer(200, {"data": [{"name": n}]}) for n in ("red", "blue")))
    by_operation = {one.operation: one for one in seen.log.findings.all()}
    cause, left = by_operation["GET /tasks/{task_id}"], by_operation["GET /tags"]
    cause.reproduced, cause.effect_of = True, effect_of
    left.sequence = left.sequence[-1:]
    assert len(parity(seen)) == wanted
