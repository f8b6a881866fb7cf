"""A replayed log-in gives its user new credentials."""

from __future__ import annotations

import random
from pathlib import Path

from fixtures.doors import api, body_of, by_cookie, by_header, doors
from fixtures.scripted import answer

from lockstep.auth.actors import ActorBook
from lockstep.auth.entry import follow
from lockstep.auth.probe import find_users
from lockstep.transport.messages import Outcome, Request, status_of


def test_log_in_response_replaces_the_credentials(tmp_path: Path) -> None:
    sender, _ = doors(tmp_path, api(), by_header())
    specs = find_users(sender, "0a0b0c0d").specs
    users = ActorBook(sender, specs, random.Random(0), "1a0b0c0d")
    alice = users.get("alice")
    known = sender.identities.pop(alice.label)
    account = b'{"username": "alice1a0b0c0d0001", "password": "Correct-Horse-7"}'
    log_in = Request("POST", "/login", (("Content-Type", "application/json"),), account)
    follow(sender, sender.send(log_in, group=alice.label), known)
    again = sender.identities[alice.label]
    assert set(again.tokens.values()).isdisjoint(known.tokens.values())
    exchange = sender.send(users.authorise(Request("GET", "/me"), alice))
    assert set(map(status_of, exchange.outcomes.values())) == {200}


def test_cookies_of_registration_and_log_in_are_kept(tmp_path: Path) -> None:
    def rules(door: object, request: Request) -> Outcome | None:
        name = getattr(door, "name", "")
        if request.method == "GET":
            return None
        cookie = "place=north" if request.path == "/users" else f"sid={name}-session"
        body_of(request)
        return answer({}, headers={"Set-Cookie": cookie})

    document = api({"type": "apiKey", "in": "cookie", "name": "sid"})
    sender, two = doors(tmp_path, document, by_cookie("sid"), rules)
    for door in two:
        door.tokens[f"{door.name}-session"] = "alice"
    specs = find_users(sender, "0a0b0c0d").specs
    users = ActorBook(sender, specs, random.Random(0), "1a0b0c0d")
    alice = users.get("alice")
    known = sender.identities.pop(alice.label)
    for path in ("/users", "/login"):
        follow(sender, sender.send(Request("POST", path, body=b"{}"), group=alice.label), known)
    jars = sender.identities[alice.label].jars
    assert [jar.cookies for jar in jars.values()] == [
        {"place": "north", "sid": "old-session"},
        {"place": "north", "sid": "new-session"},
    ]
