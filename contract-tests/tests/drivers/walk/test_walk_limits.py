"""A walk takes from accounts what they have, and moves it between accounts that it names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.scripted import Scripted, answer

from lockstep.drivers.walk.driver import walk
from lockstep.drivers.walk.items import Item
from lockstep.drivers.walk.parameters import declared
from lockstep.drivers.walk.quantities import quantity_in
from lockstep.drivers.walk.queries import queries
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Outcome, Request

MONEY = {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,9})\.[0-9]{2}$", "example": "12.50"}
ACCOUNT = {"$ref": "#/components/schemas/Account"}


def returns(schema: dict[str, Any], status: str) -> dict[str, Any]:
    return {status: {"description": "ok", "content": {"application/json": {"schema": schema}}}}


def takes(**members: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": [*members], "properties": members}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def document() -> dict[str, Any]:
    named = {"name": "account_id", "in": "path", "required": True, "schema": {"type": "string"}}
    text = {"type": "string"}
    paths = {
        "/accounts/{account_id}": {
            "parameters": [named],
            "put": {"requestBody": takes(owner=text), "responses": returns(ACCOUNT, "201")},
            "get": {"responses": returns(ACCOUNT, "200")},
            "patch": {"requestBody": takes(reserve=MONEY), "responses": returns(ACCOUNT, "200")},
            "delete": {"responses": {"204": {"description": "closed"}}},
        },
        "/accounts/{account_id}/entries": {
            "parameters": [named],
            "post": {
                "requestBody": takes(kind={"enum": ["in", "out"]}, amount=MONEY),
                "responses": returns(ACCOUNT, "201"),
            },
        },
        "/transfers": {
            "post": {
                "requestBody": takes(from_account=text, to_account=text, amount=MONEY),
                "responses": returns({"type": "object"}, "201"),
            }
        },
    }
    properties = {"account_id": text, "balance": MONEY}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bank", "version": "1"},
        "paths": paths,
        "components": {"schemas": {"Account": {"type": "object", "properties": properties}}},
    }


class Bank:
    """A bank whose accounts are named by its clients, and never overdrawn."""

    def __init__(self) -> None:
        self.balances: dict[str, int] = {}
        self.closed: set[str] = set()
        # What was paid out, and what was there, by whether it was enough.
        self.paid: list[tuple[int, int, bool]] = []
        self.moved: list[tuple[str, str]] = []
        self.reserved: list[str] = []
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Outcome:
        body = json.loads(request.body or b"{}")
        self.asked.append(f"{request.method} {request.path}")
        match request.method, request.path.strip("/").split("/"):
            case _, ["accounts", name, *_] if name in self.closed:
                return answer({"error": "closed"}, 410)
            case "PUT", ["accounts", name]:
                self.balances.setdefault(name, 0)
                return self.shown(name, 201)
            case "PATCH", ["accounts", name] if isinstance(body.get("reserve"), str):
                self.reserved.append(body["reserve"])
                return self.shown(name)
            case "GET", ["accounts", name] if name in self.balances:
                return self.shown(name)
            case "DELETE", ["accounts", name] if self.balances.get(name) == 0:
                self.closed.add(name)
                return answer(status=204)
            case "POST", ["accounts", name, "entries"] if name in self.balances:
                return self.book(name, body)
            case "POST", ["transfers"]:
                payer, taker = (body.get(key) for key in ("from_account", "to_account"))
                if payer == taker or not {payer, taker} <= self.balances.keys():
                    return answer({"error": "unknown"}, 422)
                self.moved.append((payer, taker))
                return self.book(payer, {**body, "kind": "out"})
        return answer({"error": "no"}, 404)

    def book(self, name: str, body: dict[str, Any]) -> Outcome:
        amount = body.get("amount")
        if (
            not isinstance(amount, str)
            or "." not in amount
            or body.get("kind") not in ("in", "out")
        ):
            return answer({"error": "invalid"}, 422)
        cents = int(amount.replace(".", ""))
        if body["kind"] == "out":
            enough = cents <= self.balances[name]
            self.paid.append((cents, self.balances[name], enough))
            if not enough:
                return answer({"error": "not enough"}, 409)
            cents = -cents
        self.balances[name] += cents
        return self.shown(name, 201)

    def shown(self, name: str, status: int = 200) -> Outcome:
        euros, cents = divmod(self.balances[name], 100)
        return answer({"account_id": name, "balance": f"{euros}.{cents:02}"}, status)


@pytest.fixture
def walked(tmp_path: Path) -> Callable[[], Bank]:
    """Return a function that walks through the document, and returns the first bank."""

    def done() -> Bank:
        file = tmp_path / "bank.json"
        file.write_text(json.dumps(document()), "utf-8")
        run = Run(Settings(document=file, require_coverage=False))
        banks = [Bank(), Bank()]
        targets = [Scripted(f"s{at}", each) for at, each in enumerate(banks)]
        walk(Exchanger(run.ledger, targets), None, lambda *_: None)
        return banks[0]

    return done


def test_takes_all_that_there_is_and_a_little_more(walked: Callable[[], Bank]) -> None:
    bank = walked()
    assert any(cents == there + 1 for cents, there, _ in bank.paid), "a little more"
    assert any(cents == there > 0 for cents, there, _ in bank.paid), "all"


def test_takes_the_rest_after_a_part(walked: Callable[[], Bank]) -> None:
    paid = walked().paid
    turns = list(zip(paid, paid[1:], paid[2:], strict=False))
    assert any(
        (half[2], whole[2], rest[2]) == (True, False, True)
        and whole[0] == half[1]
        and rest[0] == rest[1] == half[1] - half[0]
        for half, whole, rest in turns
    )


def test_a_quantity_is_lowered_below_what_is_in_use(walked: Callable[[], Bank]) -> None:
    assert {"0.00", "0.01"} <= set(walked().reserved)


def test_names_two_accounts_that_clients_have_named(walked: Callable[[], Bank]) -> None:
    assert walked().moved


def test_accounts_that_clients_create_are_not_users(walked: Callable[[], Bank]) -> None:
    bank = walked()
    assert bank.closed
    assert any(
        asked.startswith("GET ") and asked.rpartition("/")[2] in bank.closed for asked in bank.asked
    )


def test_an_identifier_is_used_again_after_the_deletion(walked: Callable[[], Bank]) -> None:
    bank = walked()
    asked = [each.partition(" ") for each in bank.asked]
    for name in bank.closed:
        methods = [method for method, _, path in asked if path == f"/accounts/{name}"]
        if "PUT" in methods[methods.index("DELETE") :]:
            return
    pytest.fail("no account was opened again")


@pytest.mark.parametrize(
    ("schema", "shown", "found"),
    [
        ({"amount": MONEY}, {"a": "3.00", "b": "0.00", "c": "4", "d": {"e": "2.50"}}, [300, 250]),
        ({"seats": {"type": "integer"}}, {"id": 7, "free": 3, "open": True}, [300]),
        ({"seats": {"type": "integer", "maximum": 3}}, {"free": 3}, []),
        ({"price": {"type": "number"}}, {"left": 2.5, "far": 1e400}, [250]),
    ],
)
def test_quantities_that_a_resource_shows(
    schema: dict[str, Any], shown: dict[str, Any], found: list[int]
) -> None:
    quantity = quantity_in(Document(document()), {"type": "object", "properties": schema})
    assert quantity is not None
    assert [int(number * 100) for number in quantity.shown_in(shown)] == found


def test_ids_dates_and_choices_are_no_quantities() -> None:
    schema = {
        "type": "object",
        "properties": {
            "room_id": {"type": "integer"},
            "stars": {"enum": [1, 2]},
            "title": {"type": "string"},
        },
    }
    assert quantity_in(Document(document()), schema) is None
    assert quantity_in(Document(document()), {"type": "string"}) is None


def test_queries_compare_with_what_their_names_end_in() -> None:
    item = Item("transfer", "", {"from_account": "main", "amount": "12.50"}, {})
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string"}}
        for name in ("account_id", "min_amount")
    ]
    paths = {"/transfers": {"get": {"parameters": parameters, "responses": {"200": {}}}}}
    described = Document({**document(), "paths": paths})
    operation = next(iter(described.operations.values()))
    asked = [*queries(declared(described, operation), [item])]
    assert {"account_id": "main"} in asked
    assert {"min_amount": "12.50"} in asked


def test_queries_for_the_days_of_two_items() -> None:
    items = [Item("entry", "", {"booked_on": day}, {}) for day in ("2024-03-31", "2026-01-05")]
    parameter = {"name": "as_of", "in": "query", "schema": {"type": "string", "format": "date"}}
    paths = {"/balance": {"get": {"parameters": [parameter], "responses": {"200": {}}}}}
    described = Document({**document(), "paths": paths})
    asked = [*queries(declared(described, next(iter(described.operations.values()))), items)]
    days = [query["as_of"] for query in asked if query]
    assert days == [
        *("2024-03-31", "2024-04-01", "2024-03-30"),
        *("2026-01-05", "2026-01-06", "2026-01-04"),
    ]
