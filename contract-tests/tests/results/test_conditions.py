"""Conditions of a request are derived from the document and from earlier requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fixtures.observed import Observed, answer, ask, get, post

from lockstep.results.conditions import KINDS, Condition, Conditions, in_words, kinds_of
from lockstep.transport.messages import Request

Before = Callable[[Observed], object]


def nothing(_seen: Observed) -> None:
    """Send nothing before."""


def alice_makes_a_task(seen: Observed) -> None:
    seen.hear(post(), answer(201, {"id": "t1", "title": "one"}))


def alice_deletes_her_task(seen: Observed) -> None:
    alice_makes_a_task(seen)
    seen.hear(ask("DELETE", "/tasks/t1"), answer(204))


def alice_registers(seen: Observed) -> None:
    body = {"id": "u1", "name": "alice"}
    seen.hear(
        ask("POST", "/users", {"name": "alice"}, actor=None), answer(201, body), group="alice"
    )


def signed_badly(request: Request) -> Request:
    return replace(request, headers=(("Authorization", "Bearer wrong"),))


READ: list[tuple[str, Before, Request, int, Conditions]] = [
    ("a plain request", alice_makes_a_task, get(), 200, ()),
    ("no such path", nothing, get("/nowhere"), 404, (Condition("unknown path"),)),
    (
        "a method of its own",
        nothing,
        ask("PATCH", "/tasks"),
        405,
        (Condition("undocumented method", "PATCH"),),
    ),
    (
        "asked for by a browser",
        nothing,
        ask(
            "OPTIONS",
            "/tasks",
            Origin="https://a.example",
            Access_Control_Request_Method="POST",
        ),
        204,
        (Condition("preflight"),),
    ),
    (
        "of another origin",
        alice_makes_a_task,
        ask("GET", "/tasks/t1", Origin="https://a.example"),
        200,
        (Condition("precondition", "origin"),),
    ),
    (
        "nobody signs",
        alice_makes_a_task,
        get(actor=None),
        401,
        (Condition("no credentials"),),
    ),
    (
        "a token that nobody has",
        alice_makes_a_task,
        signed_badly(get(actor=None)),
        401,
        (Condition("bad credentials"),),
    ),
    (
        "a form where JSON is documented",
        nothing,
        ask("POST", "/tasks", b"title=one", Content_Type="application/x-www-form-urlencoded"),
        415,
        (Condition("media type"),),
    ),
    (
        "nothing to read",
        nothing,
        ask("POST", "/tasks"),
        400,
        (Condition("no body", "", "required"),),
    ),
    ("half a body", nothing, post(b'{"title":'), 400, (Condition("unreadable body"),)),
    (
        "parts that nothing separates",
        alice_makes_a_task,
        get().with_header("Content-Type", "multipart/form-data"),
        400,
        (Condition("unreadable body", "", "boundary"),),
    ),
    (
        "a member left out",
        nothing,
        post({"size": 1}),
        400,
        (Condition("missing", "title", "required"),),
    ),
    (
        "a number for a text",
        nothing,
        post({"title": 1}),
        400,
        (Condition("wrong type", "title", "type"),),
    ),
    (
        "one more than the most",
        nothing,
        get("/tasks?limit=51"),
        400,
        (Condition("out of bounds", "limit", "maximum"),),
    ),
    (
        "a member that nobody knows",
        nothing,
        post({"title": "one", "colour": "red"}),
        400,
        (Condition("unknown member", "", "additionalProperties"),),
    ),
    ("nobody made it", nothing, get("/tasks/t9"), 404, (Condition("unknown thing", "task_id"),)),
    (
        "it was deleted",
        alice_deletes_her_task,
        get(),
        404,
        (Condition("deleted thing", "task_id"),),
    ),
    (
        "somebody else made it",
        alice_makes_a_task,
        get(actor="bob"),
        404,
        (Condition("another's thing", "task_id"),),
    ),
    (
        "one's own account",
        alice_registers,
        get("/users/u1"),
        200,
        (Condition("oneself", "user_id"),),
    ),
    (
        "only if it is as it was",
        alice_makes_a_task,
        get().with_header("If-None-Match", '"1"'),
        304,
        (Condition("precondition", "if-none-match"),),
    ),
    (
        "the very same again",
        alice_makes_a_task,
        post(),
        409,
        (Condition("second time"), Condition("duplicate", "title")),
    ),
    (
        "another one of that title",
        alice_makes_a_task,
        post({"title": "one", "size": 2}),
        409,
        (Condition("duplicate", "title"),),
    ),
    (
        "beyond ASCII",
        nothing,
        post({"title": "é"}),
        201,
        (Condition("notable", "title", "non-ASCII"),),
    ),
]


@pytest.mark.parametrize(
    ("before", "request_", "status", "conditions"),
    [case[1:] for case in READ],
    ids=[case[0] for case in READ],
)
def test_a_request_has_one_condition(
    before: Before, request_: Request, status: int, conditions: Conditions
) -> None:
    seen = Observed()
    before(seen)
    assert seen.statuses(request_, status).conditions == conditions


def test_every_kind_of_condition_occurs() -> None:
    # The others come from experiments, lists and the search for users, and are tested there.
    read = {kind for case in READ for kind in kinds_of(case[4])}
    assert read | {"invalid", "parameter", "other user"} == set(KINDS)


@pytest.mark.parametrize(("status", "expected"), [(200, set()), (401, {"bad credentials"})])
def test_credentials_of_clients_are_bad_where_the_leader_refuses_them(
    status: int, expected: set[str]
) -> None:
    seen = Observed()
    seen.log.from_clients = True
    seen.make("t1")
    assert kinds_of(seen.statuses(signed_badly(get(actor=None)), status).conditions) == expected


def test_conditions_are_in_the_order_in_which_servers_check() -> None:
    seen = Observed()
    found = seen.statuses(ask("PUT", "/tasks/t9", {"size": -1}, actor=None), 401).conditions
    assert [one.kind for one in found] == [
        "no credentials",
        "missing",
        "out of bounds",
        "unknown thing",
    ]


def test_notable_values_of_an_invalid_request_are_ignored() -> None:
    found = Observed().statuses(post({"title": "é", "size": -1}), 400).conditions
    assert kinds_of(found) == {"out of bounds"}


def test_only_the_most_unusual_value_is_notable() -> None:
    found = Observed().statuses(post({"title": "nul \0", "size": 0}), 201).conditions
    assert found == (Condition("notable", "title", "NUL"),)


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ({"title": "a\tb"}, "control character"),
        ({"title": "e\u0301"}, "not normalised"),
        ({"title": "  "}, "blank"),
        ({"title": " a"}, "outer white space"),
        ({"title": "a" * 20}, "maxLength"),
        ({"title": "50 %"}, "special character"),
        ({"title": "Abc"}, "upper case"),
        ({"title": "a", "size": 100}, "maximum"),
        ({"title": "a", "size": 0}, "minimum"),
        ({"title": "a", "size": 1.5}, "fraction"),
    ],
)
def test_a_valid_value_is_notable_in_one_way(body: Any, how: str) -> None:
    (found,) = Observed().statuses(post(body), 201).conditions
    assert (found.kind, found.detail) == ("notable", how)


def test_a_resource_with_an_unknown_maker_is_judged_by_the_response() -> None:
    seen = Observed()
    listed = {"data": [{"id": "t1"}, {"id": "t2"}]}
    seen.hear(get("/tasks"), answer(200, listed))
    assert kinds_of(seen.statuses(get("/tasks/t1"), 403).conditions) == {"another's thing"}
    assert kinds_of(seen.statuses(get("/tasks/t1"), 404).conditions) == {"unknown thing"}
    assert kinds_of(seen.statuses(get("/tasks/t2"), 200).conditions) == set()


def test_a_path_that_accepts_any_value_does_not_identify_a_resource() -> None:
    seen = Observed()
    first = seen.hear(get("/tasks/7"), answer(200, {"title": "seven"}))
    for value in ("8", "90000"):
        seen.hear(get(f"/tasks/{value}"), answer(200, {"title": "some"}))
    assert kinds_of(first.conditions) == {"unknown thing"}
    assert seen.log.conditions.settled("GET /tasks/{task_id}", first.conditions) == ()
    assert seen.statuses(get("/tasks/a%00b"), 400).conditions == (
        Condition("notable", "task_id", "NUL"),
    )


def test_without_a_collection_one_accepted_value_is_enough() -> None:
    seen = Observed()
    first = seen.statuses(get("/bytes/5"), 200)
    assert seen.log.conditions.settled("GET /bytes/{length}", first.conditions) == ()
    assert seen.statuses(get("/bytes/6"), 500).conditions == ()


@pytest.mark.parametrize(
    ("values", "shows_name", "status"),
    [
        (("1", "2", "3"), False, 200),
        (("70000", "80000", "90000"), True, 200),
        (("70000", "80000", "90000"), False, 404),
    ],
    ids=["there from the start", "shown by the responses", "refused"],
)
def test_resources_that_existed_from_the_start_are_known(
    values: tuple[str, ...], shows_name: bool, status: int
) -> None:
    seen = Observed()
    for value in values:
        body = {"number": int(value)} if shows_name else {"title": "some"}
        seen.hear(get(f"/tasks/{value}"), answer(status, body))
    assert seen.statuses(get("/tasks/lockstep"), 404).conditions == (
        Condition("unknown thing", "task_id"),
    )


def test_a_refused_request_is_not_a_first_time() -> None:
    seen = Observed()
    seen.statuses(post(), 500)
    assert seen.statuses(post(), 201).conditions == ()


def test_the_same_request_of_another_user_is_not_a_repetition() -> None:
    seen = Observed()
    alice_makes_a_task(seen)
    assert kinds_of(seen.statuses(post(actor="bob"), 201).conditions) == {"duplicate"}


def test_repeated_reads_and_log_ins_are_no_repetition() -> None:
    seen = Observed()
    alice_makes_a_task(seen)
    seen.statuses(get(), 200)
    assert seen.statuses(get(), 200).conditions == ()
    account = ask("POST", "/users", {"name": "alice"}, actor=None)
    seen.hear(account, answer(201, {"id": "u1"}), group="alice")
    assert seen.hear(account, answer(201, {"id": "u2"}), group="alice").conditions == ()


def test_the_conditions_of_a_list_are_its_parameters() -> None:
    seen = Observed()
    path = "/tasks?state=open&limit=2"
    seen.hear(get(path), answer(200, {"data": []}), answer(200, {"data": [{"id": "t1"}]}))
    (found,) = seen.parity()
    assert found.conditions == (Condition("parameter", "limit"), Condition("parameter", "state"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_description(kind: str) -> None:
    assert in_words((Condition(kind, "GET", "maximum"),)).startswith(" ")
    assert in_words((Condition(kind),)).startswith(" ")
    assert "``" not in in_words((Condition(kind),))


def test_a_description_has_the_noun_and_a_few_members() -> None:
    missing = [Condition("missing", name, "required") for name in ("a", "b", "c", "d")]
    foreign = Condition("another's thing", "task_id")
    assert in_words(()) == ""
    assert in_words((foreign,), "invoice") == " for an invoice of another user"
    assert (
        in_words((*missing[:2], foreign), "task") == " without `a`, `b`, for a task of another user"
    )
    assert in_words(tuple(missing)) == " without a required member"


def test_conditions_without_a_subject_leave_no_gap_in_a_description() -> None:
    header = Condition("precondition", "if-none-match")
    assert in_words((Condition("precondition"), header)) == " with `If-None-Match`"
    assert in_words((Condition("precondition"),)) == " with a conditional header field"
    assert in_words((Condition("other user"),)) == " as users of another kind"


def test_duplicate_values_of_a_repeated_request_are_not_described() -> None:
    again = (Condition("second time"), Condition("duplicate", "title"))
    assert in_words(again) == " for the second time"
    assert in_words(again[1:]) == " with `title` already taken"


@pytest.mark.parametrize(
    ("sent", "duplicates"),
    [
        # Another user takes the address of alice's account, or that of bob's own request.
        (ask("PUT", "/users/u2", {"email": "ann@example.com"}, actor="bob"), ["email"]),
        (ask("PUT", "/tasks/t2", {"title": "first"}), ["title"]),
        # Repeating one's own value does not take it from anyone.
        (ask("PUT", "/tasks/t1", {"title": "first"}), []),
        # A tag may have the same name as a task.
        (ask("POST", "/tags", {"title": "first"}), []),
        (ask("POST", "/tasks", {"title": "first", "size": 9}), ["title"]),
    ],
    ids=["another account", "another task", "the task itself", "another kind", "a new task"],
)
def test_a_value_is_taken_by_another_resource_of_the_same_type(
    sent: Request, duplicates: list[str]
) -> None:
    seen = Observed()
    account = ask("POST", "/users", {"email": "ann@example.com"}, actor=None)
    seen.hear(account, answer(201, {"id": "u1"}), group="alice")
    seen.make("t1", "t2")
    seen.hear(ask("PUT", "/tasks/t1", {"title": "first"}), answer(200, {"id": "t1"}))
    found = seen.exchanger.trace.duplicates(seen.statuses(sent, 409))
    assert found == [(name, "") for name in duplicates]


def test_a_value_is_taken_in_another_case() -> None:
    seen = Observed()
    seen.hear(post({"title": "First"}), answer(201, {"id": "t1"}))
    exchange = seen.statuses(post({"title": "fIRST"}), 409)
    assert exchange.conditions == (Condition("duplicate", "title", "case"),)
    assert in_words(exchange.conditions) == " with `title` already taken in different letter case"
    steps = seen.exchanger.trace.sequence(exchange)
    assert [step.request.body for step in steps] == [b'{"title": "First"}', b'{"title": "fIRST"}']


def test_an_idempotency_key_is_taken_by_what_was_sent_with_it() -> None:
    seen = Observed()
    seen.hear(ask("POST", "/tasks", {"title": "one"}, Idempotency_Key="k-17"), answer(201))
    exchange = seen.statuses(ask("POST", "/tasks", {"title": "two"}, Idempotency_Key="k-17"), 409)
    assert exchange.conditions == (Condition("duplicate", "Idempotency-Key"),)
    steps = seen.exchanger.trace.sequence(exchange)
    assert [step.request.body for step in steps] == [b'{"title": "one"}', b'{"title": "two"}']
