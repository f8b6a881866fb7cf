"""What follows from another difference, as its values show, is no finding of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fixtures.observed import Observed, answer, ask, get, post

from lockstep.results.findings import Finding
from lockstep.transport.messages import Request

OURS = "5d1c4b2e-0f3a-4c6d-8e7f-9a0b1c2d3e4f", "6e2d5c3f-1a4b-4d7e-9f80-ab1c2d3e4f50"
THEIRS = "7f3e6d40-2b5c-4e8f-a091-bc2d3e4f5061", "804f7e51-3c6d-4f90-b1a2-cd3e4f506172"


@pytest.fixture
def seen() -> Observed:
    """A run in which three tasks were created."""
    found = Observed()
    found.make("t1", "t2", "t3")
    return found


def parity(seen: Observed) -> list[Finding]:
    return [one for one in seen.explained() if one.category == "parity"]


def places(finding: Finding) -> set[str]:
    return {each.where for each in finding.places}


TWO_LISTS = [(("t1", "one"),), (("t1", "one"), ("t2", "two"))]


def page(*tasks: tuple[str, str]) -> dict[str, Any]:
    return {"data": [{"id": name, "title": title} for name, title in tasks]}


def reordered(seen: Observed, title: str) -> list[Finding]:
    """Show a list in two orders, and then one of unknown tasks, the first of which has a title."""
    left, right = ("t1", "one"), ("t2", "two")
    seen.hear(get("/tasks"), answer(200, page(left, right)), answer(200, page(right, left)))
    # These were not seen before, so that elements at the same index are taken for the same one.
    ours, theirs = (
        page((OURS[0], "one"), (OURS[1], "two")),
        page((THEIRS[0], title), (THEIRS[1], "one")),
    )
    seen.hear(get("/tasks"), answer(200, ours), answer(200, theirs))
    return parity(seen)


def test_members_of_a_list_in_another_order_are_part_of_its_order(seen: Observed) -> None:
    (found,) = reordered(seen, "two")
    assert found.kind == "order"
    assert places(found) == {"body /data", "body /data/*/title"}


def test_a_member_with_another_value_is_no_matter_of_order(seen: Observed) -> None:
    assert {one.kind for one in reordered(seen, "TWO")} == {"order", "value"}


def refused(scope: str, text: str = "The scope {} is required.") -> Any:
    challenge = f'Bearer realm="tasks", scope="tasks:{scope}"'
    return answer(403, {"detail": text.format(f"tasks:{scope}")}, WWW_Authenticate=challenge)


def test_the_same_words_in_a_message_and_in_a_header_are_one_fact(seen: Observed) -> None:
    for _ in range(2):
        seen.hear(get("/tasks/t1", actor="bob"), refused("write"), refused("read"))
    (found,) = parity(seen)
    assert places(found) == {"body /detail", "header www-authenticate"}


def test_other_words_in_a_message_than_in_a_header_are_two_facts(seen: Observed) -> None:
    other = refused("read", "The scope tasks:write is wanted.")
    seen.hear(get("/tasks/t1", actor="bob"), refused("write"), other)
    assert len(parity(seen)) == 2


def test_two_members_with_the_same_values_are_two_facts(seen: Observed) -> None:
    ours, theirs = ({"id": "t1", "state": each, "title": each} for each in ("open", "closed"))
    seen.hear(get(), answer(200, ours), answer(200, theirs))
    assert len(parity(seen)) == 2


def invalid(bound: int) -> Any:
    return answer(400, {"errors": {"size": [f"must be a number from 0 to {bound}"]}})


def test_a_message_with_the_bound_belongs_to_what_is_refused_there(seen: Observed) -> None:
    for number in range(3):
        seen.hear(post({"title": "a", "size": 1000 + number}), invalid(100), invalid(99))
    seen.statuses(post({"title": "a", "size": 100}), 201, 400)
    (found,) = parity(seen)
    assert found.kind == "status"
    assert "body /errors/size/*" in places(found)


@pytest.mark.parametrize("size", [50, 99])
def test_a_message_with_another_number_is_a_fact_of_its_own(seen: Observed, size: int) -> None:
    seen.hear(post({"title": "a", "size": 1000}), invalid(100), invalid(98))
    seen.statuses(post({"title": "a", "size": size}), 201, 400)
    assert len(parity(seen)) == 2


def test_what_is_checked_first_is_one_fact_of_an_operation(seen: Observed) -> None:
    valid = {"title": "a"}
    seen.statuses(ask("PUT", "/tasks/t1", valid), 200)
    for number in range(4):
        seen.statuses(ask("PUT", "/tasks/t2", valid, actor="bob"), 403, 422)
        seen.statuses(ask("PUT", f"/tasks/x{number}", valid), 404, 422)
    (found,) = parity(seen)
    assert sum(each.count for each in found.places) == 8


def test_opposite_orders_of_checks_are_two_facts(seen: Observed) -> None:
    seen.statuses(ask("PUT", "/tasks/t1", {"title": "a"}), 200)
    seen.statuses(ask("PUT", "/tasks/t1", {"title": "a"}, actor="bob"), 403, 422)
    seen.statuses(ask("PUT", "/tasks/x1", {"title": "a"}), 422, 404)
    assert len(parity(seen)) == 2


def pages(name: str, count: int) -> Any:
    return answer(200, {"data": [{name: f"{name}{number}"} for number in range(count)]})


@pytest.mark.parametrize(("other", "findings"), [(3, 1), (1, 2)])
def test_parts_of_lists_that_are_cut_alike_are_one_fact(
    seen: Observed, other: int, findings: int
) -> None:
    for path in ("/tasks?limit=2", "/tasks?limit=2"):
        seen.hear(get(path), pages("title", 2), pages("title", 3))
    seen.hear(get("/tags?limit=2"), pages("name", 2), pages("name", other))
    assert len(parity(seen)) == findings


def cleared(seen: Observed, name: str, *values: str | None) -> None:
    """Set a member of a task to null; `values` are those that the targets have then."""
    answers = (answer(200, {"id": "t1", name: value}) for value in values)
    seen.hear(ask("PUT", "/tasks/t1", {"title": "one", name: None}), *answers)


def test_what_null_does_to_all_members_is_one_fact(seen: Observed) -> None:
    cleared(seen, "state", None, "open")
    cleared(seen, "due_at", None, "2026-01-01T00:00:00Z")
    (found,) = parity(seen)
    assert places(found) == {"body /state", "body /due_at"}


def test_members_that_different_sides_set_to_null_are_two_facts(seen: Observed) -> None:
    cleared(seen, "state", None, "open")
    cleared(seen, "due_at", "2026-01-01T00:00:00Z", None)
    assert len(parity(seen)) == 2


def logged_out(seen: Observed, token: str, *, ended: str) -> list[Finding]:
    """Use a token on the targets after another one was ended, of which one was proved to work."""

    def sent(method: str, path: str, scheme: str, token: str) -> Request:
        return ask(method, path, actor=None, Authorization=f"{scheme} {token}")

    log_out = seen.hear(sent("DELETE", "/tasks/t3", "bearer", ended), answer(204))
    for method, path, theirs in (("GET", "/tasks", 200), ("PUT", "/tasks/t1", 404)):
        seen.statuses(sent(method, path, "Bearer", token), 401, theirs)
    read, change = seen.parity()
    read.effect_of, read.reproduced = log_out.label, True
    for found in (read, change):
        found.sequence = [log_out, found.sequence[-1]]
    return parity(seen)


def test_who_lets_a_token_in_after_a_log_out_does_so_everywhere(seen: Observed) -> None:
    (found,) = logged_out(seen, "x1", ended="x1")
    assert found.sentence.startswith("New responds with 200 but old with 401 to `GET /tasks`")


def test_another_token_than_the_one_that_was_ended_is_a_fact_of_its_own(seen: Observed) -> None:
    assert len(logged_out(seen, "x1", ended="x2")) == 2


@pytest.mark.parametrize(("status", "number"), [(403, 1), (405, 2)])
def test_head_shows_the_same_difference_as_get(seen: Observed, status: int, number: int) -> None:
    refused = answer(403, {"error": "forbidden"})
    seen.hear(get("/tasks/t1"), answer(200, {"id": "t1", "title": "one"}), refused)
    seen.hear(Request("HEAD", "/tasks/t2"), answer(200), answer(status))
    assert len(parity(seen)) == number


def change(**headers: str) -> Request:
    return ask("DELETE", "/tasks/t1", **headers)


def test_whatever_is_said_to_those_whom_the_other_side_refuses_is_one_fact(seen: Observed) -> None:
    seen.hear(change(), answer(403, {}), answer(409, {}))
    seen.hear(change(If_Match='"0"'), answer(403, {}), answer(412, {}))
    (found,) = parity(seen)
    assert found.values == {"old": "403", "new": "409"}


def test_refusals_by_different_sides_are_two_facts(seen: Observed) -> None:
    seen.hear(change(), answer(403, {}), answer(409, {}))
    seen.hear(change(If_Match='"0"'), answer(412, {}), answer(403, {}))
    assert len(parity(seen)) == 2


def test_what_is_said_of_the_tasks_of_others_is_a_fact_of_its_own(seen: Observed) -> None:
    seen.hear(change(), answer(403, {}), answer(409, {}))
    seen.hear(ask("DELETE", "/tasks/t1", actor="bob"), answer(403, {}), answer(404, {}))
    assert len(parity(seen)) == 2


def test_fields_for_caches_are_one_fact(seen: Observed) -> None:
    task = {"id": "t1", "title": "one"}
    fields = {"Cache_Control": "no-store", "Pragma": "no-cache"}
    seen.hear(get(), answer(200, task, **fields), answer(200, task))
    (found,) = parity(seen)
    assert places(found) == {"header cache-control", "header pragma"}


def test_a_total_belongs_to_the_elements_that_depend_on_the_same_parameters(seen: Observed) -> None:
    ours, theirs = ({"data": page(*tasks)["data"], "total": len(tasks)} for tasks in TWO_LISTS)
    path = "/tasks?limit=5&state=open"
    seen.hear(get("/tasks"), answer(200, ours), answer(200, ours))
    seen.hear(get(path), answer(200, ours), answer(200, theirs))
    # On the last page, there are no elements to differ.
    last = [{**each, "data": []} for each in (ours, theirs)]
    seen.hear(get(f"{path}&page=9"), *(answer(200, each) for each in last))
    assert len(parity(seen)) == 1


def test_who_checks_no_token_at_all_does_so_at_each_operation(seen: Observed) -> None:
    """What the side without the check says to other operations is no matter."""
    wrong = (("Cookie", "csrftoken=a"), ("X-CSRFToken", "b"))
    for request, status in (
        (ask("POST", "/tags", {"title": "one"}), 201),
        (post(), 201),
        (ask("DELETE", "/tasks/t1"), 409),
    ):
        signed = replace(request, headers=(*request.headers, *wrong))
        seen.hear(signed, answer(403, {}), answer(status, {}))
    (found,) = [one for one in parity(seen) if one.kind == "status"]
    assert "with a wrong `X-CSRFToken`" in found.sentence


def preflight(path: str, *names: str) -> Request:
    asked = {"Origin": "https://a.example", "Access_Control_Request_Method": "PUT"}
    named = {"Access_Control_Request_Headers": ",".join(names)} if names else {}
    return ask("OPTIONS", path, actor=None, **asked, **named)


def test_a_header_field_that_preflight_requests_are_refused_for_is_one_fact(seen: Observed) -> None:
    """It is missing in what all others allow, too."""
    known, fewer = (
        answer(200, Access_Control_Allow_Headers=names) for names in ("a, if-match", "a")
    )
    for path in ("/tasks/t1", "/tasks/t2", "/tags", "/users"):
        seen.hear(preflight(path, "a"), known, fewer)
    for path in ("/tasks/t1", "/tags"):
        seen.hear(preflight(path, "a", "if-match"), known, answer(400))
    (found,) = parity(seen)
    assert found.values == {"old": "200", "new": "400"}
    assert "as a CORS preflight request for `a,if-match`" in found.sentence
