"""Races run on each target separately, and impossible outcomes are findings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lockstep.drivers.races.driver import RaceResult
from lockstep.drivers.races.files import read_race
from lockstep.drivers.stories.files import StoryError
from lockstep.exchange.simultaneous import send_at_once
from lockstep.openapi.document import Document
from lockstep.report.data import as_data
from lockstep.run import DIVERGED, Run
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]

NAME = """
name: one name, two users
about: A name is given once.
rounds: 4
together:
  - { operation: registerUser, json: { name: 'u${unique}', password: secret } }
  - { operation: registerUser, json: { name: 'u${unique}', password: secret } }
possible: [[200, 200], [201, 409 name_taken]]
then:
  - operation: logIn
    json: { name: 'u${unique}', password: secret }
    expect: { status: 200 }
"""
CHANGE = """
name: two changes
about: One of two changes for the same representation is refused.
actors: [alice]
rounds: 4
setup:
  - operation: createNote
    json: { text: before }
    expect: { status: 201 }
    save: { note: body, tag: 'header:ETag' }
together:
  - operation: updateNote
    path: { note_id: '${note.id}' }
    headers: { If-Match: '${tag}' }
    json: { text: one }
  - operation: updateNote
    path: { note_id: '${note.id}' }
    headers: { If-Match: '${tag}' }
    json: { text: two }
possible: [[200, 412], [412, 200]]
"""


def raced(run: Run, document: Document, targets: list[Target], text: str) -> RaceResult:
    run.race([read_race(text, document)], targets)
    (result,) = run.finish().races
    return result


def test_possible_outcomes_are_no_finding(run: Run, document: Document, servers: Servers) -> None:
    result = raced(run, document, servers(), NAME)
    assert result.outcomes == {name: {"201 + 409 name_taken": 4} for name in ("left", "right")}
    assert (result.impossible, result.notes) == ([], [])
    assert not run.ledger.findings.all()


def test_two_winners_are_a_finding_with_counts(
    run: Run, document: Document, servers: Servers
) -> None:
    result = raced(run, document, servers("two_names"), NAME)
    assert result.impossible == ["right: 201 + 201, in 4 of 4 rounds"]
    verdict = run.finish()
    (finding,) = verdict.findings
    assert (finding.category, finding.targets, finding.verdict) == (
        "race",
        ("right",),
        "right wrong",
    )
    assert "201 + 201, in 4 of 4 rounds" in finding.sentence
    assert verdict.exit_code == DIVERGED
    assert as_data(verdict)["races"][0]["outcomes"]["right"] == {"201 + 201": 4}


def test_an_outcome_of_one_target_only_is_noted_with_its_significance(
    run: Run, document: Document, servers: Servers
) -> None:
    text = NAME.replace("[[200, 200],", "[[201, 201],")
    (first, second) = sorted(raced(run, document, servers("two_names"), text).notes)
    assert first.startswith("201 + 201: right 4 of 4 rounds, left never;")
    assert second.startswith("201 + 409 name_taken: left 4 of 4 rounds, right never;")
    assert second.endswith("up to 53% of rounds")
    assert not run.ledger.findings.all()


def test_the_winner_matters_if_the_requests_differ(document: Document) -> None:
    text = CHANGE.replace("[[200, 412], [412, 200]]", "[[200, 412 precondition_failed]]")
    race = read_race(text, document)
    assert race.allows(["200", "412 precondition_failed"])
    assert not race.allows(["200", "412 other"])
    assert not race.allows(["412 precondition_failed", "200"])


def test_one_of_two_changes_wins(run: Run, document: Document, servers: Servers) -> None:
    result = raced(run, document, servers("lost_update"), CHANGE)
    assert set(result.outcomes["left"]) <= {
        "200 + 412 precondition_failed",
        "412 precondition_failed + 200",
    }
    assert result.impossible == ["right: 200 + 200, in 4 of 4 rounds"]


def test_an_invalid_state_after_the_race_is_found(
    run: Run, document: Document, servers: Servers
) -> None:
    text = NAME.replace("password: secret }\n    expect", "password: other }\n    expect")
    (left, right) = raced(run, document, servers(), text).impossible
    assert left.startswith("left: after 201 + 409 name_taken, step 1: expected status 200, got 401")
    assert right.endswith("in 4 of 4 rounds")


def test_a_round_that_cannot_be_set_up_is_not_judged(
    run: Run, document: Document, servers: Servers
) -> None:
    race = read_race(CHANGE.replace("json: { text: before }", "json: {}"), document)
    run.race([race], servers())
    verdict = run.finish()
    assert (verdict.problems, verdict.parity) == ([], "not tested")
    assert "two changes, set-up 1: expected status 201, got 400" in verdict.not_judged[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rounds: 4", "rounds: 0", "rounds"),
        ("operation: logIn", "operation: nothing", "then 1: the document has no operation nothing"),
        ("[200, 200], ", "[200, 200, 200], ", "does not have one response per request"),
        ("then:", "them:", "them"),
    ],
)
def test_a_race_that_violates_the_schema_is_refused(
    document: Document, old: str, new: str, message: str
) -> None:
    with pytest.raises(StoryError, match=message):
        read_race(NAME.replace(old, new), document)


def test_outcomes_of_concurrent_requests_are_in_the_order_of_the_jobs(servers: Servers) -> None:
    left, right = servers()
    jobs = [(left, Request("GET", "/metrics")), (right, Request("GET", "/nowhere"))]
    outcomes = send_at_once(jobs, first=1)
    assert [one.status for one in outcomes if isinstance(one, Response)] == [200, 404]


def test_an_unreachable_target_is_an_outcome(servers: Servers) -> None:
    left, _ = servers()
    gone = Target("gone", "http://127.0.0.1:9")
    first, second = send_at_once([(gone, Request("GET", "/")), (left, Request("GET", "/metrics"))])
    assert not isinstance(first, Response)
    assert isinstance(second, Response)
