"""Verdict, severity, sentence and missing specification of a finding."""

from __future__ import annotations

import pytest
from fixtures.observed import AUTHORISED, TASKS, answer, get, post

from lockstep.explain import Explainer
from lockstep.explain.severity import level
from lockstep.inference.requests import RequestReader
from lockstep.matching import Difference
from lockstep.openapi.conformance import Conformance
from lockstep.results.condition_reader import ConditionReader
from lockstep.results.exchange import Exchange
from lockstep.results.findings import CONFORMANCE, PARITY, Finding, Neighbour
from lockstep.results.signatures import SignatureReader
from lockstep.results.trace import Trace
from lockstep.results.tried import Tried
from lockstep.transport.messages import NoResponse, Outcome, Request

CONFORMING = Conformance(TASKS)
NAMES = RequestReader(TASKS, TASKS.families).names
(TASK,) = NAMES(Request("GET", "/tasks/t1"))


def exchange(request: Request, *outcomes: Outcome) -> Exchange:
    """Return the responses of the targets old, new and third, validated against the document."""
    operation = TASKS.find(request.method, request.path)
    named = dict(zip(("old", "new", "third"), outcomes, strict=False))
    found = Exchange(
        number=1,
        request=request,
        label=TASKS.label(request.method, request.path),
        requests=dict.fromkeys(named, request),
        outcomes=named,
        addresses=dict.fromkeys(named, "http://h"),
    )
    found.violations = {n: CONFORMING.check(operation, one) for n, one in named.items()}
    return found


def explain(*findings: Finding, targets: tuple[str, ...] = ("old", "new")) -> list[Finding]:
    """Return the explained findings of one run."""
    return Explainer(TASKS, CONFORMING).explain(findings, targets, Tried())


def observed(kind: str, where: str, left: str, right: str, *steps: Exchange) -> Finding:
    """Return a parity finding as a run records it; the last step shows it."""
    trace, reader = Trace(NAMES), ConditionReader(TASKS, CONFORMING)
    for number, step in enumerate(steps, 1):
        step.number = number
        step.conditions = reader.read(step, trace)
        made = {TASK: "t1"} if step.request.method == "POST" else {}
        trace.record(step, made)
    last, difference = steps[-1], Difference(kind, where, left, right)
    last.differences = {"new": [difference]}
    (observation,) = SignatureReader(TASKS).read(last, [difference])
    return Finding(
        PARITY,
        last.label,
        kind,
        where,
        ("old", "new"),
        {"old": left, "new": right},
        [*steps],
        signature=observation.signature,
        conditions=last.conditions,
        differences=observation.differences,
    )


def differing(kind: str, where: str, left: str, right: str, *steps: Exchange) -> Finding:
    """Return an explained parity finding; the last step shows it."""
    (explained,) = explain(observed(kind, where, left, right, *steps))
    return explained


def statuses(request: Request, left: int, right: int, *before: Exchange) -> Finding:
    """Return a finding on two status codes."""
    bodies = [{"id": "t1"} if status in (200, 201) else None for status in (left, right)]
    last = exchange(request, answer(left, bodies[0]), answer(right, bodies[1]))
    return differing("status", "status", str(left), str(right), *before, last)


@pytest.mark.parametrize(
    ("left", "right", "verdict", "at_fault"),
    [
        (201, 500, "new wrong", ("new",)),
        (418, 201, "old wrong", ("old",)),
        (418, 500, "all wrong", ("old", "new")),
        (201, 409, "document silent", ()),
    ],
)
def test_the_document_decides_which_target_is_wrong(
    left: int, right: int, verdict: str, at_fault: tuple[str, ...]
) -> None:
    found = statuses(post(), left, right)
    assert (found.verdict, found.at_fault) == (verdict, at_fault)


def test_a_target_that_accepts_an_invalid_request_is_wrong() -> None:
    found = statuses(post({"title": ""}), 400, 201)
    assert found.verdict == "new wrong"
    assert found.sentence.endswith("to `POST /tasks` with `title` out of bounds (minLength).")


def test_a_target_that_refuses_a_valid_request_is_wrong() -> None:
    assert statuses(post(), 400, 201).verdict == "old wrong"


def test_a_target_that_accepts_missing_credentials_is_wrong() -> None:
    found = statuses(Request("GET", "/tasks/t1"), 404, 200)
    assert found.verdict == "new wrong"
    assert "to `GET /tasks/{task_id}` without credentials" in found.sentence


def test_a_violation_elsewhere_in_the_response_is_another_finding() -> None:
    last = exchange(
        get(), answer(200, {"id": 1, "title": "A"}), answer(200, {"id": 1, "title": "a"})
    )
    assert all(last.violations.values())
    found = differing("value", "body /title", '"A"', '"a"', last)
    assert found.verdict == "document silent"


