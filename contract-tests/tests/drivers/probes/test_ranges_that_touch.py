"""A range may be told by its start and its length; the next one may start where it ends."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.probes.driver import probe
from lockstep.drivers.walk.driver import walk
from lockstep.transport.messages import Outcome, Request

MEMBERS = {
    "starts_at": {"type": "string", "format": "date-time", "example": "2030-05-06T09:00:00Z"},
    "minutes": {"type": "integer", "minimum": 10, "maximum": 120},
}
SCHEMA = {"type": "object", "required": [*MEMBERS], "properties": MEMBERS}
JSON = {"content": {"application/json": {"schema": SCHEMA}}}
PATHS = {
    "/slots": {
        "post": {
            "operationId": "createSlot",
            "requestBody": {"required": True, **JSON},
            "responses": {
                "201": {"description": "made", **JSON},
                "400": {"description": "invalid"},
                "409": {"description": "overlaps"},
            },
        }
    }
}


class Slots:
    """A server of slots that do not overlap; they may touch unless it is `strict`."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.taken: list[tuple[datetime, datetime]] = []

    def __call__(self, request: Request) -> Outcome:
        if (request.method, request.path) != ("POST", "/slots"):
            return answer(status=404)
        try:
            sent: dict[str, Any] = json.loads(request.body or b"{}")
            start = datetime.fromisoformat(sent["starts_at"].replace("Z", "+00:00"))
            end = start + timedelta(minutes=sent["minutes"])
            overlapping = [one for one in self.taken if one[0] < end and start < one[1]]
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            return answer(status=400)
        touching = [one for one in self.taken if end == one[0] or start == one[1]]
        if overlapping or (self.strict and touching):
            return answer(status=409)
        self.taken.append((start, end))
        return answer(sent, 201)


@pytest.mark.parametrize("strict", [True, False])
def test_slots_that_must_not_touch_on_one_side_are_found(*, strict: bool) -> None:
    both, _ = exchanger(Slots(), Slots(strict=strict), paths=PATHS)
    maker = walk(both, None, lambda *_: None)

    probe(maker)

    found = {each.where for each in both.ledger.findings.all() if each.operation == "createSlot"}
    assert ("status" in found) is strict


SPAN = {
    "type": "object",
    "required": ["day", "opens", "closes"],
    "properties": {
        "day": {"enum": ["mon", "tue"]},
        "opens": {"type": "string", "example": "09:00"},
        "closes": {"type": "string", "example": "17:30"},
    },
}
HOURS = {
    "type": "object",
    "required": ["hours"],
    "properties": {"hours": {"type": "array", "items": SPAN}},
}
SHOPS = {
    "/hours": {
        "put": {
            "operationId": "setHours",
            "requestBody": {"content": {"application/json": {"schema": HOURS}}},
            "responses": {"200": {"description": "set"}, "400": {"description": "overlapping"}},
        }
    }
}


class Shop:
    """A server whose opening hours do not overlap; they may touch unless it is `strict`."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict

    def __call__(self, request: Request) -> Outcome:
        if (request.method, request.path) != ("PUT", "/hours"):
            return answer(status=404)
        try:
            hours = json.loads(request.body or b"{}")["hours"]
            spans = sorted((one["day"], one["opens"], one["closes"]) for one in hours)
        except (KeyError, TypeError, ValueError):
            return answer(status=400)
        for (day, _, closes), (next_day, opens, _) in pairwise(spans):
            if day == next_day and (opens < closes or (self.strict and opens == closes)):
                return answer(status=400)
        return answer(status=200)


@pytest.mark.parametrize("strict", [True, False])
def test_hours_in_one_body_that_must_not_touch_on_one_side_are_found(*, strict: bool) -> None:
    both, _ = exchanger(Shop(), Shop(strict=strict), paths=SHOPS)
    maker = walk(both, None, lambda *_: None)

    probe(maker)

    found = {each.where for each in both.ledger.findings.all() if each.operation == "setHours"}
    assert ("status" in found) is strict
