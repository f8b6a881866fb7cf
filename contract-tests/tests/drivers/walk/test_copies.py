"""What a resource shows of another one is read again after the other one has changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}


def content(*names: str, required: bool = True) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": dict.fromkeys(names, TEXT)}
    schema |= {"required": [*names]} if required else {}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def answers(status: str) -> dict[str, Any]:
    return {"responses": {status: {"description": "done", **content("id")}}}


def named(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": TEXT}]


PATHS: dict[str, Any] = {
    "/authors": {"post": {"requestBody": content("name"), **answers("201")}},
    "/authors/{author_id}": {
        "parameters": named("author_id"),
        "get": answers("200"),
        "patch": {"requestBody": content("name", required=False), **answers("200")},
    },
    "/poems": {"post": {"requestBody": content("author_id", "text"), **answers("201")}},
    "/poems/{poem_id}": {"parameters": named("poem_id"), "get": answers("200")},
}


class Poems:
    """A server of poems that show the name of their author, in an object of its own or not.

    With `copies` it is the name that the author had when the poem was made.
    """

    def __init__(self, *, nests: bool, copies: bool) -> None:
        self.nests, self.copies = nests, copies
        self.authors: dict[str, str] = {}
        self.poems: dict[str, tuple[str, str]] = {}

    def __call__(self, request: Request) -> Outcome:
        sent = json.loads(request.body) if request.body else {}
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["authors"]:
                return self._author(f"author-{len(self.authors) + 1000}", sent, 201)
            case "PATCH", ["authors", name] if name in self.authors:
                change = sent if isinstance(sent, dict) else {}
                return self._author(name, {"name": self.authors[name], **change}, 200)
            case "GET", ["authors", name] if name in self.authors:
                return answer({"id": name, "name": self.authors[name]})
            case "POST", ["poems"] if sent.get("author_id") in self.authors:
                name, author = f"poem-{len(self.poems) + 1000}", sent["author_id"]
                self.poems[name] = author, self.authors[author]
                return self._poem(name, 201)
            case "POST", ["poems"]:
                return answer({"error": "no such author"}, 422)
            case "GET", ["poems", name] if name in self.poems:
                return self._poem(name, 200)
        return answer({"error": "unknown"}, 404)

    def _author(self, name: str, sent: dict[str, Any], status: int) -> Outcome:
        self.authors[name] = str(sent.get("name"))
        return answer({"id": name, "name": self.authors[name]}, status)

    def _poem(self, name: str, status: int) -> Outcome:
        author, called = self.poems[name]
        called = called if self.copies else self.authors[author]
        nested = {"author": {"id": author, "name": called}}
        beside = {"author_id": author, "author_name": called}
        return answer({"id": name, **(nested if self.nests else beside)}, status)


@pytest.mark.parametrize("nests", [True, False])
@pytest.mark.parametrize("copies", [True, False])
def test_a_copy_that_is_not_renewed_is_found(*, nests: bool, copies: bool) -> None:
    honest, other = Poems(nests=nests, copies=False), Poems(nests=nests, copies=copies)
    both, _ = exchanger(honest, other, paths=PATHS)

    walk(both, None, lambda *_: None)

    places = {f"{each.operation} {each.where}" for each in both.ledger.findings.all()}
    name = "body /author/name" if nests else "body /author_name"
    assert {place for place in places if "name" in place} == (
        {f"GET /poems/{{poem_id}} {name}"} if copies else set()
    ), places


def test_a_list_of_changes_is_left_out() -> None:
    changes = {"type": "array", "items": {"type": "object", "properties": {"op": TEXT}}}
    body = {"content": {"application/json-patch+json": {"schema": changes}}}
    author: dict[str, Any] = PATHS["/authors/{author_id}"]
    changed = {**author, "patch": {**author["patch"], "requestBody": body}}
    paths = {**PATHS, "/authors/{author_id}": changed}
    server = Poems(nests=True, copies=False)
    both, _ = exchanger(server, Poems(nests=True, copies=False), paths=paths)

    walk(both, None, lambda *_: None)

    assert server.poems
