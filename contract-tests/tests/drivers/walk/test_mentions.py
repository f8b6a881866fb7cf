"""Texts mention users where the document tells of that, and all lists are read afterwards."""

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
from lockstep.drivers.walk.driver import walk
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}


def paths(prose: str) -> dict[str, Any]:
    sent = {"type": "object", "required": ["text"], "properties": {"text": TEXT}}
    body = {"required": True, "content": {"application/json": {"schema": sent}}}
    made, shown = {"201": {"description": ""}}, {"200": {"description": ""}}
    own: dict[str, Any] = {"security": [{"key": []}]}
    return {
        "/posts": {"post": {"requestBody": body, "responses": made, **own}},
        "/notices": {"get": {"description": prose, "responses": shown, **own}},
    }


@pytest.mark.parametrize(
    ("prose", "mentioned"),
    [("One for each post with your `@name`.", True), ("Write to help@example.com.", False)],
)
def test_users_are_mentioned_as_the_document_says(
    tmp_path: Path, prose: str, mentioned: bool
) -> None:
    texts: list[str] = []
    noticed: list[bool] = []

    def respond(door: Door, request: Request) -> Outcome | None:
        if request.path not in ("/posts", "/notices"):
            return None
        if door.tokens.get(door.reads(request) or "") is None:
            return answer({"error": "who?"}, 401)
        if request.method == "GET":
            noticed.append(bool(texts) and "@" in texts[-1])
            return answer([])
        texts.append(json.loads(request.body or b"{}").get("text", ""))
        return answer({"id": f"post-{len(texts) + 100}"}, 201)

    sender, _ = doors(tmp_path, api(paths=paths(prose)), by_header(), respond)
    book = ActorBook(sender, find_users(sender, "0a0b0c0d").specs, random.Random(0), "1a0b0c0d")
    walk(sender, book, lambda *_: None)
    assert any(text.count("@") > 1 for text in texts if isinstance(text, str)) is mentioned
    assert any(noticed) is mentioned
