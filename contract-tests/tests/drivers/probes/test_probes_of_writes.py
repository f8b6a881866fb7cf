"""Writes are tried without the CSRF token of their session, and with a key that was used before."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

from fixtures.doors import OK, Door, api, body_of, by_cookie, doors, sends, texts
from fixtures.scripted import answer

from lockstep.auth.actors import ActorBook
from lockstep.auth.probe import find_users
from lockstep.drivers.probes.driver import probe
from lockstep.drivers.walk.driver import walk
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.results.request_reader import RequestReader
from lockstep.transport.cookies import sent_cookies
from lockstep.transport.messages import Outcome, Request

CSRF, KEY = "X-Own-Csrf", "Idempotency-Key"


def document() -> dict[str, Any]:
    """A session in a cookie, with a CSRF token for writes, and payments once for each key."""
    both: list[dict[str, list[str]]] = [{"key": [], "csrf": []}]
    pays = sends({**texts("amount"), "properties": {"amount": {}, "note": {"type": "string"}}})
    key = {"name": KEY, "in": "header", "required": True, "schema": {"type": "string"}}
    paths = {
        "/payments": {"post": {**pays, "parameters": [key], "security": both}},
        "/me": {"get": {"responses": OK}},
    }
    found = api({"type": "apiKey", "in": "cookie", "name": "sid"}, paths)
    header = {"type": "apiKey", "in": "header", "name": CSRF}
    found["components"]["securitySchemes"]["csrf"] = header
    return found


def rules(door: Door, request: Request) -> Outcome | None:
    if request.path == "/login":
        session = door.give(body_of(request)["username"])
        cookie = {"Set-Cookie": f"sid={session}; Path=/"}
        return answer({"csrf_token": f"csrf-of-{session}"}, headers=cookie)
    if request.path == "/payments" and request.header(CSRF) != f"csrf-of-{session_of(request)}":
        return answer({"error": "forged"}, 403)
    return None


def session_of(request: Request) -> str:
    return sent_cookies(request).get("sid", "")


def probed(folder: Path) -> list[Request]:
    """The payments that are sent to the first of two servers."""
    sent: list[Request] = []

    def noted(door: Door, request: Request) -> Outcome | None:
        if request.path == "/payments" and door.name == "old":
            sent.append(request)
        return rules(door, request)

    sender, _ = doors(folder, document(), by_cookie("sid"), noted)
    specs = find_users(sender, "0a0b0c0d").specs
    actors = ActorBook(sender, specs, random.Random(0), "1a0b0c0d")
    probe(walk(sender, actors, lambda *_: None))
    return sent


def test_the_csrf_token_is_left_out_and_spoilt_in_a_session(tmp_path: Path) -> None:
    tokens = {
        request.header(CSRF) and request.header(CSRF) == f"csrf-of-{session_of(request)}"
        for request in probed(tmp_path)
        if session_of(request).startswith("old-token")
    }
    assert tokens == {None, False, True}


def test_a_key_is_used_again_for_another_content_and_by_another_user(tmp_path: Path) -> None:
    sent = sorted(probed(tmp_path), key=lambda each: each.header(KEY) or "")
    again: set[tuple[bool, bool]] = set()
    for _, each in itertools.groupby(sent, key=lambda each: each.header(KEY)):
        first, *others = each
        again |= {(one.body == first.body, session_of(one) == session_of(first)) for one in others}
    assert (False, True) in again
    assert any(not same for _, same in again)


def test_a_write_of_a_session_may_lack_its_csrf_token() -> None:
    read = Document(document())
    reader = RequestReader(read, Conformance(read))
    bare = Request("POST", "/payments", actor="alice")
    assert reader.missing_csrf(bare) == CSRF
    assert reader.missing_csrf(bare.with_header(CSRF, "any")) == ""
    assert reader.missing_csrf(Request("GET", "/me", actor="alice")) == ""


def test_a_write_of_a_session_may_have_another_csrf_token_than_its_cookie() -> None:
    read = Document(document())
    reader = RequestReader(read, Conformance(read))
    sent = Request("POST", "/payments", actor="alice").with_header("Cookie", "csrftoken=a%3D; s=1")
    assert reader.wrong_csrf(sent) == ""
    assert reader.wrong_csrf(sent.with_header(CSRF, "a=")) == ""
    assert reader.wrong_csrf(sent.with_header(CSRF, "b=")) == CSRF
    assert reader.wrong_csrf(Request("POST", "/payments", actor="alice")) == ""