def test_a_difference_and_the_violation_that_causes_it_are_one_finding() -> None:
    last = exchange(get(), answer(200, {"id": "t1"}), answer(200, {"id": 1}))
    parity = Finding(
        PARITY, last.label, "type", "body /id", ("old", "new"), {"old": '"t1"', "new": "1"}, [last]
    )
    (broken,) = last.violations["new"]
    apart = Finding(
        CONFORMANCE, last.label, broken.kind, broken.where, ("new",), {"new": ""}, [last]
    )
    (found,) = explain(apart, parity)
    assert (found.category, found.verdict, found.breaks) == (PARITY, "new wrong", [apart])


def test_operations_that_show_the_same_member_are_one_finding() -> None:
    found = []
    for path, body, where in (
        ("/tasks/t1", {"id": "t1"}, "body /owner"),
        ("/tasks", {"data": []}, "body /data/*/owner"),
        ("/tasks", {"data": []}, "body /data/*/other"),
    ):
        last = exchange(get(path), answer(200, body), answer(200, body))
        found.append(observed("extra", where, "absent", '"x"', last))
    explained = explain(*found)
    assert [one.where for one in explained] == ["body /data/*/owner", "body /data/*/other"]
    assert [place.where for place in explained[0].places] == ["body /data/*/owner", "body /owner"]
    assert "and 1 more operation" in explained[0].sentence


def test_a_failed_check_is_merged_with_the_difference_that_it_causes() -> None:
    last = exchange(post({"title": ""}), answer(201, {"id": "t1"}), answer(400))
    last.differences = {"new": [Difference("status", "status", "201", "400")]}
    values = {"old": "201", "new": "400"}
    parity = Finding(PARITY, last.label, "status", "status", ("old", "new"), values, [last])
    kind = "AcceptedNegativeData"
    check = Finding(CONFORMANCE, last.label, kind, "title", ("old",), {"old": "Too lax"}, [last])
    (found,) = explain(check, parity)
    assert (found.verdict, found.breaks) == ("old wrong", [check])


def test_a_violation_by_all_targets_is_reported_as_such() -> None:
    last = exchange(get(), answer(200, {"id": 1}), answer(200, {"id": 1}))
    last.differences = {"new": []}
    (broken,) = last.violations["old"]
    alone = Finding(
        CONFORMANCE, last.label, broken.kind, broken.where, ("old",), {"old": ""}, [last]
    )
    (found,) = explain(alone)
    assert (found.verdict, found.at_fault) == ("all wrong alike", ("old", "new"))
    assert found.sentence.startswith("Old and new violate the schema at `id`")


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (statuses(post(), 201, 500), "critical"),
        (statuses(get(), 200, 403), "critical"),
        (statuses(get(), 200, 404), "high"),
        (statuses(get(), 403, 404), "medium"),
    ],
)
def test_status_codes_are_ranked_by_severity(found: Finding, name: str) -> None:
    assert level(found.severity) == name


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("body /password_hash", "critical"),
        ("body /owner/apiKey", "critical"),
        ("body /colour", "medium"),
        ("body /title", "medium"),
    ],
)
def test_a_leaked_secret_is_more_severe_than_another_member(where: str, name: str) -> None:
    last = exchange(get(), answer(200, {"id": "t1"}), answer(200, {"id": "t1"}))
    assert level(differing("extra", where, "absent", '"x"', last).severity) == name


def test_what_a_member_holds_may_be_a_leak() -> None:
    last = exchange(get(), answer(200, {"id": "t1"}), answer(200, {"id": "t1"}))
    users = '[{"name":"ann","password":"$2a$10$x"}]'
    assert level(differing("extra", "body /likes", "absent", users, last).severity) == "critical"
    names = '[{"name":"my password: x"}]'
    assert level(differing("extra", "body /likes", "absent", names, last).severity) == "medium"


def test_the_most_severe_finding_comes_first() -> None:
    last = exchange(get(), answer(200, {"id": "t1"}), answer(200, {"id": "t1"}))
    kinds = [
        ("order", "body"),
        ("header", "header vary"),
        ("value", "body /title"),
        ("length", "body"),
    ]
    found = [observed(kind, where, "1", "2", last) for kind, where in kinds]
    explained = explain(*found)
    assert [one.kind for one in explained] == ["length", "value", "header", "order"]


def test_a_sentence_describes_the_conditions_of_the_request() -> None:
    found = statuses(post({"title": "é\n"}), 201, 500)
    assert found.sentence == "New responds with 500 but old with 201 to `POST /tasks`."
    # Only an experiment can show that this value is the cause.
    found.neighbour = Neighbour("with a valid `title`", tuple(found.sequence))
    (proved,) = explain(found)
    assert proved.sentence == (
        "New responds with 500 but old with 201 to `POST /tasks` when `title` is "
        "a string with a control character."
    )


