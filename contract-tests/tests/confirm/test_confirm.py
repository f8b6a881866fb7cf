"""Findings are confirmed by experiments: reproduced, shortened, compared with similar requests."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fixtures.notes_client import Client
from fixtures.observed import Observed, ask, get
from fixtures.scripted import Scripted, answer, exchanger

from lockstep.confirm import Confirmer, ShrinkSettings
from lockstep.confirm.budget import Budget
from lockstep.confirm.dependencies import needed, without
from lockstep.confirm.simpler import simpler
from lockstep.exchange.exchanger import Exchanger
from lockstep.explain.clusters import cluster
from lockstep.recordings.uniquify import unique_members
from lockstep.results.exchange import Exchange
from lockstep.results.findings import Finding
from lockstep.results.signatures import Signature
from lockstep.results.trace import KEPT_LATELY
from lockstep.run import Run
from lockstep.transport.messages import Request, Response, status_of
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]


@pytest.fixture
def client(run: Run, servers: Servers) -> Callable[..., Client]:
    return lambda *faults: Client(run, servers(*faults))


def labels(found: Finding) -> list[str]:
    return [exchange.label for exchange in found.sequence]


def test_unnecessary_steps_are_removed(
    client: Callable[..., Client],
) -> None:
    alice = client("elapsed")
    notes = [alice.send("POST", "/notes", {"text": text})["id"] for text in ("ONE", "TWO")]
    alice.send("GET", "/notes")
    for note in notes:
        tag = alice.exchanger.send(
            alice.actors.authorise(Request("GET", f"/notes/{note}"), alice.alice)
        ).leader
        assert isinstance(tag, Response)
        alice.send("PATCH", f"/notes/{note}", {"text": "NEW"}, If_Match=tag.header("etag") or "")
    alice.send("POST", f"/notes/{notes[1]}/close", {})
    found = alice.shrunk("body /seconds")
    assert labels(found) == ["registerUser", "logIn", "createNote", "closeNote"]
    assert found.reproduced is True


def test_the_last_request_is_simplified(client: Callable[..., Client]) -> None:
    alice = client("text")
    alice.send("POST", "/notes?why=not", {"text": "SOME WORDS HERE", "size": 77}, X_More="less")
    found = alice.shrunk("body /text")
    last = found.sequence[-1].request
    assert last.path == "/notes"
    assert last.body == b'{"text":"S"}'
    assert {name for name, _ in last.headers} == {"Authorization", "Content-Type"}
    assert found.values == {"left": '"S"', "right": '"s"'}


def test_requests_before_the_last_are_simplified_too(client: Callable[..., Client]) -> None:
    alice = client("lost_delete")
    note = alice.send("POST", "/notes?why=not", {"text": "SOME WORDS HERE", "size": 77})["id"]
    alice.send("DELETE", f"/notes/{note}")
    alice.exchanger.send(alice.actors.authorise(Request("GET", f"/notes/{note}"), alice.alice))
    found = alice.shrunk("status")
    assert labels(found) == ["registerUser", "logIn", "createNote", "deleteNote", "getNote"]
    assert found.sequence[2].request.path == "/notes"
    assert found.sequence[2].request.body == b'{"text":"a"}'


def test_a_value_that_causes_the_difference_is_kept(client: Callable[..., Client]) -> None:
    alice = client("crash")
    alice.send("POST", "/notes", {"text": "SOME WORDS", "size": 100})
    found = alice.shrunk("status")
    assert json.loads(found.sequence[-1].request.body or b"")["size"] == 100


def test_new_users_are_created_for_each_attempt(client: Callable[..., Client]) -> None:
    alice = client("leak")
    alice.send("POST", "/notes", {"text": "ONE"})
    found = alice.shrunk("body /owner")
    body = json.loads(found.sequence[0].request.body or b"")
    assert alice.actors.nonce not in body["name"]
    assert [exchange.leader for exchange in found.sequence if not exchange.parity] != []
    statuses = [exchange.outcomes["right"].status for exchange in found.sequence]  # type: ignore[union-attr]
    assert statuses == [201, 200, 201]
    # Nothing was refused on the way, as a taken name would have been.
    assert [exchange.number for exchange in found.sequence] == [1, 2, 3]


def test_a_finding_that_is_not_reproduced_keeps_its_steps(
    client: Callable[..., Client],
) -> None:
    alice = client("text")
    alice.send("POST", "/notes", {"text": "ONE"})
    finding = alice.exchanger.ledger.findings.all()[0]
    gone = replace(finding, signature=Signature("value", "note.size", "other"))
    alice.confirm(gone, ShrinkSettings())
    assert gone.reproduced is False
    assert gone.sequence == finding.sequence


@pytest.mark.parametrize("limits", [ShrinkSettings(requests=0), ShrinkSettings(seconds=0)])
def test_without_a_budget_nothing_is_sent(
    client: Callable[..., Client], limits: ShrinkSettings
) -> None:
    alice = client("text")
    alice.send("POST", "/notes", {"text": "ONE"})
    found = alice.shrunk("body /text", limits)
    assert found.reproduced is None
    assert len(found.sequence) == 3


def test_attempts_count_neither_in_coverage_nor_in_findings(client: Callable[..., Client]) -> None:
    alice = client("text", "leak")
    alice.send("POST", "/notes", {"text": "ONE"})
    ledger = alice.exchanger.ledger
    before = (
        ledger.exchanges,
        ledger.coverage.operations["createNote"].requests,
        len(ledger.findings),
    )
    alice.shrunk("body /text")
    after = (
        ledger.exchanges,
        ledger.coverage.operations["createNote"].requests,
        len(ledger.findings),
    )
    assert after == before


def note(alice: Client, **body: Any) -> str:
    made: str = alice.send("POST", "/notes", body)["id"]
    return made


def test_the_most_similar_request_without_the_difference_is_reported(
    client: Callable[..., Client],
) -> None:
    alice = client("crash")
    note(alice, text="PLAIN")
    alice.send("POST", "/notes", {"text": "SOME", "size": 100})
    found = alice.shrunk("status")
    assert found.neighbour is not None
    assert found.neighbour.changed == "without `size`"
    statuses = {status_of(o) for o in found.neighbour.sequence[-1].outcomes.values()}
    assert statuses == {201}


def test_a_finding_that_only_shows_after_a_write_names_the_write(
    client: Callable[..., Client],
) -> None:
    alice = client("lost_delete")
    gone = note(alice, text="ONE")
    alice.send("DELETE", f"/notes/{gone}")
    alice.exchanger.send(alice.actors.authorise(Request("GET", f"/notes/{gone}"), alice.alice))
    found = alice.shrunk("status")
    assert found.effect_of == "deleteNote"


def test_verified_evidence_is_not_replaced_by_later_steps(
    client: Callable[..., Client],
) -> None:
    alice = client("text")
    alice.send("POST", "/notes", {"text": "ONE", "size": 1})
    found = alice.shrunk("body /text")
    verified = list(found.sequence)
    alice.send("POST", "/notes", {"text": "TWO"})
    assert found.sequence == verified
    assert found.reproduced is True


def test_what_a_path_turned_out_to_take_is_known_when_it_is_shown_again() -> None:
    def broken(request: Request) -> Response:
        return answer({"title": "some"}, 500 if request.path == "/tasks/70001" else 200)

    targets = [Scripted("left", lambda _request: answer({"title": "some"}))]
    exchanger = Exchanger(Observed().log, [*targets, Scripted("right", broken)])
    for name in ("7", "8", "90000"):
        exchanger.send(get(f"/tasks/{name}"))
    for _ in range(KEPT_LATELY):
        exchanger.send(get("/tags"))
    exchanger.send(get("/tasks/70001"))
    (found,) = (one for one in exchanger.ledger.findings.all() if one.kind == "status")
    Confirmer(exchanger, Budget(20, 5)).confirm([[found]])
    assert found.reproduced is True


def keeping(title: str) -> Callable[[Request], Response]:
    """Store what clients put, and answer 200; tasks that are read have this title."""
    stored = set()

    def answers(request: Request) -> Response:
        if request.method == "PUT":
            stored.add(request.path)
            return answer({}, 200)
        return answer({"title": title}) if request.path in stored else answer({}, 404)

    return answers


def test_what_a_client_has_named_is_made_in_the_steps_whatever_the_status() -> None:
    targets = [Scripted("left", keeping("One")), Scripted("right", keeping("one"))]
    exchanger = Exchanger(Observed().log, targets)
    exchanger.send(ask("PUT", "/tasks/lockstep-17", {"title": "x"}))
    exchanger.send(get("/tasks/lockstep-17"))
    (found,) = (one for one in exchanger.ledger.findings.all() if one.where == "body /title")
    Confirmer(exchanger, Budget(99, 5)).confirm([[found]])
    assert found.reproduced is True
    assert [each.request.method for each in found.sequence] == ["PUT", "GET"]


def flipping(*statuses: int) -> Callable[[Request], Response]:
    """Answer each request for a task with the next of the status codes, again and again."""
    codes = itertools.cycle(statuses)
    return lambda _request: answer({"title": "some"}, next(codes))


@pytest.mark.parametrize(("right", "kept"), [((404, 404, 200), 0), ((200,), 1)])
def test_statuses_that_all_targets_change_by_chance_are_no_finding(
    right: tuple[int, ...], kept: int
) -> None:
    targets = [
        Scripted("left", flipping(200, 404, 404)),
        Scripted("right", flipping(*right)),
    ]
    exchanger = Exchanger(Observed().log, targets)
    for _ in range(12):
        exchanger.send(get("/tasks/7"))
    findings = exchanger.ledger.findings
    every = [one for one in findings.all() if one.kind == "status"]
    Confirmer(exchanger, Budget(99, 5)).confirm([[one] for one in every])
    assert len([one for one in findings.all() if one.kind == "status"]) == kept
    assert len(every) >= 1


def test_failures_that_all_targets_have_at_times_are_no_finding() -> None:
    """They differ in one direction: the right target fails with the left one, and alone."""
    targets = [
        Scripted("left", flipping(503, 200, 200)),
        Scripted("right", flipping(503, 200, 503)),
    ]
    exchanger = Exchanger(Observed().log, targets)
    for _ in range(12):
        exchanger.send(get("/tasks/7"))
    findings = exchanger.ledger.findings
    every = [one for one in findings.all() if one.kind == "status"]
    assert {tuple(one.values.values()) for one in every} == {("200", "503")}
    Confirmer(exchanger, Budget(99, 5)).confirm([[one] for one in every])
    assert not [one for one in findings.all() if one.kind == "status"]


def exchange(number: int, path: str, body: Any = None, answer: Any = None) -> Exchange:
    sent = json.dumps(body).encode() if body is not None else None
    shown = Response(200, (), json.dumps(answer).encode())
    request = Request("POST" if body else "GET", path, (), sent)
    return Exchange(number, request, path, {"a": request}, {"a": shown}, {"a": "http://a"})


def test_short_ids_are_followed_too() -> None:
    sequence = (
        exchange(1, "/users", {"name": "ann"}, {"id": 1, "name": "ann"}),
        exchange(2, "/tasks", {"owner": 1}, {"id": 7, "owner": 1}),
        exchange(3, "/tasks", {"owner": 1}, {"id": 8, "owner": 1}),
        exchange(4, "/tasks/7", None, {}),
    )
    assert [each.number for each in needed(sequence)] == [1, 2, 4]
    assert without(sequence, 0, 1) is None
    kept = without(sequence, 2, 3)
    assert kept is not None
    assert [each.number for each in kept] == [1, 2, 4]


def test_a_body_that_is_nested_too_deeply_has_no_identifiers() -> None:
    deep = replace(exchange(1, "/users"), request=Request("POST", "/users", (), b"[" * 9_999))
    assert needed((deep, exchange(2, "/tasks/7"))) == (exchange(2, "/tasks/7"),)
    assert list(unique_members(deep.request)) == []


@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        ("/x?a=1&b=2", None, ("/x?b=2", None)),
        ("/x", b'{"a": 1.50, "b": [1, 2, 3]}', ("/x", b'{"a":1.50,"b":[1]}')),
        ("/x", b'{"a": {"b": "hello"}}', ("/x", b'{"a":{"b":"he"}}')),
        ("/x", b"\xff\xfe", ("/x", None)),
        ("/x", b"[" * 9_999, ("/x", None)),
        ("/x", b'{"a": 9007199254740993}', ("/x", b'{"a":0}')),
    ],
)
def test_requests_become_simpler_in_steps(path: str, body: bytes | None, wanted: object) -> None:
    seen = set()
    pending = [Request("POST", path, (), body)]
    while pending:
        for request in simpler(pending.pop()):
            if request not in seen:
                seen.add(request)
                pending.append(request)
        assert len(seen) < 500
    assert wanted in {(request.path, request.body) for request in seen}


class Fans:
    """Users, and how many others like them: the same one is counted again if `counts_twice`."""

    def __init__(self, *, counts_twice: bool) -> None:
        self._counts_twice = counts_twice
        self._liked: list[int] = []

    def __call__(self, request: Request) -> Response:
        _, _, name, *rest = (*request.path.split("/"), "")
        if not name:
            self._liked.append(0)
            return answer({"id": len(self._liked) + 499}, 201)
        at = int(name) - 500
        if request.method == "POST":
            self._liked[at] += 1 if self._counts_twice or not self._liked[at] else 0
            return answer({"likes": self._liked[at]})
        return answer({"fans" if rest[:1] == ["stats"] else "followers": self._liked[at]})


def test_reads_after_the_same_repeated_write_are_one_finding() -> None:
    named = [{"name": "user_id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    ok = {"responses": {"200": {"description": "ok"}}, "parameters": named}
    paths: dict[str, Any] = {
        "/users": {"post": {"responses": {"201": {"description": "made"}}}},
        "/users/{user_id}/like": {"post": ok},
        "/users/{user_id}/stats": {"get": ok},
        "/users/{user_id}/page": {"get": ok},
    }
    sender, _ = exchanger(Fans(counts_twice=False), Fans(counts_twice=True), paths=paths)
    steps = [("POST", ""), ("POST", "/500/like"), ("POST", "/500/like")]
    for method, path in (*steps, ("GET", "/500/stats"), ("GET", "/500/page")):
        sender.send(Request(method, f"/users{path}"))
    found = sender.ledger.findings
    parity = [one for one in found.all() if one.category == "parity"]
    reads = [one for one in parity if one.sequence[-1].request.method == "GET"]
    assert len(reads) == 2
    Confirmer(sender, Budget(200, 10)).confirm([[one] for one in reads])
    (one,) = cluster(reads, found.tried)
    assert one.chosen.effect_of == "POST /users/{user_id}/like"


def test_differences_are_shortened_before_broken_rules() -> None:
    ok = {"get": {"responses": {"200": {"description": "ok"}}}}

    def respond(size: int) -> Callable[[Request], Response]:
        return lambda request: answer({}, 418) if request.path == "/rule" else answer({"n": size})

    sender, _ = exchanger(respond(1), respond(2), paths={"/rule": ok, "/size": ok})
    for path in ("/rule", "/size"):
        sender.send(Request("GET", path))
    found = sorted(sender.ledger.findings.all(), key=lambda one: one.kind != "undocumented_status")
    steps: list[str] = []
    confirmer = Confirmer(sender, Budget(200, 10), progress=lambda step, *_: steps.append(step))
    confirmer.confirm([[one] for one in found])
    shortened = [step for step in steps if step.startswith("shortening")]
    assert shortened[0] == "shortening: GET /size"
    assert "shortening: GET /rule" in shortened
