"""Lists that name resources are sent with one element that fails, and all of them read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.results.findings import PARITY
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def members(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": [*required], "properties": properties}


BIKE = members(id=WHOLE, dock_id=WHOLE, battery=WHOLE)
PATHS: dict[str, Any] = {
    "/docks": {
        "post": {
            "requestBody": content(members("name", name=TEXT)),
            "responses": {"201": {"description": "", **content(members(id=WHOLE, name=TEXT))}},
        }
    },
    "/docks/{dock_id}": {
        "parameters": [{"name": "dock_id", "in": "path", "required": True, "schema": WHOLE}],
        "get": {"responses": {"200": {"description": ""}}},
    },
    "/bikes": {
        "post": {
            "requestBody": content(members("dock_id", dock_id=WHOLE)),
            "responses": {"201": {"description": "", **content(BIKE)}},
        },
        "patch": {
            "operationId": "changeBikes",
            "requestBody": content(
                {"type": "array", "items": {**BIKE, "required": ["id"]}, "minItems": 1}
            ),
            "responses": {"200": {"description": ""}, "207": {"description": ""}},
        },
    },
    "/bikes/{bike_id}": {
        "parameters": [{"name": "bike_id", "in": "path", "required": True, "schema": WHOLE}],
        "get": {"operationId": "getBike", "responses": {"200": {"description": ""}}},
    },
    "/bikes/retirements": {
        "post": {
            "operationId": "retireBikes",
            "requestBody": content(members("bike_ids", bike_ids={"type": "array", "items": WHOLE})),
            "responses": {"200": {"description": ""}},
        }
    },
}


class Bikes:
    """A server of bikes at docks, changed one after the other; `fault` is how it deviates.

    half: an element that fails leaves what it has changed before. stops: what comes after a failing
    element is left out. keeps: bikes before an unknown one are retired, though the request fails.
    """

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.docks: dict[int, dict[str, Any]] = {}
        self.bikes: dict[int, dict[str, Any]] = {}

    def __call__(self, request: Request) -> Outcome:
        sent = json.loads(request.body) if request.body else None
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["docks"] if isinstance(sent, dict):
                return self._add(self.docks, {"name": str(sent.get("name"))}, 500)
            case "POST", ["bikes"] if isinstance(sent, dict) and sent.get("dock_id") in self.docks:
                return self._add(self.bikes, {"dock_id": sent["dock_id"], "battery": 50}, 7000)
            case "PATCH", ["bikes"] if isinstance(sent, list):
                return self._change_all(sent)
            case "POST", ["bikes", "retirements"] if isinstance(sent, dict):
                return self._retire(sent.get("bike_ids"))
            case "GET", [kind, name] if name.isdecimal():
                found = (self.docks if kind == "docks" else self.bikes).get(int(name))
                return answer(found) if found is not None else answer({"error": "unknown"}, 404)
        return answer({"error": "invalid"}, 422)

    def _add(self, kept: dict[int, dict[str, Any]], what: dict[str, Any], first: int) -> Outcome:
        made = {"id": first + len(kept), **what}
        kept[made["id"]] = made
        return answer(made, 201)

    def _change_all(self, sent: list[Any]) -> Outcome:
        results = []
        for each in sent:
            done = isinstance(each, dict) and self._change(each)
            results.append({"done": done})
            if not done and self.fault == "stops":
                break
        return answer(results, 207)

    def _change(self, sent: dict[str, Any]) -> bool:
        bike = self.bikes.get(sent.get("id", 0))
        if bike is None:
            return False
        fails = "dock_id" in sent and sent["dock_id"] not in self.docks
        if not fails or self.fault == "half":
            bike["battery"] = sent.get("battery", bike["battery"])
        bike["dock_id"] = bike["dock_id"] if fails else sent.get("dock_id", bike["dock_id"])
        return not fails

    def _retire(self, ids: Any) -> Outcome:
        unknown = not isinstance(ids, list) or not all(each in self.bikes for each in ids)
        for each in ids if isinstance(ids, list) and (not unknown or self.fault == "keeps") else ():
            if each not in self.bikes:
                break
            self.bikes[each]["retired"] = True
        return answer({"error": "unknown bike"}, 422) if unknown else answer({"retired": ids})


@pytest.mark.parametrize(
    ("fault", "places"),
    [
        ("", set()),
        ("half", {"getBike body /battery"}),
        ("stops", {"changeBikes body", "getBike body /battery"}),
        ("keeps", {"getBike body /retired"}),
    ],
)
def test_what_an_element_that_fails_leaves_behind_is_found(fault: str, places: set[str]) -> None:
    both, _ = exchanger(Bikes(), Bikes(fault), paths=PATHS)

    walk(both, None, lambda *_: None)

    findings = (each for each in both.ledger.findings.all() if each.category == PARITY)
    found = {f"{each.operation} {each.where}" for each in findings}
    assert bool(found) == bool(places)
    assert places & found or not places, found
