"""A walk uses the keys that creations issue, chosen names again, and things up to their limits."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from fixtures.scripted import Scripted, answer

from lockstep.drivers.walk.driver import walk
from lockstep.drivers.walk.quotas import Quotas
from lockstep.drivers.walk.reader import Reader
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.results.coverage import Coverage
from lockstep.results.findings import Findings
from lockstep.results.run_log import RunLog
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}
LINK = {
    "type": "object",
    "properties": {"code": TEXT, "url": TEXT, "visits": {"type": "integer"}, "delete_key": TEXT},
}
CREATION = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "url": {"type": "string", "example": "https://example.org/"},
        "alias": {"type": "string", "pattern": "^[a-z0-9-]{3,30}$"},
        "max_visits": {"type": "integer", "minimum": 1, "maximum": 9},
    },
}


def returns(schema: dict[str, Any], status: str = "200") -> dict[str, Any]:
    return {status: {"description": "ok", "content": {"application/json": {"schema": schema}}}}


def document() -> dict[str, Any]:
    named = {"name": "code", "in": "path", "required": True, "schema": TEXT}
    key = {"name": "X-Delete-Key", "in": "header", "required": True, "schema": TEXT}
    body = {"content": {"application/json": {"schema": CREATION}}}
    gone = {"204": {"description": "gone"}, "403": {"description": "another key"}}
    paths = {
        "/links": {"post": {"requestBody": body, "responses": returns(LINK, "201")}},
        "/links/{code}": {
            "parameters": [named],
            "get": {"responses": returns(LINK)},
            "delete": {"parameters": [key], "responses": gone},
        },
        "/links/{code}/visit": {"parameters": [named], "post": {"responses": returns(LINK)}},
        "/preview/{link_code}": {
            "parameters": [{**named, "name": "link_code"}],
            "get": {"responses": {**returns(LINK), "410": {"description": "used up"}}},
        },
    }
    return {"openapi": "3.1.0", "info": {"title": "Links", "version": "1"}, "paths": paths}


@dataclass
class Links:
    """A server of short links: whoever has the key of one may delete it."""

    links: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: int = 0
    # Whether each deletion had the right key, and the codes of what was created and visited.
    keys: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    refused: int = 0
    previews_refused: int = 0

    def __call__(self, request: Request) -> Outcome:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["links"]:
                return self.create(json.loads(request.body or b"{}"))
            case _, ["links" | "preview", code, *_] if code not in self.links:
                return answer({"error": "unknown"}, 404)
            case "GET", ["preview", code]:
                return self.preview(self.links[code])
            case "POST", ["links", code, "visit"]:
                link = self.links[code]
                if link["visits"] >= link["most"]:
                    self.refused += 1
                    return answer({"error": "used up"}, 410)
                link["visits"] += 1
                return answer(link)
            case "GET", ["links", code]:
                return answer({k: v for k, v in self.links[code].items() if k != "delete_key"})
            case "DELETE", ["links", code]:
                return self.delete(code, request.header("X-Delete-Key") or "")
        return answer({"error": "method"}, 405)

    def create(self, body: dict[str, Any]) -> Outcome:
        if not isinstance(body, dict) or not isinstance(body.get("url"), str):
            return answer({"error": "url"}, 422)
        self.made += 1
        code = body.get("alias") or f"c0de{self.made:04}"
        if code in self.links:
            return answer({"error": "taken"}, 409)
        most = body.get("max_visits") or 99
        key = f"5ecr3t-0f-{self.made:08}"
        self.links[code] = {
            "code": code,
            "url": body["url"],
            "visits": 0,
            "previews": 0,
            "most": most,
            "delete_key": key,
        }
        self.created.append(code)
        return answer(self.links[code], 201)

    def preview(self, link: dict[str, Any]) -> Outcome:
        if link["previews"] >= link["most"]:
            self.previews_refused += 1
            return answer({"error": "used up"}, 410)
        link["previews"] += 1
        return answer(link)

    def delete(self, code: str, key: str) -> Outcome:
        every = {each["delete_key"] for each in self.links.values()}
        own = key == self.links[code]["delete_key"]
        self.keys.append("own" if own else "another" if key in every else "none")
        if own:
            del self.links[code]
        return answer(status=204) if own else answer({"error": "key"}, 403)


def run_log() -> RunLog:
    read = Document(document())
    return RunLog(read, Conformance(read), Coverage(read), Findings([]))


def walked() -> tuple[Links, list[Request]]:
    """Walk once; returns the server, and what was sent to it."""
    server = Links()
    log = run_log()
    target = Scripted("links", server)
    walk(Exchanger(log, [target]), None, lambda *_: None)
    return server, target.sent


def test_what_a_creation_issues_goes_into_the_header_of_that_name() -> None:
    server, _ = walked()
    assert "own" in server.keys


def test_the_key_of_one_resource_is_tried_on_another() -> None:
    server, _ = walked()
    assert "another" in server.keys


def test_a_chosen_name_is_used_again_after_a_deletion() -> None:
    server, _ = walked()
    assert any(server.created.count(code) > 1 for code in server.created)


def test_a_resource_is_used_once_more_than_its_limit_allows() -> None:
    server, _ = walked()
    assert server.refused


def test_what_is_opened_by_a_read_is_opened_once_more_than_its_limit_allows() -> None:
    server = Links()
    maker = walk(Exchanger(run_log(), [Scripted("links", server)]), None, lambda *_: None)
    server.previews_refused = 0
    quotas = Quotas(maker, Reader(maker))
    for operation in quotas.able():
        quotas.explore(operation)
    assert server.previews_refused
