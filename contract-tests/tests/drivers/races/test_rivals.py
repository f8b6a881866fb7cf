"""Two users race for one thing, and one user for the last use of another."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fixtures.scripted_server import scripted

from lockstep.report.data import as_data
from lockstep.run import Run
from lockstep.settings import Settings

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}


def members(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": [*required], "properties": properties}


def write(name: str, sent: Any = None, shown: Any = None, **more: Any) -> dict[str, Any]:
    shown = {"application/json": {"schema": shown or members(id=WHOLE)}}
    made = {"201": {"description": "", "content": shown}, "default": {"description": "refused"}}
    body = {"required": True, "content": {"application/json": {"schema": sent}}}
    found = {"operationId": name, "responses": made, **more}
    return {"post": {**found, **({"requestBody": body} if sent else {})}}


ACCOUNT = members("username", "password", username=TEXT, password={**TEXT, "minLength": 8})
SHOWN = {"200": {"description": ""}, "default": {"description": "refused"}}
SLOTS, MOST_PARKED = range(1_000, 1_200), 3
BIKE = {"name": "bike_id", "in": "path", "required": True, "schema": WHOLE}
COUPON = {"name": "coupon_id", "in": "path", "required": True, "schema": WHOLE}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Bikes", "version": "1"},
    "security": [{"login": []}],
    "components": {"securitySchemes": {"login": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/users": write("register", ACCOUNT, security=[]),
        "/token": write("getToken", ACCOUNT, members(access_token=TEXT), security=[]),
        "/bikes": write("addBike"),
        "/bikes/{bike_id}": {
            "get": {"operationId": "getBike", "parameters": [BIKE], "responses": SHOWN}
        },
        "/rides": write("startRide", members("bike_id", bike_id=WHOLE)),
        "/coupons": write(
            "addCoupon", members("text", text=TEXT, max_uses={**WHOLE, "minimum": 1})
        ),
        "/slots": {
            "get": {
                "operationId": "listSlots",
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": members(slot=WHOLE)}
                            }
                        },
                    }
                },
            }
        },
        "/parkings": write("park", members("slot", slot=WHOLE)),
        "/coupons/{coupon_id}/uses": write("useCoupon", parameters=[COUPON]),
    },
}


class Bikes:
    """Bikes that one user rides at a time, who rides one, slots, and coupons with limited uses.

    A user may have parked three times.

    What is named in `open_checks` is checked some time before it is written.
    """

    def __init__(self, *open_checks: str) -> None:
        self.open_checks = open_checks
        self.ids = count(1)
        self.users: dict[str, str] = {}
        self.bikes: set[int] = set()
        self.riders: set[str] = set()
        self.ridden: set[int] = set()
        self.parked: dict[int, str] = {}
        self.coupons: dict[int, list[int]] = {}
        self.lock = threading.Lock()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        text = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        try:
            sent = json.loads(text or b"{}")
        except ValueError:
            sent = None
        user = self.users.get((handler.headers.get("Authorization") or "").removeprefix("Bearer "))
        path = handler.path.strip("/").split("/")
        with self.lock:
            status, body = self._answer(path, sent if isinstance(sent, dict) else {}, user)
        data = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def _answer(self, path: list[str], sent: dict[str, Any], user: str | None) -> tuple[int, Any]:
        number = next(self.ids)
        name = sent.get("username")
        if path == ["users"] and isinstance(name, str):
            return 201, {"id": number, "username": name}
        if path == ["token"] and isinstance(name, str):
            token = f"token-{number:08}"
            self.users[token] = name
            return 201, {"access_token": token}
        if user is None:
            return 401, {"error": "unauthorized"}
        match path:
            case ["bikes", one] if one.isdecimal() and int(one) in self.bikes:
                return 200, {"id": int(one)}
            case ["bikes"]:
                self.bikes.add(number)
                return 201, {"id": number}
            case ["rides"] if sent.get("bike_id") in self.bikes:
                return self._ride(number, sent["bike_id"], user)
            case ["slots"]:
                free = (each for each in SLOTS if each not in self.parked)
                return 200, [{"slot": each} for each in free]
            case ["parkings"] if sent.get("slot") in SLOTS:
                return self._park(number, sent["slot"], user)
            case ["coupons"] if type(sent.get("max_uses", 1)) is int:
                self.coupons[number] = [sent.get("max_uses", 100)]
                return 201, {"id": number, "max_uses": sent.get("max_uses", 100)}
            case ["coupons", one, "uses"] if one.isdecimal() and int(one) in self.coupons:
                return self._use(number, self.coupons[int(one)])
        return 422, {"error": "invalid"}

    def _ride(self, number: int, bike: int, user: str) -> tuple[int, Any]:
        if user in self.riders:
            return 409, {"error": "riding already"}
        if bike in self.ridden:
            return 409, {"error": "taken"}
        if "ride" not in self.open_checks:
            self.riders.add(user)
        self._pause("bike", "ride")
        self.riders.add(user)
        self.ridden.add(bike)
        return 201, {"id": number, "bike_id": bike}

    def _park(self, number: int, slot: int, user: str) -> tuple[int, Any]:
        if slot in self.parked or Counter(self.parked.values())[user] == MOST_PARKED:
            return 409, {"error": "taken, or enough"}
        self._pause("slot")
        self.parked[slot] = user
        return 201, {"id": number, "slot": slot}

    def _use(self, number: int, uses: list[int]) -> tuple[int, Any]:
        if len(uses) > uses[0]:
            return 410, {"error": "used up"}
        self._pause("coupon")
        uses.append(number)
        return 201, {"id": number}

    def _pause(self, *checks: str) -> None:
        if set(checks) & set(self.open_checks):
            self.lock.release()
            time.sleep(0.03)
            self.lock.acquire()


@pytest.fixture
def raced(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """Return a function that races on a sound server and on one with an open check."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DOCUMENT))

    def report(check: str) -> dict[str, Any]:
        run = Run(Settings(document=path, require_coverage=False))
        run.confirms_at_the_end = True
        with ExitStack() as stack:
            servers = (("old", Bikes()), ("new", Bikes(check)))
            targets = [stack.enter_context(scripted(name, one.answer)) for name, one in servers]
            run.smoke(targets)
            run.use(())
            run.log_in(targets)
            run.walk(targets)
            run.race_repeats(targets)
            run.confirm_all(targets)
            return as_data(run.finish())

    return report


