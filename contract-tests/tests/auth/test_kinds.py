"""Accounts from examples and roles in the document are used for otherwise forbidden operations."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from fixtures.doors import OK, Door, api, body_of, by_header, doors, sends, texts
from fixtures.scripted import answer

from lockstep.auth.actors import ActorBook
from lockstep.auth.probe import Admission, find_users
from lockstep.drivers.walk.driver import walk
from lockstep.results.conditions import Condition
from lockstep.transport.messages import Outcome, Request, status_of

ROOT = {"username": "root@shop.example", "password": "Root-Horse-7"}
SHELVES = {
    "/shelves": {
        "get": {"responses": OK},
        "post": {
            **sends(texts("label")),
            "security": [{"key": []}],
            "responses": {"201": {"description": "made"}},
        },
    }
}


def shown(where: str) -> dict[str, Any]:
    """A log-in operation with an example account in one of the places that OpenAPI allows."""
    schema, media = texts("username", "password"), dict[str, Any]()
    match where:
        case "examples":
            media = {"examples": {"the root user": {"value": ROOT}}}
        case "example":
            media = {"example": ROOT}
        case "schema":
            schema |= {"examples": [ROOT]}
        case "members":
            schema["properties"] = {n: {"type": "string", "example": v} for n, v in ROOT.items()}
    body = {"required": True, "content": {"application/json": {"schema": schema, **media}}}
    return {"/login": {"post": {"requestBody": body, "responses": OK, "security": []}}}


def of_root(door: Door, request: Request) -> Outcome | None:
    """Only root may create shelves; that account exists from the start."""
    door.users.setdefault(ROOT["username"], ROOT["password"])
    if request.path != "/shelves":
        return None
    user = door.tokens.get(door.reads(request) or "")
    if user is None:
        return answer({"error": "who?"}, 401)
    if request.method == "GET":
        return answer({"shelves": []})
    return answer({"id": 1}, 201) if user == ROOT["username"] else answer({"error": "no"}, 403)


def admitted(folder: Path, paths: dict[str, Any], rule: Any = of_root) -> tuple[Any, Admission]:
    sender, _ = doors(folder, api(paths=paths), by_header(), rule)
    return sender, find_users(sender, "0a0b0c0d")


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("examples", "the-root-user"),
        ("example", "example1"),
        ("schema", "example1"),
        ("members", "example1"),
    ],
)
def test_example_account_of_the_document_is_used(tmp_path: Path, where: str, name: str) -> None:
    sender, found = admitted(tmp_path, {**shown(where), **SHELVES})
    assert [spec.name for spec in found.specs] == ["alice", "bob", name]
    assert found.notes[0].endswith(f"; other kinds, from the document: `{name}`")
    book = ActorBook(sender, found.specs, random.Random(0), "1a0b0c0d")
    walk(sender, book, lambda *_: None)
    assert book.entitled == {"POST /shelves": name}
    assert {201, 403} <= set(sender.ledger.coverage.operations["POST /shelves"].statuses["new"])


def test_unknown_example_account_is_not_used(tmp_path: Path) -> None:
    _, found = admitted(tmp_path, shown("example"), lambda _door, _request: None)
    assert [spec.name for spec in found.specs] == ["alice", "bob"]
    assert "of other kinds" not in found.notes[0]


def test_example_account_avoids_operations_that_would_end_it(tmp_path: Path) -> None:
    own = {"/me": {"get": {"responses": OK}, "delete": {"responses": OK}}}
    passwords = {"/secrets": {"put": {**sends(texts("password")), "security": [{"key": []}]}}}
    _, found = admitted(tmp_path, {**shown("example"), **own, **passwords, **SHELVES})
    *_, root = found.specs
    assert root.avoid == {"DELETE /me", "PUT /secrets", "POST /users", "POST /login"}


def test_role_enum_of_the_registration_yields_more_users(tmp_path: Path) -> None:
    schema = texts("username", "password")
    schema["properties"] = {**schema["properties"], "role": {"enum": ["reader", "owner", "guest"]}}
    roles: dict[str, str] = {}

    def rule(door: Door, request: Request) -> Outcome | None:
        if request.path == "/users":
            given = body_of(request)
            roles[given.get("username", "")] = given.get("role", "writer")
            if given.get("role") == "guest" or not given.keys() >= {"username", "password"}:
                return answer({"error": "no"}, 403)
            return None
        if (request.method, request.path) != ("POST", "/shelves"):
            return None
        user = door.tokens.get(door.reads(request) or "")
        return answer({"id": 1}, 201 if roles.get(user or "") == "owner" else 403)

    paths = {"/users": {"post": sends(schema)}, **SHELVES}
    sender, found = admitted(tmp_path, paths, rule)
    assert [spec.name for spec in found.specs] == ["alice", "bob", "reader", "owner"]
    book = ActorBook(sender, found.specs, random.Random(0), "1a0b0c0d")
    walk(sender, book, lambda *_: None)
    assert book.entitled == {"POST /shelves": "owner"}


def test_example_account_that_no_longer_logs_in_is_dropped(tmp_path: Path) -> None:
    sender, two = doors(tmp_path, api(paths={**shown("example"), **SHELVES}), by_header(), of_root)
    found = find_users(sender, "0a0b0c0d")
    book = ActorBook(sender, found.specs, random.Random(0), "1a0b0c0d")
    root = book.get("example1")
    for door in two:
        door.users[ROOT["username"]] = "another one"
    book.forget_all()
    assert book.get("example1").spec.name == "alice"
    assert book.extras == []
    assert root.spec.is_extra


def test_requests_of_other_users_are_marked_with_a_condition(tmp_path: Path) -> None:
    sender, found = admitted(tmp_path, {**shown("example"), **SHELVES})
    sender.ledger.other_users.add("example1")
    book = ActorBook(sender, found.specs, random.Random(0), "1a0b0c0d")
    request = Request(
        "POST",
        "/shelves",
        (("Content-Type", "application/json"),),
        json.dumps({"label": "a"}).encode(),
    )
    for name, status, conditions in (("alice", 403, ()), ("example1", 201, ("other user",))):
        exchange = sender.send(book.authorise(request, book.get(name)))
        assert status_of(exchange.leader) == status
        assert tuple(each.kind for each in exchange.conditions) == conditions
    assert Condition("other user", "example1") in exchange.conditions
