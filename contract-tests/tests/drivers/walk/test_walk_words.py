"""A walk reads what members take from refusals and descriptions, and who may act on one's own."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from fixtures.doors import OK, Door, api, by_header, doors, sends, texts
from fixtures.scripted import answer, plain_document

from lockstep.auth.actors import ActorBook
from lockstep.auth.probe import find_users
from lockstep.drivers.walk.driver import walk
from lockstep.drivers.walk.items import seen
from lockstep.drivers.walk.refusals import blamed, choices
from lockstep.openapi.document import Document
from lockstep.transport.messages import Outcome, Request

DOCUMENT = Document(plain_document())


@pytest.mark.parametrize(
    ("description", "error", "expected"),
    [
        ("spam, abuse or other", {"errors": {"reason": ["no"]}}, ["spam", "abuse", "other"]),
        ("`spam` or `abuse`", "reason is wrong", ["spam", "abuse"]),
        ("why", {"errors": {"reason": ["must be one of spam, abuse"]}}, ["spam", "abuse"]),
        ("why", {"detail": "reason must be one of: 'a', 'b' or 'c'"}, ["a", "b", "c"]),
        ("why", {"errors": {"place": ["must be one of spam, abuse"]}}, []),
        ("Up to 100 characters.", {"errors": {"reason": ["is too short"]}}, []),
    ],
)
def test_choices_are_read_from_words(description: str, error: Any, expected: list[str]) -> None:
    schema = {"properties": {"reason": {"type": "string", "description": description}}}
    assert choices(DOCUMENT, schema, "reason", answer(error, 422)) == expected


def test_only_free_texts_that_a_refusal_names_are_blamed() -> None:
    text = {"type": "string"}
    schema = {"properties": {"to": text, "body": text, "kind": {**text, "enum": ["a"]}, "n": {}}}
    value = {"to": "x", "body": "x", "kind": "a", "n": 1}
    refusal = answer({"errors": {"to": ["unknown"], "kind": ["no"], "n": ["no"]}}, 422)
    assert list(blamed(DOCUMENT, schema, value, refusal)) == ["to"]


def test_what_was_searched_for_is_no_item() -> None:
    found = answer({"query": "pear", "total": 1, "shops": [{"title": "pear tree"}]})
    titles = [item.shown for item in seen("search", found, "alice", {}, asked=["pear"])]
    assert titles == [{"title": "pear tree"}]
    # A filter by a name of the whole shows the whole.
    shop = answer({"name": "pear", "rooms": [{"title": "cellar"}]})
    assert len(list(seen("shop", shop, "alice", {}, asked=["pear"]))) == 2


TIP = {"name": "tip_id", "in": "path", "required": True, "schema": {"type": "integer"}}
MOOD = {"type": "string", "description": "happy, sad or mixed"}
NOTE = texts("to", "mood") | {"properties": {"to": {"type": "string"}, "mood": MOOD}}
MADE = {"responses": {"201": {"description": "made"}}, "security": [{"key": []}]}
PATHS: dict[str, Any] = {
    "/tips": {"get": {"responses": OK}, "post": {**sends(texts("text")), **MADE}},
    "/tips/{tip_id}/thanks": {"post": {"parameters": [TIP], **MADE}},
    "/notes": {"post": {**sends(NOTE), **MADE}},
}


def of_tips(door: Door, request: Request) -> Outcome | None:
    """Nobody thanks themselves, and notes are for other users."""
    if not request.path.startswith(("/tips", "/notes")):
        return None
    user = door.tokens.get(door.reads(request) or "")
    if user is None:
        return answer({"error": "who?"}, 401)
    if request.method == "GET":
        return answer({"tips": []})
    body = json.loads(request.body or b"{}")
    if request.path == "/tips":
        return answer({"id": len(user)}, 201)
    if request.path == "/notes":
        known = isinstance(body.get("to"), str) and body["to"] in set(door.users) - {user}
        errors = {} if known else {"to": ["does not exist"]}
        errors |= {} if body.get("mood") in ("happy", "sad", "mixed") else {"mood": ["is wrong"]}
        return answer({"errors": errors}, 422) if errors else answer({"id": 1}, 201)
    mine = request.path.split("/")[2] == str(len(user))
    return answer({"error": "your own"}, 403) if mine else answer({"thanks": 1}, 201)


def test_a_walk_writes_to_others_and_lets_them_act_on_what_is_ones_own(tmp_path: Path) -> None:
    sender, _ = doors(tmp_path, api(paths=PATHS), by_header(), of_tips)
    specs = find_users(sender, "0a0b0c0d").specs
    book = ActorBook(sender, specs, random.Random(0), "1a0b0c0d")
    walk(sender, book, lambda *_: None)
    statuses = {
        name: set(record.statuses["new"])
        for name, record in sender.ledger.coverage.operations.items()
    }
    assert 201 in statuses["POST /notes"]
    assert {201, 403} <= statuses["POST /tips/{tip_id}/thanks"]
    assert book.entitled == {"POST /tips/{tip_id}/thanks": "bob"}