@pytest.mark.parametrize(
    ("check", "race"),
    [
        ("bike", "startRide: the same request, by two users"),
        ("coupon", "useCoupon: the same request, twice"),
        ("slot", "park: the same request, twice"),
    ],
)
def test_a_check_apart_from_its_write_is_found(
    raced: Callable[[str], dict[str, Any]], check: str, race: str
) -> None:
    report = raced(check)
    found = [one for one in report["findings"] if one["category"] == "race"]
    assert [(one["where"], one["targets"]) for one in found] == [(race, ["new"])]


def test_races_that_one_operation_loses_are_one_finding(
    raced: Callable[[str], dict[str, Any]],
) -> None:
    report = raced("ride")
    (found,) = [one for one in report["findings"] if one["category"] == "race"]
    assert (found["operation"], found["targets"]) == ("startRide", ["new"])
    lost = [one["name"] for one in report["races"] if one["impossible"]]
    assert lost == [f"startRide: the same request, {by}" for by in ("twice", "by two users")]


def test_each_round_is_a_race_of_users_who_can_win(
    raced: Callable[[str], dict[str, Any]],
) -> None:
    races = {one["name"]: one["outcomes"] for one in raced("")["races"]}
    of_users = races["startRide: the same request, by two users"]
    assert [set(outcomes) for outcomes in of_users.values()] == [{"201 + 409"}] * 2
    of_uses = races["useCoupon: the same request, twice"]
    assert [set(outcomes) for outcomes in of_uses.values()] == [{"201 + 410"}] * 2
