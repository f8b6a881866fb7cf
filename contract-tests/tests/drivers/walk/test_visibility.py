"""Another user tries all operations on what everybody can see, and on what is in it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from fixtures.doors import Door, api, by_header, doors
from fixtures.scripted import answer

from lockstep.auth.actors import ActorBook
from lockstep.auth.probe import find_users
from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.driver import walk
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.visibility import Visibility
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}


def named(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def creates(*members: str, body: dict[str, Any]) -> dict[str, Any]:
    made = {"type": "object", "properties": dict.fromkeys(members, TEXT)}
    shown = {"description": "made", "content": {"application/json": {"schema": made}}}
    schema = {"type": "object", "properties": body}
    sent = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {"requestBody": sent, "responses": {"201": shown}, "security": [{"key": []}]}


VISIBILITY = {"type": "string", "enum": ["private", "public"], "default": "private"}
GONE = {"responses": {"204": {"description": "gone"}}, "security": [{"key": []}]}
PATHS: dict[str, Any] = {
    "/shelves": {"post": creates("shelf_id", body={"visibility": VISIBILITY})},
    "/shelves/{shelf_id}": {"parameters": [named("shelf_id")], "delete": GONE},
    "/books": {"post": creates("book_id", body={"title": TEXT, "shelf_id": TEXT})},
    "/books/{book_id}/reviews": {
        "parameters": [named("book_id")],
        "post": creates("review_id", "book_id", body={"text": TEXT}),
    },
    "/reviews/{review_id}": {"parameters": [named("review_id")], "delete": GONE},
}


class Library:
    """The rule of a server on which only what is on a public shelf is visible to others."""

    def __init__(self) -> None:
        # By id: the owner, and what it is in.
        self.things: dict[str, tuple[str, str]] = {}
        self.public: set[str] = set()

    def __call__(self, door: Door, request: Request) -> Outcome | None:
        parts = request.path.strip("/").split("/")
        if parts[0] not in ("shelves", "books", "reviews"):
            return None
        user = door.tokens.get(door.reads(request) or "")
        if user is None:
            return answer({"error": "who?"}, 401)
        if len(parts) > 1 and not self.shows(parts[1], user):
            return answer({"error": "unknown"}, 404)
        if request.method == "DELETE":
            own = self.things[parts[1]][0] == user
            if own:
                del self.things[parts[1]]
            return answer(status=204) if own else answer({"error": "not yours"}, 403)
        body = json.loads(request.body or b"{}")
        around = parts[1] if len(parts) > 1 else str(body.get("shelf_id", ""))
        kind = {"shelves": "shelf", "books": "book", "reviews": "review"}[parts[-1]]
        name = f"{kind}-{len(self.things) + 1000}x{len(self.public)}"
        self.things[name] = user, around
        if body.get("visibility") == "public":
            self.public.add(name)
        return answer({f"{kind}_id": name}, 201)

    def shows(self, name: str, user: str) -> bool:
        """Whether a user sees a thing: their own, and what is in something public."""
        owner, around = self.things.get(name, ("", ""))
        return bool(owner) and (
            user == owner or name in self.public or (around != "" and self.is_open(around))
        )

    def is_open(self, name: str) -> bool:
        around = self.things.get(name, ("", ""))[1]
        return name in self.public or (around != "" and self.is_open(around))


def test_another_user_tries_to_delete_what_is_visible_inside_of_something_public(
    tmp_path: Path,
) -> None:
    libraries = {"old": Library(), "new": Library()}
    sender, _ = doors(
        tmp_path, api(paths=PATHS), by_header(), lambda door, one: libraries[door.name](door, one)
    )
    book = ActorBook(sender, find_users(sender, "0a0b0c0d").specs, random.Random(0), "1a0b0c0d")
    walk(sender, book, lambda *_: None)
    statuses = {
        name: set(record.statuses["new"])
        for name, record in sender.ledger.coverage.operations.items()
    }
    assert 403 in statuses["DELETE /reviews/{review_id}"]


@pytest.mark.parametrize(
    ("member", "wanted"),
    [
        ({"visibility": VISIBILITY}, [{"visibility": "public"}, {"visibility": "private"}]),
        ({"private": {"type": "boolean"}}, [{"private": False}, {"private": True}]),
        ({"is_public": {"type": "boolean"}}, [{"is_public": True}, {"is_public": False}]),
        ({"state": {"type": "string", "enum": ["open", "done"]}}, []),
    ],
)
def test_each_choice_of_who_sees_a_resource_is_tried(
    tmp_path: Path, member: dict[str, Any], wanted: list[dict[str, Any]]
) -> None:
    paths = {"/shelves": {"post": creates("shelf_id", body=member)}}
    sender, _ = doors(tmp_path, api(paths=paths), by_header(), lambda *_: None)
    maker = Maker(Client(sender, None, lambda *_: None))
    operation = next(
        each for each in sender.ledger.document.operations.values() if each.path == "/shelves"
    )
    assert Visibility(maker, Reader(maker)).choices(operation) == wanted
