"""The verdict: parity, conformance, and what was not tested."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from fixtures.scripted import Scripted, answer, plain_document

from lockstep.exchange.exchanger import Exchanger
from lockstep.matching.noise import Noise
from lockstep.openapi.document import Document
from lockstep.results.coverage import Coverage
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Outcome, Request
from lockstep.verdict import Verdict, changing, is_nothing_tested, is_parity, reached, untested


def verdict(
    tmp_path: Any,
    left: Outcome,
    right: Outcome,
    *requests: Request,
    selected: str | None = None,
    **settings: Any,
) -> Verdict:
    """The verdict on some requests to two targets that always send the same response."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(plain_document()))
    run = Run(replace(Settings(document=path, require_coverage=False), **settings))
    run.selected = selected
    targets = [Scripted("left", lambda _: left), Scripted("right", lambda _: right)]
    with run.stage("by hand", targets):
        exchanger = Exchanger(run.ledger, targets)
        for request in requests:
            exchanger.send(request)
    return run.finish()


TASK = answer({"id": 1, "title": "t"})
BROKEN = answer({"id": "one", "title": "t"})
READ = Request("GET", "/tasks/1")


def test_equal_responses_are_alike(tmp_path: Any) -> None:
    found = verdict(tmp_path, TASK, TASK, READ)
    assert (found.parity, found.conformance, found.exit_code) == ("alike", "kept", 0)


@pytest.mark.parametrize(("fail_on", "code"), [("parity", 0), ("conformance", 1), ("any", 1)])
def test_same_violation_of_both_targets_is_alike(tmp_path: Any, fail_on: str, code: int) -> None:
    found = verdict(tmp_path, BROKEN, BROKEN, READ, fail_on=fail_on)
    assert (found.parity, found.conformance) == ("alike", "broken")
    assert {finding.verdict for finding in found.findings} == {"all wrong alike"}
    assert found.exit_code == code


@pytest.mark.parametrize(("fail_on", "code"), [("parity", 1), ("conformance", 0), ("any", 1)])
def test_difference_breaks_parity_only(tmp_path: Any, fail_on: str, code: int) -> None:
    other = answer({"id": 1, "title": "other"})
    found = verdict(tmp_path, TASK, other, READ, fail_on=fail_on)
    assert (found.parity, found.conformance, found.exit_code) == ("not alike", "kept", code)


def test_run_without_requests_is_not_tested(tmp_path: Any) -> None:
    found = verdict(tmp_path, TASK, TASK)
    assert (found.parity, found.exit_code) == ("not tested", 2)
    assert found.untested == ["no requests were sent"]


def test_run_with_only_refusals_is_not_tested(tmp_path: Any) -> None:
    refused = answer({"error": "no"}, 404)
    found = verdict(tmp_path, refused, refused, READ)
    assert (found.parity, found.exit_code) == ("not tested", 2)


def test_selected_part_is_judged_alone(tmp_path: Any) -> None:
    refused = answer({"error": "no"}, 404)
    found = verdict(tmp_path, refused, refused, READ, selected="the story 'a'")
    assert (found.parity, found.exit_code) == ("alike", 0)
    assert found.untested == ["only the story 'a': the rest was not judged"]
    unsent = verdict(tmp_path, refused, refused, selected="the story 'a'")
    assert (unsent.parity, unsent.exit_code) == ("not tested", 2)


def test_operation_that_never_succeeded_is_named(tmp_path: Any) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(plain_document()))

    def answers(request: Request) -> Outcome:
        return TASK if request.method == "GET" else answer({"error": "no"}, 404)

    run = Run(Settings(document=path, require_coverage=False))
    targets = [Scripted("left", answers), Scripted("right", answers)]
    with run.stage("by hand", targets):
        exchanger = Exchanger(run.ledger, targets)
        exchanger.send(READ)
        exchanger.send(Request("PATCH", "/tasks/1", body=b"{}"))
    found = run.finish()
    assert found.parity == "alike"
    assert found.untested == ["changeTask never succeeded on all targets"]


def test_run_without_authenticated_successes_is_not_tested(tmp_path: Any) -> None:
    document = plain_document()
    document["security"] = [{"bearer": []}]
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    assert Document(document).operations["getTask"].requires_auth
    run = Run(Settings(document=path, require_coverage=False))
    closed = answer({"error": "who?"}, 401)
    targets = [Scripted("left", lambda _: closed), Scripted("right", lambda _: closed)]
    with run.stage("by hand", targets):
        Exchanger(run.ledger, targets).send(READ)
    found = run.finish()
    assert (found.parity, found.exit_code) == ("not tested", 2)
    assert found.untested[0].startswith("no operation that requires a login")


