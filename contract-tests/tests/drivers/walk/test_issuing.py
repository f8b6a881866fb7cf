"""What only an action makes is made anew for each test: the bill of an order."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}
AMOUNT = {"type": "number", "minimum": 0.01, "maximum": 10_000, "multipleOf": 0.01}
TOTAL = 12.5


def content(**members: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": [*members], "properties": members}
    return {"content": {"application/json": {"schema": schema}}}


def answers(status: str, **members: Any) -> dict[str, Any]:
    return {"responses": {status: {"description": "done", **content(**members)}}}


def path_parameter(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": TEXT}]


ORDER = {"id": TEXT, "bill_id": {"type": "string", "nullable": True}}
PATHS = {
    "/orders": {"post": {"requestBody": content(title=TEXT), **answers("201", **ORDER)}},
    "/orders/{order_id}": {
        "parameters": path_parameter("order_id"),
        "get": answers("200", **ORDER),
        "delete": {"responses": {"204": {"description": "gone"}}},
    },
    "/orders/{order_id}/pack": {
        "parameters": path_parameter("order_id"),
        "post": answers("200", **ORDER),
    },
    "/orders/{order_id}/finish": {
        "parameters": path_parameter("order_id"),
        "post": answers("200", **ORDER),
    },
    "/bills/{bill_id}": {
        "parameters": path_parameter("bill_id"),
        "get": answers("200", id=TEXT, left={"type": "number"}),
    },
    "/bills/{bill_id}/payments": {
        "parameters": path_parameter("bill_id"),
        "post": {"requestBody": content(amount=AMOUNT), **answers("201", id=TEXT)},
    },
}


class Orders:
    """A server that writes a bill for each order that is finished."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.paid: dict[str, list[float]] = defaultdict(list)
        self.bills: list[str] = []

    def __call__(self, request: Request) -> Outcome:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["orders"]:
                name = f"order-{len(self.orders) + 1000}"
                self.orders[name] = {"id": name, "bill_id": None}
                return answer(self.orders[name], 201)
            case "GET", ["orders", name] if name in self.orders:
                return answer(self.orders[name])
            case "POST", ["orders", name, "pack"] if name in self.orders:
                if "packed" in self.orders[name]:
                    return answer({"error": "packed already"}, 409)
                self.orders[name]["packed"] = True
                return answer(self.orders[name])
            case "POST", ["orders", name, "finish"] if name in self.orders:
                if self.orders[name]["bill_id"] or "packed" not in self.orders[name]:
                    return answer({"error": "not packed"}, 409)
                self.orders[name]["bill_id"] = f"bill-{len(self.bills) + 1000}"
                self.bills.append(self.orders[name]["bill_id"])
                return answer(self.orders[name])
            case "GET", ["bills", name] if name in self.bills:
                return answer({"id": name, "left": TOTAL - sum(self.paid[name])})
            case "POST", ["bills", name, "payments"] if name in self.bills:
                amount = json.loads(request.body or b"{}").get("amount", 0)
                if not 0 < amount <= TOTAL - sum(self.paid[name]):
                    return answer({"error": "nothing, or too much"}, 409)
                self.paid[name].append(amount)
                return answer({"id": f"payment-{len(self.paid[name])}"}, 201)
        return answer({"error": "unknown"}, 404)


def test_several_bills_are_paid_in_whole() -> None:
    server = Orders()
    both, _ = exchanger(server, Orders(), paths=PATHS)

    walk(both, None, lambda *_: None)

    whole = [name for name, amounts in server.paid.items() if sum(amounts) == TOTAL]
    assert len(whole) > 1, server.paid


def test_what_is_too_much_is_tried_with_the_least_amount() -> None:
    both, _ = exchanger(Orders(), Orders(), paths=PATHS)

    client = walk(both, None, lambda *_: None).client

    payment = client.document.operations["POST /bills/{bill_id}/payments"]
    assert client.template(payment, "")["amount"] == AMOUNT["minimum"]
