"""What a list offers is taken, one after the other: the free slots of a room."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.results.findings import PARITY
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}
TIME = {"type": "string", "format": "date-time"}
ROOM = {"name": "room", "in": "path", "required": True, "schema": TEXT}
DATE = {"name": "date", "in": "query", "required": True, "schema": {**TEXT, "format": "date"}}
FIRST = "2027-03-15T08:00:00+01:00"
SLOT = {"type": "object", "properties": {"starts_at": TIME, "ends_at": TIME}}
SLOTS = {
    "type": "object",
    "properties": {"room": TEXT, "slots": {"type": "array", "items": SLOT}},
}
BOOKING = {
    "type": "object",
    "required": ["room", "starts_at"],
    "properties": {"room": TEXT, "starts_at": TIME},
}


def json_of(schema: Any, **more: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema, **more}}}


PATHS: dict[str, Any] = {
    "/rooms/{room}/slots": {
        "get": {
            "operationId": "listSlots",
            "parameters": [ROOM, DATE],
            "responses": {"200": {"description": "", **json_of(SLOTS)}},
        }
    },
    "/bookings": {
        "post": {
            "operationId": "book",
            "requestBody": {
                "required": True,
                **json_of(BOOKING, example={"room": "blue", "starts_at": FIRST}),
            },
            "responses": {"201": {"description": ""}},
        }
    },
}


class Rooms:
    """A server with one room, whose slots last half an hour; `faults` are its bugs."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        self.booked: list[str] = []

    def __call__(self, request: Request) -> Outcome:
        sent = json.loads(request.body) if request.body else None
        path, _, query = request.path.partition("?")
        match request.method, path:
            case "GET", "/rooms/blue/slots" if query.startswith("date="):
                free = (each for each in self.slots(query[5:]) if each not in self.booked)
                slots = [{"starts_at": each, "ends_at": ended(each)} for each in free]
                return answer({"room": "blue", "slots": slots})
            case "POST", "/bookings":
                return self._book(sent if isinstance(sent, dict) else {})
        return answer({"error": "unknown"}, 404)

    def slots(self, day: str) -> list[str]:
        if day != FIRST[:10]:
            return []
        return [f"{day}T{hour:02}:{minute}:00+01:00" for hour in (8, 9) for minute in ("00", "30")]

    def _book(self, sent: dict[str, Any]) -> Outcome:
        begin = sent.get("starts_at")
        if sent.get("room") != "blue" or begin not in self.slots(str(begin)[:10]):
            return answer({"error": "not a slot"}, 422)
        touches = "touches" in self.faults and begin in map(ended, self.booked)
        if begin in self.booked or touches:
            return answer({"error": "taken"}, 409)
        self.booked.append(begin)
        return answer({"id": f"booking-{len(self.booked)}", **sent}, 201)


def ended(slot: str) -> str:
    return (datetime.fromisoformat(slot) + timedelta(minutes=30)).isoformat()


@pytest.mark.parametrize("faults", [(), ("touches",)])
def test_slots_are_booked_one_after_the_other(faults: tuple[str, ...]) -> None:
    left = Rooms()
    both, _ = exchanger(left, Rooms(*faults), paths=PATHS)

    walk(both, None, lambda *_: None)

    findings = (each for each in both.ledger.findings.all() if each.category == PARITY)
    found = {f"{each.operation} {each.where}" for each in findings}
    assert left.booked == left.slots(FIRST[:10])
    # What is free afterwards follows.
    assert found == ({"book status", "listSlots body /slots"} if faults else set())