def test_public_operations_do_not_count_for_authenticated_ones() -> None:
    document = plain_document()
    document["security"] = [{"bearer": []}]
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    document["paths"]["/tasks"]["get"]["security"] = []
    coverage = Coverage(Document(document))
    for name, status in (("listTasks", 200), ("getTask", 401)):
        coverage.operations[name].requests = 1
        coverage.saw(name, "old", status)
    assert is_nothing_tested(reached(coverage))
    coverage.saw("getTask", "old", 200)
    assert not is_nothing_tested(reached(coverage))


def test_finding_seen_once_does_not_affect_the_verdict(tmp_path: Any) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(plain_document()))
    run = Run(Settings(document=path, require_coverage=False))
    other = answer({"id": 1, "title": "other"})
    targets = [Scripted("left", lambda _: TASK), Scripted("right", lambda _: other)]
    with run.stage("by hand", targets):
        Exchanger(run.ledger, targets).send(READ)
    for finding in run.ledger.findings.all():
        finding.reproduced = False
    found = run.finish()
    assert (found.parity, found.exit_code) == ("alike", 0)
    assert [finding.kind for finding in found.seen_once] == ["value"]


def test_difference_counts_even_if_no_operation_succeeded(tmp_path: Any) -> None:
    gone = answer({"error": "no"}, 404)
    found = verdict(tmp_path, gone, answer({"error": "no"}, 410), READ)
    assert (found.parity, found.exit_code) == ("not alike", 1)
    assert found.untested == ["no operation ever succeeded on all targets"]


def test_success_on_one_target_only_does_not_count(tmp_path: Any) -> None:
    found = verdict(tmp_path, TASK, answer({"error": "no"}, 500), READ, fail_on="conformance")
    assert found.untested == ["no operation ever succeeded on all targets"]
    assert (found.parity, found.exit_code) == ("not alike", 0)


def test_not_tested_fails_with_every_fail_on(tmp_path: Any) -> None:
    for fail_on in ("parity", "conformance", "any"):
        assert verdict(tmp_path, TASK, TASK, fail_on=fail_on).exit_code == 2


def test_violation_is_a_parity_finding_only_with_a_difference(tmp_path: Any) -> None:
    found = verdict(tmp_path, BROKEN, BROKEN, READ, fail_on="any")
    assert [is_parity(finding) for finding in found.findings] == [False]
    found = verdict(tmp_path, TASK, BROKEN, READ)
    assert (found.parity, found.conformance) == ("not alike", "kept")
    (finding,) = found.findings
    # The violation belongs to the difference, and is not a second finding.
    assert is_parity(finding)
    assert [rule.kind for rule in finding.breaks] == ["body_schema"]


def test_aborted_run_could_not_run(tmp_path: Any) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(plain_document()))
    run = Run(Settings(document=path, require_coverage=False))
    targets = [Scripted("left", lambda _: TASK), Scripted("right", lambda _: TASK)]
    with run.stage("by hand", targets):
        Exchanger(run.ledger, targets).send(READ)
    run.could_not_run("right has stopped responding")
    found = run.finish()
    assert (found.parity, found.exit_code) == ("could not run", 2)
    assert found.problems == ["right has stopped responding"]


def test_untested_operations_are_abbreviated() -> None:
    coverage = Coverage(Document(plain_document()))
    seen = {"getTask": 200, "listTasks": 404, "createTask": 404, "changeTask": 404}
    seen |= {"deleteTask": 404, "closeTask": 404, "getUser": 404}
    for name, status in seen.items():
        coverage.operations[name].requests = 1
        coverage.saw(name, "old", status)
    (clause,) = untested(reached(coverage))
    assert clause.startswith("listTasks, createTask, ")
    assert clause.endswith(" and 2 more never succeeded on all targets")
    assert not is_nothing_tested(reached(coverage))


def test_noisy_properties_are_counted_by_place() -> None:
    coverage = Coverage(Document(plain_document()))
    coverage.operations["getTask"].requests = 1
    coverage.saw("getTask", "old", 200)
    noise = [Noise("getTask", "body /id", "value", "old") for _ in range(3)]
    other = Noise("getTask", "body /title", "value", "old")
    clauses = list(untested(reached(coverage), changing([*noise, other])))
    assert clauses == ["2 members that change with each response"]


def test_operation_without_a_documented_success_need_not_succeed() -> None:
    gone = {"/gone": {"get": {"operationId": "gone", "responses": {"410": {"description": "x"}}}}}
    coverage = Coverage(Document(plain_document(**gone)))
    coverage.operations["gone"].requests = 1
    coverage.saw("gone", "old", 410)
    assert list(untested(reached(coverage))) == []
    assert not is_nothing_tested(reached(coverage))
