"""Beside what differs stand the nearest steps that do not: the one thing put right is to blame."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fixtures.notes_client import Client

from lockstep.exchange.exchanger import Exchanger
from lockstep.results.conditions import Condition, kinds_of
from lockstep.results.findings import Finding
from lockstep.run import Run
from lockstep.transport.messages import Response, status_of
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]
Clients = Callable[..., Client]


@pytest.fixture
def client(run: Run, servers: Servers) -> Clients:
    """A client of a sound server and one with faults; it has done everything once."""

    def start(*faults: str) -> Client:
        alice = Client(run, servers(*faults))
        number = note(alice)
        alice.send("PATCH", f"/notes/{number}", {"text": "other"}, If_Match=tag(alice, number))
        return alice

    return start


def note(alice: Client, **body: Any) -> str:
    """The id of a new note."""
    made: str = alice.send("POST", "/notes", {"text": "plain"} | body)["id"]
    return made


def tag(alice: Client, number: str) -> str:
    """The entity tag of a note."""
    answer = alice.ask("GET", f"/notes/{number}").leader
    assert isinstance(answer, Response)
    return answer.header("etag") or ""


def beside(found: Finding) -> tuple[str, set[int | None]]:
    """What was put right, and the statuses that all targets then answer."""
    assert found.reproduced is True
    assert found.neighbour is not None
    last = found.neighbour.sequence[-1]
    assert last.differences == {"right": []}
    return found.neighbour.changed, {status_of(outcome) for outcome in last.outcomes.values()}


def shown(found: Finding) -> list[str]:
    """What the targets answered."""
    return [found.values["left"], found.values["right"]]


def test_of_an_unknown_thing_with_an_invalid_body_both_are_to_blame(client: Clients) -> None:
    alice = client("body_first")
    alice.ask("PATCH", f"/notes/{uuid.uuid4()}", {"size": 1}, If_Match='"' + "0" * 32 + '"')
    found = alice.shrunk("status")
    assert shown(found) == ["404", "400"]
    assert beside(found) == ("with a valid `text`", {404})
    assert kinds_of(found.conditions) == {"missing", "unknown thing"}


def test_a_missing_member_is_put_in(client: Clients) -> None:
    alice = client("unprocessable")
    alice.send("POST", "/notes", {"size": 1})
    found = alice.shrunk("status")
    assert shown(found) == ["400", "422"]
    assert beside(found) == ("with a valid `text`", {201})
    assert found.conditions == (Condition("missing", "text", "required"),)


def test_what_is_put_right_and_makes_no_difference_is_not_to_blame(client: Clients) -> None:
    alice = client("unprocessable")
    alice.send("POST", "/notes", {"size": -1, "colour": "red"})
    found = alice.shrunk("status")
    assert beside(found)[0] == "with a valid `text`"
    assert found.conditions == (Condition("missing", "text", "required"),)


def test_who_sends_no_credentials_sends_them(client: Clients) -> None:
    alice = client("forbids")
    alice.ask("GET", f"/notes/{note(alice)}", signed=False)
    found = alice.shrunk("status")
    assert shown(found) == ["401", "403"]
    assert beside(found) == ("with credentials", {200})
    assert found.conditions == (Condition("no credentials"),)


def test_what_is_done_twice_is_done_once(client: Clients) -> None:
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


def test_a_parameter_of_a_list_is_left_out(client: Clients) -> None:
    alice = client("limit")
    note(alice)
    alice.send("GET", "/notes?limit=1")
    found = alice.shrunk("body /data")
    assert beside(found) == ("without `limit`", {200})
    assert found.conditions == (Condition("parameter", "limit"),)


def test_what_differs_whatever_is_asked_has_no_neighbour(client: Clients) -> None:
    alice = client("leak")
    found = next(one for one in alice.confirm_all() if one.reproduced)
    assert (found.neighbour, found.conditions) == (None, ())


def test_one_of_many_places_is_shown_again_for_all(client: Clients) -> None:
    alice = client("leak")
    alice.send("POST", f"/notes/{note(alice)}/close")
    found = alice.confirm_all()
    assert len(found) == 4
    assert [one.reproduced for one in found].count(True) == 1
    (told,) = [one for one in alice.run.finish().findings if one.category == "parity"]
    assert told.reproduced is True
    assert {place.operation for place in told.places} == {
        *("createNote", "updateNote", "getNote", "closeNote"),
    }


def test_what_was_shown_again_once_is_not_asked_again(client: Clients, servers: Servers) -> None:
    alice = client("text")
    note(alice, text="LOUD")
    (verified,) = (one for one in alice.confirm_all() if one.reproduced)
    steps = list(verified.sequence)
    alice.send("GET", f"/notes/{note(alice, text='AGAIN')}")
    # On servers that are sound by now nothing would show.
    mended = Exchanger(alice.run.ledger, servers())
    alice.run.confirm(mended)
    assert verified.reproduced is True
    assert verified.sequence == steps
    (told,) = [one for one in alice.run.finish().findings if one.category == "parity"]
    assert told is verified


def test_what_cannot_be_shown_again_is_seen_once_and_decides_nothing(
    client: Clients, servers: Servers
) -> None:
    alice = client("text")
    note(alice, text="LOUD")
    (found,) = (one for one in alice.run.ledger.findings.all() if one.category == "parity")
    steps = list(found.sequence)
    alice.run.confirm(Exchanger(alice.run.ledger, servers()))
    verdict = alice.run.finish()
    assert (verdict.parity, verdict.exit_code, verdict.findings) == ("alike", 0, [])
    assert verdict.seen_once == [found]
    assert found.sequence == steps


def test_what_only_follows_from_a_one_sided_write_is_excused_and_counted(client: Clients) -> None:
    alice = client("latin")
    number = note(alice)
    alice.send("PATCH", f"/notes/{number}", {"text": "naïve"}, If_Match=tag(alice, number))
    alice.send("GET", "/notes")
    before = {(one.operation, one.kind) for one in alice.run.ledger.findings.all()}
    assert ("listNotes", "value") in before
    left = {(one.operation, one.kind) for one in alice.confirm_all()}
    assert left == {("updateNote", "status")}
    excused = alice.run.finish().excused
    assert excused["a write that succeeded on one side only"] == 1


def test_what_shows_without_the_one_sided_write_too_stays(client: Clients) -> None:
    alice = client("latin", "number")
    number = note(alice, size=7)
    alice.send("PATCH", f"/notes/{number}", {"text": "naïve"}, If_Match=tag(alice, number))
    alice.send("GET", "/notes")
    kept = {one.where for one in alice.confirm_all() if one.reproduced}
    assert kept == {"status", "body /size"}
