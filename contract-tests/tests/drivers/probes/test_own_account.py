"""What is one's own is changed and deleted by users of their own, with the current password."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from fixtures.doors import OK, Door, api, body_of, by_header, doors, sends, texts
from fixtures.scripted import answer

from lockstep.auth.actors import ActorBook, ActorSpec, Call
from lockstep.auth.bodies import with_current_password
from lockstep.auth.discovery import ends_account, manages_access
from lockstep.drivers.probes.driver import probe
from lockstep.drivers.walk.driver import walk
from lockstep.openapi.document import Document
from lockstep.transport.messages import Outcome, Request

# Not a password that a document suggests.
PASSWORD = "only the user knows"
IF_MATCH = {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}}


def signed(*names: str) -> dict[str, Any]:
    """Return an operation with a body, for users who are logged in."""
    return {name: part for name, part in sends(texts(*names)).items() if name != "security"}


PATHS = {
    "/me": {
        "get": {"responses": OK},
        "patch": {**signed("current_password", "nick"), "parameters": [IF_MATCH]},
    },
    "/me/deletion": {"post": signed("current_password")},
    "/notes": {"post": signed("text")},
}


class Accounts:
    """Accounts with notes; `keeps` refuses to delete one that has any."""

    def __init__(self, *, keeps: bool) -> None:
        self.keeps = keeps
        self.notes: set[str] = set()
        self.answered: list[tuple[str, int]] = []

    def answer(self, door: Door, request: Request) -> Outcome | None:
        path, user = request.path, door.tokens.get(door.reads(request) or "")
        if path not in PATHS or user not in door.users:
            return None if path not in PATHS else self._said(path, 401)
        if request.method == "GET":
            return answer({"user": user}, headers={"ETag": f'"{user}"'})
        if path == "/notes":
            self.notes.add(user)
            return self._said(path, 201)
        if request.method == "PATCH" and request.header("If-Match") != f'"{user}"':
            return self._said(path, 412)
        try:
            given = body_of(request).get("current_password")
        except (AttributeError, ValueError):
            return self._said(path, 400)
        if given != door.users[user]:
            return self._said(path, 422)
        if path == "/me/deletion":
            if self.keeps and user in self.notes:
                return self._said(path, 500)
            del door.users[user]
        return self._said(path, 200)

    def _said(self, path: str, status: int) -> Outcome:
        self.answered.append((path, status))
        return answer({}, status)


def probed(folder: Path, *, keeps: bool) -> tuple[set[tuple[str, int]], set[str]]:
    """Return the statuses of the first server, and the operations whose status differs."""
    both = {"old": Accounts(keeps=False), "new": Accounts(keeps=keeps)}

    def rules(door: Door, request: Request) -> Outcome | None:
        return both[door.name].answer(door, request)

    sender, _ = doors(folder, api(paths=PATHS), by_header(), rules)
    account = {"username": "${actor}-${unique}", "password": PASSWORD}
    calls = (Call("POST /login", account), Call("POST /users", account))
    specs = tuple(
        ActorSpec(name, login=calls[0], register=calls[1], token="/token")
        for name in ("alice", "bob")
    )
    probe(walk(sender, ActorBook(sender, specs, random.Random(0), "n"), lambda *_: None))
    found = {each.operation for each in sender.ledger.findings.all() if each.where == "status"}
    return set(both["old"].answered), found


@pytest.mark.parametrize("keeps", [True, False])
def test_an_account_is_changed_and_deleted_with_all_that_it_has(
    tmp_path: Path, *, keeps: bool
) -> None:
    answered, differing = probed(tmp_path, keeps=keeps)
    assert {("/me", 200), ("/me", 412), ("/me/deletion", 200), ("/me/deletion", 422)} <= answered
    assert differing == ({"POST /me/deletion"} if keeps else set())


@pytest.mark.parametrize(
    ("path", "ends"),
    [
        ("/users/me/deletion", True),
        ("/account/close", True),
        ("/tasks/deletion", False),
        ("/me/photos", False),
        ("/me", False),
    ],
)
def test_a_post_that_deletes_the_account_is_told_by_its_path(path: str, ends: bool) -> None:
    document = Document(api(paths={path: {"post": sends(texts("reason"))}}))
    assert ends_account(document.operations[f"POST {path}"]) is ends


def test_only_the_current_password_is_filled_in() -> None:
    body = {"current_password": "a", "new_password": "b", "name": "c"}
    assert with_current_password(body, "own") == {**body, "current_password": "own"}
    assert with_current_password(body, "") == body
    assert with_current_password(None, "own") is None


@pytest.mark.parametrize(
    ("path", "manages"),
    [
        ("/password/reset", True),
        ("/users/me/change-email", True),
        ("/bookings/{id}/confirm", False),
        ("/orders/{id}/change", False),
    ],
)
def test_what_is_confirmed_or_changed_may_be_no_account(path: str, manages: bool) -> None:
    document = Document(api(paths={path: {"post": sends(texts("reason"))}}))
    assert manages_access(document.operations[f"POST {path}"]) is manages
