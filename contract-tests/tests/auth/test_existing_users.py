"""Accounts and keys that a document tells of are used where its users cannot register."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from fixtures.doors import BEARER_SCHEME, OK, Door, api, by_header, doors, sends, texts
from fixtures.scripted import answer

from lockstep.auth.actors import ActorBook
from lockstep.auth.examples import described_keys
from lockstep.auth.probe import Admission, find_users
from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.driver import walk
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.transport.credentials import Credential
from lockstep.transport.messages import Outcome, Request, status_of

NONCE = "0a0b0c0d"
KEY = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
FORM = Credential("header", "X-Api-Key", "{token}")
# Nobody can register or log in.
CLOSED: dict[str, Any] = {"/users": None, "/login": None}


def log_in(*accounts: tuple[str, str], password: str = "password") -> dict[str, Any]:
    """A log-in with accounts in its examples, and no registration."""
    operation = sends(texts("username", password))
    media = operation["requestBody"]["content"]["application/json"]
    media["examples"] = {
        name: {"value": {"username": name, password: secret}} for name, secret in accounts
    }
    return {"/users": None, "/login": {"post": operation}}


def with_accounts(*accounts: tuple[str, str]) -> Any:
    """The rule of servers with these accounts, which none of their users can change."""

    def rule(door: Door, _request: Request) -> Outcome | None:
        door.users.update(accounts)
        return None

    return rule


def with_key(door: Door, _request: Request) -> Outcome | None:
    """The rule of servers that accept one key."""
    door.tokens["special-key"] = "a visitor"
    return None


def by_key(request: Request) -> str | None:
    return request.header("X-Api-Key")


def names(found: Admission) -> list[str]:
    return [spec.name for spec in found.specs]


@pytest.mark.parametrize(
    "text",
    ["For tests it is `special-key`.", 'Send "special-key" in `X-Api-Key`.', "e.g. 'special-key'"],
)
def test_key_in_the_description_of_its_scheme_is_used(tmp_path: Path, text: str) -> None:
    sender, _ = doors(tmp_path, api({**KEY, "description": text}, CLOSED), by_key, with_key)
    found = find_users(sender, NONCE)
    assert [(spec.name, spec.tokens) for spec in found.specs] == [("key", {"*": "special-key"})]
    assert found.notes == ["users: keys from the document's texts, sent as `X-Api-Key: …`"]
    assert found.guarded_works
    users = ActorBook(sender, found.specs, random.Random(0), NONCE)
    exchange = sender.send(users.authorise(Request("GET", "/me"), users.get("key")))
    assert set(map(status_of, exchange.outcomes.values())) == {200}


def test_key_in_the_description_of_the_document_is_used(tmp_path: Path) -> None:
    document = api(KEY, CLOSED)
    document["info"]["description"] = "Sells `puppies-1`. For tests use the api key `special-key`."
    sender, _ = doors(tmp_path, document, by_key, with_key)
    assert list(described_keys(sender.ledger.document)) == [("key", FORM, "special-key")]
    assert names(find_users(sender, NONCE)) == ["key"]


@pytest.mark.parametrize(
    "text", ["Send it in `X-Api-Key`, as `YOUR_API_KEY`.", "`<key>`", "`xxxxxxxx`"]
)
def test_names_and_placeholders_are_no_keys(text: str) -> None:
    document = Document(api({**KEY, "description": text}, CLOSED))
    assert list(described_keys(document)) == []


def test_literal_that_a_target_refuses_is_no_key(tmp_path: Path) -> None:
    def rule(door: Door, request: Request) -> Outcome | None:
        return with_key(door, request) if door.name == "old" else None

    scheme = {**KEY, "description": "For tests it is `special-key`."}
    sender, _ = doors(tmp_path, api(scheme, CLOSED), by_key, rule)
    assert find_users(sender, NONCE).specs == ()


def test_account_of_an_example_logs_in_where_nobody_can_register(tmp_path: Path) -> None:
    account = ("root", "Root-Horse-7")
    sender, _ = doors(tmp_path, api(paths=log_in(account)), by_header(), with_accounts(account))
    found = find_users(sender, NONCE)
    # A second name would be taken for another user of this account's things.
    assert [spec.login.json for spec in found.specs if spec.login is not None] == [
        {"username": "root", "password": "Root-Horse-7"}
    ]
    assert found.guarded_works


def test_second_account_of_the_examples_is_the_other_user(tmp_path: Path) -> None:
    accounts = ("ann", "Horse-7-a"), ("carl", "Horse-7-b"), ("dora", "Horse-7-c")
    sender, _ = doors(tmp_path, api(paths=log_in(*accounts)), by_header(), with_accounts(*accounts))
    found = find_users(sender, NONCE)
    assert names(found) == ["alice", "carl", "dora"]
    assert [spec.is_extra for spec in found.specs] == [False, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "Demo users are `ann` and `carl`. The password of both is `Horse-7`.",
        "Log in as `ann` with password `Horse-7`, or as `carl` with password `Horse-7`.",
        "| user / password |\n|---|\n| `ann` / `Horse-7` |\n| `carl` / `Horse-7` |",
    ],
)
def test_accounts_in_the_text_of_the_document_are_used(tmp_path: Path, text: str) -> None:
    accounts = ("ann", "Horse-7"), ("carl", "Horse-7")
    document = api(paths={"/users": None})
    document["info"]["description"] = f"Sells `pups` / `cats`.\n\n{text}"
    sender, _ = doors(tmp_path, document, by_header(), with_accounts(*accounts))
    found = find_users(sender, NONCE)
    sent = [spec.login.json for spec in found.specs if spec.login is not None]
    assert [(each["username"], each["password"]) for each in sent] == [*accounts]
    assert found.guarded_works


def test_text_about_passwords_names_no_account(tmp_path: Path) -> None:
    document = api(paths={"/users": None})
    document["info"]["description"] = "A password has eight characters or more; send it as JSON."
    sender, _ = doors(tmp_path, document, by_header(), with_accounts(("ann", "Horse-7")))
    assert find_users(sender, NONCE).specs == ()


def test_pin_is_a_password(tmp_path: Path) -> None:
    account, paths = ("ann", "4711"), log_in(("ann", "4711"), password="pin")

    def rule(door: Door, request: Request) -> Outcome | None:
        if request.path != "/login":
            return None
        return answer({"token": door.give("ann")}) if b"4711" in (request.body or b"") else None

    sender, _ = doors(tmp_path, api(paths=paths), by_header(), rule)
    found = find_users(sender, NONCE)
    assert [spec.login.json for spec in found.specs if spec.login] == [
        {"username": account[0], "pin": account[1]}
    ]


def of_two_kinds(folder: Path, paths: dict[str, Any]) -> Exchanger:
    """Servers with users that log in, and an operation `/keys` for the holder of a key alone."""
    document = api(paths={**paths, "/keys": {"get": {"responses": OK, "security": [{"desk": []}]}}})
    scheme = {**KEY, "description": "At the desk: `special-key`."}
    document["components"]["securitySchemes"] = {"key": BEARER_SCHEME, "desk": scheme}

    def rule(door: Door, request: Request) -> Outcome | None:
        door.users["root"] = "Root-Horse-7"
        if request.path != "/keys":
            return None
        return answer({"keys": []}, 200 if by_key(request) == "special-key" else 401)

    sender, _ = doors(folder, document, by_header(), rule)
    return sender


@pytest.mark.parametrize(
    ("paths", "users", "entitled"),
    [
        ({}, ["alice", "bob", "desk"], {"GET /keys": "desk"}),
        (log_in(("root", "Root-Horse-7")), ["alice", "desk"], {"GET /keys": "desk"}),
    ],
    ids=["registered", "existing"],
)
def test_operation_is_sent_by_the_user_whose_credentials_it_takes(
    tmp_path: Path, paths: dict[str, Any], users: list[str], entitled: dict[str, str]
) -> None:
    sender = of_two_kinds(tmp_path, paths)
    found = find_users(sender, NONCE)
    assert names(found) == users
    book = ActorBook(sender, found.specs, random.Random(0), NONCE)
    walk(sender, book, lambda *_: None)
    assert book.entitled == entitled
    assert 200 in sender.ledger.coverage.operations["GET /keys"].statuses["new"]


def test_members_that_the_holder_of_a_key_creates_are_created_as_needed(tmp_path: Path) -> None:
    """Although another user is a member, too, as its log-in shows."""
    made = {**sends(texts("name")), "security": [{"desk": []}]}
    one = {"name": "memberId", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        **log_in(("root", "Root-Horse-7")),
        "/members": {"post": made},
        "/members/{memberId}": {"get": {"parameters": [one], "responses": OK}},
    }
    sender = of_two_kinds(tmp_path, paths)
    found = find_users(sender, NONCE)
    for first, is_user in ((1, False), (0, True)):
        specs = (found.specs[first], found.specs[1 - first])
        client = Client(sender, ActorBook(sender, specs, random.Random(0), NONCE), lambda *_: None)
        client.known.introduce("alice", {"memberId": "7"}, client.known.people)
        assert client.known.is_user("/members/{memberId}", "memberId") is is_user
