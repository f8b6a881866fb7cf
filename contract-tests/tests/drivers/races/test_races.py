"""Races run on each target separately, and impossible outcomes are findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from fixtures.blog_server import DOCUMENT as BLOG
from fixtures.blog_server import make_blog
from fixtures.flask_servers import pair
from fixtures.scripted import plain_document

from lockstep.auth.actors import ActorBook
from lockstep.drivers.races import driver
from lockstep.drivers.races.driver import RaceResult, fisher_exact
from lockstep.drivers.races.files import Race, read_race
from lockstep.drivers.races.inferred import infer_races
from lockstep.drivers.stories.files import StoryError
from lockstep.exchange.simultaneous import send_at_once
from lockstep.openapi.document import Document
from lockstep.report.data import as_data
from lockstep.run import DIVERGED, Run
from lockstep.settings import Settings
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


def test_races_are_inferred_from_a_document(document: Document) -> None:
    races = {race.name: race for race in infer_races(document, "alice")}
    assert list(races) == [
        "registerUser: the same request, twice",
        "updateNote: one If-Match, twice",
    ]
    change = races["updateNote: one If-Match, twice"]
    assert change.setup[0]["save"] == {"item": "body#/id"}
    assert change.together[0]["headers"] == {"If-Match": "${tag}"}


def test_inferred_races_send_urls_that_differ_and_are_valid() -> None:
    url = {"type": "string", "format": "uri", "pattern": "^https://", "maxLength": 90}
    schema = {"type": "object", "required": ["url"], "properties": {"url": url}}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    answers = {"201": {"description": "made"}, "409": {"description": "taken"}}
    raw = {
        "openapi": "3.1.0",
        "info": {"title": "Hooks", "version": "1"},
        "paths": {"/hooks": {"post": {"requestBody": body, "responses": answers}}},
    }
    (race,) = infer_races(Document(raw))
    assert race.together[0]["json"] == {"url": "https://example.com/${unique}"}


def test_bodies_of_inferred_races_are_accepted_by_third_party_servers() -> None:
    document = Document.load(BLOG)
    race = next(race for race in infer_races(document) if race.name.startswith("POST /users:"))
    with pair(make_blog) as targets:
        for target in targets:
            target.move(target.base_url + "/api")
        run = Run(Settings(document=BLOG, require_coverage=False))
        run.race([replace(race, rounds=2)], targets)
    assert run.finish().races[0].outcomes == {name: {"201 + 409": 2} for name in ("old", "new")}


@pytest.mark.parametrize(
    ("fault", "operation"), [("two_names", "registerUser"), ("lost_update", "updateNote")]
)
def test_inferred_races_find_two_winners(
    run: Run, document: Document, servers: Servers, fault: str, operation: str
) -> None:
    races: list[Race] = infer_races(document, "alice")
    run.race(races, servers(fault))
    assert not run.finish().problems
    (finding,) = run.finish().findings
    assert (finding.operation, finding.targets) == (operation, ("right",))
    assert "2 winners" in finding.values["right"]


def test_inferred_races_send_dates_that_exist() -> None:
    born = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
    schema = {"type": "object", "required": ["born"], "properties": {"born": born}}
    creating = {
        "operationId": "enrol",
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"201": {"description": "made"}, "409": {"description": "known"}},
    }
    races = infer_races(Document(plain_document(**{"/members": {"post": creating}})))
    race = next(each for each in races if each.name.startswith("enrol"))
    date.fromisoformat(race.together[0]["json"]["born"])


def test_a_race_of_which_none_wins_sequentially_is_not_judged(
    run: Run, document: Document, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver._Runner, "_one_after_the_other", lambda _: 0)
    run.race([replace(infer_races(document, "alice")[0], rounds=2)], servers("two_names"))
    verdict = run.finish()
    assert not verdict.findings
    assert any("none succeeds" in note for each in verdict.races for note in each.notes)


def test_a_taken_name_is_retried_in_the_sequential_run(
    run: Run, document: Document, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    unique = ActorBook.unique
    met: list[ActorBook] = []

    def taken_first(book: ActorBook) -> str:
        if book in met:
            return unique(book)
        met.append(book)
        return "taken"

    monkeypatch.setattr(ActorBook, "unique", taken_first)
    race = replace(infer_races(document)[0], rounds=2)
    targets = servers()
    run.race([race], targets)
    run.race([race], targets)
    assert len(met) == 4
    assert not run.finish().findings


def test_a_difference_in_races_that_may_be_chance_is_not_significant(
    run: Run, document: Document, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (fisher_exact(0, 0, 20), fisher_exact(1, 0, 20)) == (1, 1)
    assert fisher_exact(5, 0, 20) < 0.05 < fisher_exact(4, 0, 20)
    monkeypatch.setattr(driver, "_TIMES", 1)
    race = replace(infer_races(document, "alice")[0], rounds=2)
    run.race([race], servers("two_names"))
    run.confirm_all(servers())
    verdict = run.finish()
    (finding,) = verdict.findings
    assert (finding.category, finding.kind) == ("race", "not significant")
    assert (finding.targets, finding.reproduced) == (("right",), None)
    assert "in 2 of 2 rounds" in finding.values["right"]
    assert (verdict.parity, verdict.conformance) == ("alike", "broken")
    assert not verdict.seen_once


def test_a_race_that_all_targets_lose_is_one_finding_and_no_difference(
    run: Run, document: Document, servers: Servers
) -> None:
    race = replace(infer_races(document, "alice")[0], rounds=2)
    (_, first), (_, second) = servers("two_names"), servers("two_names")
    second.name = "other"
    run.race([race], [first, second])
    (finding,) = run.finish().findings
    assert (finding.category, finding.targets) == ("race", ("right", "other"))
    assert finding.verdict == "all wrong alike"
    assert run.finish().parity != "not alike"


def test_rounds_are_added_until_the_difference_is_significant(
    run: Run, document: Document, servers: Servers
) -> None:
    race = replace(infer_races(document, "alice")[0], rounds=2)
    run.race([race], servers("two_names"))
    (finding,) = run.finish().findings
    assert (finding.category, finding.targets) == ("race", ("right",))
    assert finding.sentence == (
        "`registerUser`: the same request, twice: right: 2 winners (201 + 201), in 4 of 4 rounds."
    )


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
