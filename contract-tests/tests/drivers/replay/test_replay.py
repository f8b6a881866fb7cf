"""Recordings are replayed with live ids, credentials and unique names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lockstep.drivers.replay.driver import ReplaySettings
from lockstep.exchange.exchanger import Exchanger
from lockstep.recordings import Recording, Step
from lockstep.results.exchange import Exchange
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]
JSON = ("Content-Type", "application/json")
ACCOUNT = {"name": "alice", "password": "secret"}


class Browser:
    """Records the requests to a server that is stopped before the replay."""

    def __init__(self, target: Target, settings: Settings) -> None:
        self.exchanger = Exchanger(Run(settings).ledger, [target])
        self.token = ""
        self.steps: list[Step] = []

    def send(self, method: str, path: str, body: Any = None) -> Any:
        headers = [JSON]
        if self.token:
            headers.append(("Authorization", f"Bearer {self.token}"))
        data = json.dumps(body).encode() if body is not None else None
        exchange = self.exchanger.send(Request(method, path, tuple(headers), data))
        self.steps.append(Step.of(exchange))
        assert isinstance(exchange.leader, Response)
        return json.loads(exchange.leader.body or b"null")


@pytest.fixture
def browser(settings: Settings, servers: Servers) -> Browser:
    return Browser(servers()[0], settings)


@pytest.fixture
def session(browser: Browser) -> list[Step]:
    """The life cycle of a note, starting with the registration of its owner."""
    browser.send("POST", "/users", ACCOUNT)
    browser.token = browser.send("POST", "/sessions", ACCOUNT)["access_token"]
    note = browser.send("POST", "/notes", {"text": "ONE"})
    browser.send("GET", f"/notes/{note['id']}")
    browser.send("GET", "/notes?limit=5")
    browser.send("POST", f"/notes/{note['id']}/close")
    browser.send("DELETE", f"/notes/{note['id']}")
    return browser.steps


def play(run: Run, steps: list[Step], targets: list[Target], **settings: Any) -> None:
    run.replay(Recording("steps", tuple(steps)), targets, ReplaySettings(**settings))


def statuses(run: Run, operation: str, target: str = "right") -> dict[int, int]:
    return dict(run.ledger.coverage.operations[operation].statuses[target])


def found(run: Run) -> set[tuple[str, str, str]]:
    return {(each.operation, each.kind, each.where) for each in run.ledger.findings.all()}


def test_a_session_is_replayed_on_servers_with_other_ids(
    run: Run, session: list[Step], servers: Servers
) -> None:
    play(run, session, servers())
    assert found(run) == set()
    assert statuses(run, "getNote") == {200: 1}
    assert statuses(run, "deleteNote") == {204: 1}
    assert run.not_judged == []


def test_a_replay_finds_what_differs(run: Run, session: list[Step], servers: Servers) -> None:
    play(run, session, servers("number", "lost_delete"))
    assert ("closeNote", "elapsed", "body /seconds") not in found(run)
    play(run, [*session, session[3]], servers("lost_delete"))
    assert ("getNote", "status", "status") in found(run)


def test_the_credentials_of_a_client_are_not_taken_for_bad_ones(
    run: Run, session: list[Step], servers: Servers
) -> None:
    heard: list[Exchange] = []
    run.ledger.listeners.append(heard.append)
    play(run, session[:4], servers())
    assert {each.conditions for each in heard if each.label == "getNote"} == {()}
    assert run.ledger.coverage.inputs["getNote"].unseen("credentials") == ["without credentials"]


def test_names_that_are_taken_at_the_second_replay_are_replaced(
    run: Run, session: list[Step], servers: Servers
) -> None:
    targets = servers()
    play(run, session, targets)
    play(run, session, targets)
    assert found(run) == set()
    assert statuses(run, "registerUser") == {201: 2, 409: 1}
    assert statuses(run, "deleteNote") == {204: 2}


def test_configured_texts_are_replaced_in_each_replay(
    run: Run, session: list[Step], servers: Servers
) -> None:
    targets = servers()
    play(run, session, targets)
    play(run, session, targets, fresh=("alice",))
    assert statuses(run, "registerUser") == {201: 2}


def test_the_recording_can_be_compared_as_another_target(
    run: Run, session: list[Step], servers: Servers
) -> None:
    play(run, session, servers(), against_recording=True)
    assert found(run) == set()
    assert statuses(run, "getNote", "recorded") == {200: 1}
    assert run.ledger.requests == 2 * len(session)


def test_a_response_that_differs_from_the_recorded_one_is_found(
    run: Run, session: list[Step], servers: Servers
) -> None:
    (_, changed) = servers("text", "header")
    play(run, session, [changed], against_recording=True)
    parity = [each for each in run.ledger.findings.all() if each.category == "parity"]
    assert {each.targets for each in parity} == {("recorded", "right")}
    assert ("createNote", "value", "body /text") in found(run)
    assert ("createNote", "header", "header location") in found(run)


def test_configured_users_replace_those_who_logged_in_before_the_recording(
    run: Run, session: list[Step], servers: Servers
) -> None:
    play(run, session[2:], servers())
    assert found(run) == set()
    assert statuses(run, "deleteNote") == {204: 1}
    assert run.not_judged == ["users whose login was not recorded: 1"]


def test_a_configured_header_replaces_the_recorded_one(
    settings: Settings, session: list[Step], servers: Servers
) -> None:
    run = Run(replace(settings, actors=()))
    targets = servers()
    for target in targets:
        target.headers = (("authorization", "Basic x"),)
    play(run, session, targets)
    assert statuses(run, "createNote") == {401: 1}


def test_what_could_not_be_replayed_is_reported(
    settings: Settings, session: list[Step], servers: Servers
) -> None:
    run = Run(replace(settings, actors=()))
    lost = replace(session[2], request=replace(session[2].request, body=b"{}"))
    play(run, [*session[:2], lost, session[3]], servers())
    assert run.not_judged == [
        "1 request names resources that the recorded server had created but this replay did not",
        "2 of 4 requests got their recorded status",
    ]


def test_ids_of_a_log_are_replaced_by_listed_ones(run: Run, servers: Servers) -> None:
    ids = ["00000000-0000-4000-8000-00000000000" + digit for digit in "123"]
    answer = Response(200)
    log = [Step(Request("GET", f"/notes/{name}"), answer, partial=True) for name in (*ids, ids[0])]
    targets = servers()
    exchanger = Exchanger(run.ledger, targets)
    owner = run.actors(exchanger).get("alice")
    for text in ("ONE", "TWO"):
        body = json.dumps({"text": text}).encode()
        headers = (JSON, ("Authorization", f"Bearer {owner.token}"))
        exchanger.send(Request("POST", "/notes", headers, body))
    recording = Recording("log", tuple(log), has_bodies=False)
    targets[0].headers = (("Authorization", f"Bearer {owner.token}"),)
    run.replay(recording, targets[:1], ReplaySettings())
    assert run.not_judged == [
        "2 of 3 ids that the targets do not know were replaced",
        "3 of 4 requests got their recorded status",
    ]
    assert statuses(run, "getNote", "left")[200] == 3
