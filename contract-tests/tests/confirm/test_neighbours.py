"""Findings are compared with the most similar steps without the difference, to find the cause."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from fixtures.notes_client import Client
from fixtures.notes_server import DOCUMENT
from fixtures.observed import Observed, answer, ask, get, post
from fixtures.scripted import answer as plain_answer
from fixtures.scripted import exchanger

from lockstep.confirm import Confirmer
from lockstep.confirm.budget import Budget
from lockstep.confirm.corrections import Correction, Corrector
from lockstep.exchange.exchanger import Exchanger
from lockstep.explain.clusters import cluster, merged
from lockstep.openapi.loading import load_yaml
from lockstep.results.conditions import Condition, kinds_of
from lockstep.results.findings import Finding
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Outcome, Request, Response, status_of
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]
Clients = Callable[..., Client]


@pytest.fixture
def client(run: Run, servers: Servers) -> Clients:
    """A client of a sound and a faulty server, which has called every operation once."""

    def start(*faults: str) -> Client:
        alice = Client(run, servers(*faults))
        number = note(alice)
        alice.send("PATCH", f"/notes/{number}", {"text": "other"}, If_Match=tag(alice, number))
        return alice

    return start


def note(alice: Client, **body: Any) -> str:
    """Return the id of a new note."""
    made: str = alice.send("POST", "/notes", {"text": "plain"} | body)["id"]
    return made


def tag(alice: Client, number: str) -> str:
    """Return the entity tag of a note."""
    answer = alice.ask("GET", f"/notes/{number}").leader
    assert isinstance(answer, Response)
    return answer.header("etag") or ""


def beside(found: Finding) -> tuple[str, set[int | None]]:
    """Return what was corrected, and the status codes that all targets then respond with."""
    assert found.reproduced is True
    assert found.neighbour is not None
    last = found.neighbour.sequence[-1]
    assert last.differences == {"right": []}
    return found.neighbour.changed, {status_of(outcome) for outcome in last.outcomes.values()}


def shown(found: Finding) -> list[str]:
    """Return the responses of the targets."""
    return [found.values["left"], found.values["right"]]


def test_an_unknown_resource_and_an_invalid_body_are_both_causes(client: Clients) -> None:
    alice = client("body_first")
    alice.ask("PATCH", f"/notes/{uuid.uuid4()}", {"size": 1}, If_Match='"' + "0" * 32 + '"')
    found = alice.shrunk("status")
    assert shown(found) == ["404", "400"]
    assert beside(found) == ("with a valid `text`", {404})
    assert kinds_of(found.conditions) == {"missing", "unknown thing"}


def test_a_missing_member_is_added(client: Clients) -> None:
    alice = client("unprocessable")
    alice.send("POST", "/notes", {"size": 1})
    found = alice.shrunk("status")
    assert shown(found) == ["400", "422"]
    assert beside(found) == ("with a valid `text`", {201})
    assert found.conditions == (Condition("missing", "text", "required"),)


def test_a_correction_without_effect_is_not_a_cause(client: Clients) -> None:
    alice = client("unprocessable")
    alice.send("POST", "/notes", {"size": -1, "colour": "red"})
    found = alice.shrunk("status")
    assert beside(found)[0] == "with a valid `text`"
    assert found.conditions == (Condition("missing", "text", "required"),)


def test_servers_whose_responses_always_differ_have_neighbours_too(client: Clients) -> None:
    alice = client("header", "unprocessable")
    alice.send("POST", "/notes", {"size": 1})
    found = alice.shrunk("status")
    assert found.neighbour is not None
    assert found.neighbour.changed == "with a valid `text`"
    assert found.conditions == (Condition("missing", "text", "required"),)


def test_missing_credentials_are_added(client: Clients) -> None:
    alice = client("forbids")
    alice.ask("GET", f"/notes/{note(alice)}", signed=False)
    found = alice.shrunk("status")
    assert shown(found) == ["401", "403"]
    assert beside(found) == ("with credentials", {200})
    assert found.conditions == (Condition("no credentials"),)


def test_a_repeated_request_is_sent_once(client: Clients) -> None:
    alice = client("closes_twice")
    number = note(alice)
    alice.send("POST", f"/notes/{number}/close")
    alice.send("POST", f"/notes/{number}/close")
    found = alice.shrunk("status")
    assert shown(found) == ["409", "200"]
    assert beside(found) == ("for the first time", {200})
    assert [step.label for step in found.sequence][-2:] == ["closeNote", "closeNote"]


def test_a_notable_value_is_replaced_by_a_plain_one(client: Clients) -> None:
    alice = client("latin")
    alice.send("POST", "/notes", {"text": "naïve", "size": 1})
    found = alice.shrunk("status")
    assert shown(found) == ["201", "500"]
    assert beside(found) == ("with a valid `text`", {201})
    assert found.conditions == (Condition("notable", "text", "non-ASCII"),)


def test_a_parameter_of_a_list_is_removed(client: Clients) -> None:
    alice = client("limit")
    note(alice)
    alice.send("GET", "/notes?limit=1")
    found = alice.shrunk("body /data")
    assert beside(found) == ("without `limit`", {200})
    assert found.conditions == (Condition("parameter", "limit"),)


def test_a_difference_in_every_response_has_no_neighbour(client: Clients) -> None:
    alice = client("leak")
    found = next(one for one in alice.confirm_all() if one.reproduced)
    assert (found.neighbour, found.conditions) == (None, ())


def test_one_of_many_places_is_reproduced_for_all(client: Clients) -> None:
    alice = client("leak")
    alice.send("POST", f"/notes/{note(alice)}/close")
    found = alice.confirm_all()
    assert len(found) == 4
    assert [one.reproduced for one in found].count(True) == 1
    (finding,) = [one for one in alice.run.finish().findings if one.category == "parity"]
    assert finding.reproduced is True
    assert {place.operation for place in finding.places} == {
        *("createNote", "updateNote", "getNote", "closeNote"),
    }


def test_a_reproduced_finding_is_not_reproduced_again(client: Clients, servers: Servers) -> None:
    alice = client("text")
    note(alice, text="LOUD")
    (verified,) = (one for one in alice.confirm_all() if one.reproduced)
    steps = list(verified.sequence)
    alice.send("GET", f"/notes/{note(alice, text='AGAIN')}")
    # On sound servers the finding would not show.
    mended = Exchanger(alice.run.ledger, servers())
    alice.run.confirm(mended)
    assert verified.reproduced is True
    assert verified.sequence == steps
    (finding,) = [one for one in alice.run.finish().findings if one.category == "parity"]
    assert finding is verified


def test_a_finding_that_is_not_reproduced_does_not_count(client: Clients, servers: Servers) -> None:
    alice = client("text")
    note(alice, text="LOUD")
    (found,) = (one for one in alice.run.ledger.findings.all() if one.category == "parity")
    steps = list(found.sequence)
    alice.run.confirm(Exchanger(alice.run.ledger, servers()))
    verdict = alice.run.finish()
    assert (verdict.parity, verdict.exit_code, verdict.findings) == ("alike", 0, [])
    assert verdict.seen_once == [found]
    assert found.sequence == steps


@pytest.fixture
def lasting(tmp_path: Path, settings: Settings, servers: Servers) -> Clients:
    """A client of servers by whose document writes cannot be undone."""
    document = load_yaml(DOCUMENT.read_text(encoding="utf-8"))
    del document["paths"]["/notes/{note_id}"]["delete"]
    del document["paths"]["/notes"]["post"]["responses"]["201"]["links"]["DeleteNote"]
    path = tmp_path / "lasting.json"
    path.write_text(json.dumps(document))
    return lambda *faults: Client(Run(replace(settings, document=path)), servers(*faults))


def changed_on_one_side(alice: Client, **body: Any) -> None:
    """Send a change that only the left side accepts, and request the list that shows it."""
    number = note(alice, **body)
    alice.send("PATCH", f"/notes/{number}", {"text": "naïve"}, If_Match=tag(alice, number))
    alice.send("GET", "/notes")


def test_consequences_of_a_one_sided_write_are_excused_and_counted(lasting: Clients) -> None:
    alice = lasting("latin")
    changed_on_one_side(alice)
    left = {(one.operation, one.kind) for one in alice.confirm_all()}
    assert left == {("updateNote", "status")}
    # The list shows a difference in the note that was changed on one side only.
    excused = alice.run.finish().excused
    assert [cause.partition(" returned ")[0] for cause in excused] == ["updateNote"], excused


def test_a_finding_that_shows_without_the_one_sided_write_is_kept(lasting: Clients) -> None:
    alice = lasting("latin", "number")
    changed_on_one_side(alice, size=7)
    kept = {one.where for one in alice.confirm_all() if one.reproduced}
    assert kept == {"status", "body /size"}


@pytest.fixture
def seen() -> Observed:
    """A run in which alice has created a task and read it."""
    found = Observed()
    found.make("t1")
    found.statuses(get("/tasks/t1"), 200)
    return found


def proposed(seen: Observed, request: Request, status: int = 400) -> dict[str, Correction]:
    """Return the corrections of a request, by the kind of the condition that they remove."""
    exchange = seen.statuses(request, status)
    log = seen.log
    corrector = Corrector(log.document, log.conditions.requests, log.findings.tried.succeeded)
    found = corrector.corrections((exchange,), exchange.conditions)
    return {each.condition.kind: each for each in found}


def last(correction: Correction) -> Request:
    """Return the request to compare with."""
    return correction.exchanges[-1].request


def test_the_users_own_resource_gets_the_same_request(seen: Observed) -> None:
    request = ask("PUT", "/tasks/t9?dry=1", {"title": "two"}, actor="bob", If_Match='"1"')
    found = proposed(seen, request, 404)
    own = last(found["unknown thing"])
    # Only a GET of the user's own resource has succeeded, but the method is kept.
    assert (own.method, own.path, own.body) == ("PUT", "/tasks/t1?dry=1", request.body)
    assert own.actor == "alice"
    assert own.header("if-match") == '"1"'
    assert last(found["precondition"]).header("if-match") is None


def test_only_the_undocumented_member_is_removed(seen: Observed) -> None:
    found = proposed(seen, post({"title": "", "colour": "red"}))
    assert json.loads(last(found["unknown member"]).body or b"") == {"title": ""}
    fitting = json.loads(last(found["out of bounds"]).body or b"")
    assert fitting == {"title": "task t1", "colour": "red"}


def test_a_body_that_cannot_be_corrected_is_replaced_by_a_valid_one(seen: Observed) -> None:
    requests = {
        "media type": ask("POST", "/tasks", b"title=a", Content_Type="text/plain"),
        "unreadable body": post(b'{"title":'),
        "no body": ask("POST", "/tasks"),
    }
    for kind, request in requests.items():
        mended = last(proposed(seen, request)[kind])
        assert json.loads(mended.body or b"") == {"title": "task t1"}
        assert mended.header("content-type") == "application/json"


def test_an_undocumented_method_is_replaced_by_a_documented_one(seen: Observed) -> None:
    found = proposed(seen, ask("PATCH", "/tasks/t1"), 405)
    assert found["undocumented method"].changed == "with GET /tasks/t1"


def test_a_value_in_the_path_is_replaced_by_one_that_succeeded(seen: Observed) -> None:
    for value in ("70000", "80000", "90000"):
        seen.hear(get(f"/tasks/{value}"), answer(200, {"title": "some"}))
    (found,) = proposed(seen, get("/tasks/a%00b?dry=1"), 500).values()
    assert (last(found).path, found.changed) == ("/tasks/t1?dry=1", "with `task_id`: `t1`")


def test_without_a_successful_example_there_are_few_corrections() -> None:
    seen = Observed()
    request = ask("PUT", "/tasks/t9", {"size": 1}, If_Match='"1"')
    assert proposed(seen, request, 404).keys() == {"precondition"}


def test_another_idempotency_key_is_sent(seen: Observed) -> None:
    seen.statuses(ask("POST", "/tasks", {"title": "one"}, Idempotency_Key="key-17"), 201)
    again = ask("POST", "/tasks", {"title": "two"}, Idempotency_Key="key-17")
    found = proposed(seen, again, 409)["duplicate"]
    assert found.changed == "with another Idempotency-Key"
    key = last(found).header("Idempotency-Key") or ""
    assert (len(key), key == "key-17") == (6, False)
    assert last(found).body == again.body


def search(most: int) -> Callable[[Request], Outcome]:
    """Return a server that needs a word to search for, and takes a limit."""

    def respond(request: Request) -> Outcome:
        query = dict(parse_qsl(request.path.partition("?")[2]))
        fits = "q" in query and int(query.get("limit", "1")) <= most
        return plain_answer([], 200) if fits else plain_answer({"error": "no"}, 400)

    return respond


def test_a_request_that_is_refused_without_a_value_proves_nothing_about_it() -> None:
    named: list[Any] = [{"name": each, "in": "query", "schema": {}} for each in ("q", "limit")]
    paths = {"/search": {"get": {"parameters": named, "responses": {"200": {}}}}}
    sender, _ = exchanger(search(100), search(99), paths=paths)
    sender.send(Request("GET", "/search?q=lockstep&limit=100"))
    (found,) = [one for one in sender.ledger.findings.all() if one.category == "parity"]
    Confirmer(sender, Budget(100, 10)).confirm([[found]])
    assert beside(found) == ("without `limit`", {200})
    assert found.cause == Condition("parameter", "limit")


CSV, JSON = "text/csv", "application/json"


def prices(*, weighs: bool, shout: bool = False) -> Callable[[Request], Outcome]:
    """Return a server with a list in two media types; it may know of the weights of a client."""

    def respond(request: Request) -> Outcome:
        accepted = [each.strip() for each in (request.header("accept") or JSON).split(",")]
        offers = [each for each in accepted if each.partition(";")[0] in (CSV, JSON)]
        if weighs:
            offers = sorted(offers, key=lambda each: "q=" in each)
        if not offers:
            return plain_answer({"error": "neither"}, 406 if weighs else 400)
        if offers[0].startswith(CSV):
            text = "name\r\nPear\r\n"
            sent = text.replace("Pear", "PEAR") if shout else text
            return Response(200, (("Content-Type", CSV),), sent.encode())
        return plain_answer([{"name": "Pear"}])

    return respond


def findings_on(*servers: Callable[[Request], Outcome]) -> list[Finding]:
    """Return the findings, confirmed and grouped, of a list that is read in several types."""
    row = {"type": "object", "properties": {"name": {"type": "string"}}}
    content = {kind: {"schema": {"type": "array", "items": row}} for kind in (CSV, JSON)}
    listed = {"get": {"responses": {"200": {"description": "ok", "content": content}}}}
    sender, _ = exchanger(*servers, paths={"/prices": listed})
    for accept in (None, f"{CSV};q=0.5, {JSON}", "application/x-lockstep", CSV):
        headers = () if accept is None else (("Accept", accept),)
        sender.send(Request("GET", "/prices", headers))
    found = sender.ledger.findings
    parity = [one for one in found.all() if one.category == "parity"]
    parity.sort(key=lambda one: one.kind != "status")
    Confirmer(sender, Budget(100, 10)).confirm([[one] for one in parity])
    return [merged(one) for one in cluster(parity, found.tried)]


def test_what_shows_only_with_a_choice_of_media_types_is_one_finding() -> None:
    (found,) = findings_on(prices(weighs=True), prices(weighs=False))
    assert found.cause == Condition("precondition", "accept")
    assert {"status", "header content-type"} <= {each.where for each in found.places}


def test_what_differs_within_one_media_type_is_a_finding_of_its_own() -> None:
    both = findings_on(prices(weighs=True), prices(weighs=False, shout=True))
    assert len(both) == 2
    assert {one.cause for one in both} == {None, Condition("precondition", "accept")}


def people(*, units: str, lacking: str = "is empty") -> Callable[[Request], Outcome]:
    """Return a server that takes names of 10 characters, counted in the units of an encoding."""
    size = len("a".encode(units))

    def respond(request: Request) -> Outcome:
        body = json.loads(request.body or b"{}")
        long = [
            {"field": name, "detail": "is too long"}
            for name, text in body.items()
            if len(text.encode(units)) > 10 * size
        ]
        empty = [{"field": name, "detail": lacking} for name, text in body.items() if not text]
        errors = [*long, *empty]
        return plain_answer({"errors": errors}, 422) if errors else plain_answer(body, 201)

    return respond


@pytest.mark.parametrize(("lacking", "findings"), [("is empty", 1), ("is needed", 2)])
def test_who_refuses_one_text_beyond_ascii_refuses_others_as_well(
    lacking: str, findings: int
) -> None:
    made = {"post": {"responses": {"201": {"description": "made"}}}}
    servers = people(units="utf-32-le"), people(units="utf-16-le", lacking=lacking)
    sender, _ = exchanger(*servers, paths={"/people": made})
    smiles = "😀" * 8
    bodies = [
        *({"name": "Ann", "nick": "A", "town": "Rome"}, {"name": smiles}),
        *({"nick": smiles, "town": ""}, {"name": "", "nick": "", "town": "Oslo"}),
    ]
    for body in bodies:
        sender.send(ask("POST", "/people", body, actor=None))
    found = sender.ledger.findings
    parity = [one for one in found.all() if one.category == "parity"]
    parity.sort(key=lambda one: one.kind == "status")
    Confirmer(sender, Budget(200, 10)).confirm([[one] for one in parity])
    assert len(list(cluster(parity, found.tried))) == findings


def parcels(*, strict: bool) -> Callable[[Request], Outcome]:
    """Return a server that refuses what is invalid; unless `strict`, negative sizes are taken."""

    def respond(request: Request) -> Outcome:
        body = json.loads(request.body or b"{}")
        size = body.get("size", 0)
        errors = [name for name in ("title",) if not body.get(name)]
        errors += ["size"] if size > 100 or (strict and size < 0) else []
        return plain_answer({"errors": errors}, 422) if errors else plain_answer(body, 201)

    return respond


def test_a_list_of_errors_follows_from_what_one_side_accepts() -> None:
    size = {"type": "integer", "minimum": 0, "maximum": 100}
    members = {"title": {"type": "string", "minLength": 1}, "size": size}
    content = {"application/json": {"schema": {"type": "object", "properties": members}}}
    made = {"requestBody": {"content": content}, "responses": {"201": {"description": "made"}}}
    sender, _ = exchanger(
        parcels(strict=True), parcels(strict=False), paths={"/parcels": {"post": made}}
    )
    for title, wide in (("a", 1), ("a", -1), ("", -1), ("", 1)):
        sender.send(ask("POST", "/parcels", {"title": title, "size": wide}, actor=None))
    found = sender.ledger.findings
    parity = [one for one in found.all() if one.category == "parity"]
    Confirmer(sender, Budget(200, 10)).confirm([[one] for one in parity])
    (one,) = cluster(parity, found.tried)
    assert one.chosen.values == {"left": "422", "right": "201"}
    assert {each.where for each in one.findings} == {"status", "body /errors"}