def test_a_sentence_names_all_targets() -> None:
    last = exchange(post(), answer(201), answer(409), answer(409))
    values = {"old": "201", "new": "409", "third": "409"}
    finding = Finding(PARITY, last.label, "status", "status", tuple(values), values, [last])
    explain(finding, targets=tuple(values))
    assert finding.sentence == "New and third respond with 409 but old with 201 to `POST /tasks`."


def test_a_missing_response_is_described() -> None:
    last = exchange(get(), answer(200, {"id": "t1"}), NoResponse("timeout"))
    found = differing("outcome", "outcome", "answered 200", "timeout", last)
    assert found.verdict == "new wrong"
    assert found.sentence.startswith("New does not respond (timeout) but old responds with 200 to")


@pytest.mark.parametrize(
    ("kind", "where", "left", "right", "silence"),
    [
        ("value", "body /title", '"abc"', '"ab"', "`Task.title` has no maxLength."),
        (
            "value",
            "body /title",
            '"AB"',
            '"ab"',
            "the letter case of `Task.title` is kept.",
        ),
        ("value", "body /title", '" a"', '"a"', "white space around `Task.title` is kept."),
        ("value", "body /size", "1", "1.0", "how the number `Task.size` is written"),
        ("value", "body /state", '"open"', '"closed"', "which value of its enum"),
        (
            "type",
            "body /due_at",
            "null",
            '"x"',
            "string or null; the document does not state",
        ),
        ("form", "body /due_at", '"a"', '"b"', "no pattern states which format `Task.due_at` has."),
        ("missing", "body /title", '"x"', "absent", "`Task.title` is optional"),
        ("extra", "body /owner", "absent", '"x"', "it has no `additionalProperties: false`."),
        (
            "header",
            "header etag",
            '"1"',
            "absent",
            "documented for `GET /tasks/{task_id}`, but not",
        ),
        ("header", "header x-total", "1", "2", "`x-total` is not documented for 200 of"),
        ("order", "body", "a, b", "b, a", "JSON has none"),
        (
            "order",
            "body /data",
            "2 elements: 1, 2",
            "2 elements: 2, 1",
            "the order of the elements of `Task.data` here.",
        ),
        (
            "cookie",
            "header set-cookie sid httponly",
            "set",
            "absent",
            "attributes of a cookie",
        ),
        ("token", "body /token claim exp", "60", "90", "The content of a token"),
        ("connection", "connection", "kept", "closed", "Whether the connection is kept open"),
    ],
)
def test_the_sentence_that_a_document_lacks_is_reported(
    kind: str, where: str, left: str, right: str, silence: str
) -> None:
    body = {"id": "t1"}
    last = exchange(get(), answer(200, body), answer(200, body))
    found = differing(kind, where, left, right, last)
    assert found.verdict == "document silent"
    assert silence in found.silence


def test_a_document_may_lack_the_order_of_a_list() -> None:
    last = exchange(get("/tasks"), answer(200, {"data": []}), answer(200, {"data": []}))
    order = differing("symbol", "body /data/*/id", '"a"', '"b"', last)
    assert order.silence == "The order of `data` is not stated."
    length = differing("length", "body /data", "2 elements", "3 elements", last)
    assert length.silence == "The parameter `limit` of `GET /tasks` has no stated default."
    last = exchange(get("/tags"), answer(200, {"data": []}), answer(200, {"data": []}))
    defaulted = differing("length", "body /data", "2 elements", "3 elements", last)
    assert defaulted.silence == "The document does not state which elements `data` contains."


@pytest.mark.parametrize(
    ("actor", "deleted", "thing"),
    [
        ("bob", False, " for a task of another user"),
        ("alice", True, " for a task that was deleted"),
        ("alice", False, ""),
    ],
)
def test_a_missing_sentence_describes_the_resource(actor: str, deleted: bool, thing: str) -> None:
    made = exchange(post(actor="alice"), answer(201, {"id": "t1"}), answer(201, {"id": "t1"}))
    gone = Request("DELETE", "/tasks/t1", AUTHORISED, actor="alice")
    steps = [made, exchange(gone, answer(204), answer(204))] if deleted else [made]
    found = statuses(get(actor=actor), 200, 404, *steps)
    assert found.silence == (
        "Both 200 and 404 are documented for `GET /tasks/{task_id}`; "
        f"the document does not state which one applies{thing}."
    )


def test_a_missing_sentence_names_the_range_that_allows_both() -> None:
    gone = Request("DELETE", "/tasks/t1", AUTHORISED, actor="alice")
    found = statuses(gone, 403, 410)
    assert found.silence.startswith("`4XX` allows 403 and 410 for `DELETE /tasks/{task_id}`")
