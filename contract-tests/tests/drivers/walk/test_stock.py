"""What is in stock limits what can be ordered, and shows what became of an order."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.drivers.walk.limits import Limits
from lockstep.drivers.walk.reader import Reader
from lockstep.results.findings import PARITY
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}
AMOUNT = {"type": "string", "pattern": r"^\d{1,7}(\.\d{1,3})?$", "examples": ["2.5"]}
ARTICLE = {"name": "article_id", "in": "query", "schema": TEXT}
ORDER = {"name": "order_id", "in": "path", "required": True, "schema": TEXT}
PIECES: dict[str, Any] = {"type": "object", "required": ["article_id", "quantity"]}
PIECES["properties"] = {"article_id": TEXT, "quantity": AMOUNT}
LINES: dict[str, Any] = {"type": "object", "required": ["lines"]}
LINES["properties"] = {"lines": {"type": "array", "items": PIECES}}
STEP: dict[str, Any] = {"type": "object", "required": ["to"]}
STEP["properties"] = {"to": {"type": "string", "enum": ["placed", "cancelled"]}}


def takes(name: str, schema: Any, *parameters: Any) -> dict[str, Any]:
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    answers = {"201": {"description": ""}, "409": {"description": ""}}
    return {
        "operationId": name,
        "parameters": [*parameters],
        "requestBody": body,
        "responses": answers,
    }


def reads(name: str, *parameters: Any) -> dict[str, Any]:
    answers = {"200": {"description": ""}}
    return {"operationId": name, "parameters": [*parameters], "responses": answers}


NAMED = {"name": "article_id", "in": "path", "required": True, "schema": TEXT}
NEW = {"type": "object", "required": ["title"], "properties": {"title": TEXT}}
PATHS: dict[str, Any] = {
    "/articles": {"post": takes("addArticle", NEW)},
    "/articles/{article_id}": {"get": reads("getArticle", NAMED)},
    "/deliveries": {"post": takes("deliver", PIECES)},
    "/stock": {"get": reads("listStock", ARTICLE)},
    "/reservations": {"post": takes("reserve", {**PIECES, "title": "Reservation"})},
    "/orders": {"post": takes("order", LINES)},
    "/orders/{order_id}/transitions": {"post": takes("move", STEP, ORDER)},
}


class Store:
    """A server that sells whole pieces; `faults` are its bugs."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        self.stock: dict[str, Decimal] = {}
        self.orders: list[tuple[str, list[dict[str, Any]]]] = []

    def __call__(self, request: Request) -> Outcome:
        sent = json.loads(request.body) if request.body else None
        body = sent if isinstance(sent, dict) else {}
        path, _, query = request.path.partition("?")
        match request.method, path.strip("/").split("/"):
            case "POST", ["articles"]:
                sku = f"article-{len(self.stock) + 100}"
                self.stock[sku] = Decimal(0)
                return answer({"id": sku, "title": str(body.get("title"))}, 201)
            case "GET", ["articles", sku] if sku in self.stock:
                return answer({"id": sku})
            case "GET", ["stock"]:
                wanted = query.removeprefix("article_id=")
                shown = {s: n for s, n in self.stock.items() if wanted in ("", s) and n}
                return answer(
                    [{"article_id": s, "available": f"{n:.3f}"} for s, n in shown.items()]
                )
            case "POST", ["deliveries"] if self._counts(body):
                self.stock[body["article_id"]] += 10
                return answer(status=204)
            case "POST", ["reservations"] if self._counts(body):
                return answer(status=204 if self._take([body]) else 409)
            case "POST", ["orders"]:
                return self._order(body.get("lines"))
            case "POST", ["orders", name, "transitions"] if self._of(name) is not None:
                return self._move(self._of(name) or 0, body.get("to"))
        return answer({"error": "invalid"}, 422 if request.method == "POST" else 404)

    def _counts(self, line: Any) -> bool:
        if not isinstance(line, dict) or line.get("article_id") not in self.stock:
            return False
        text = line.get("quantity")
        return isinstance(text, str) and Decimal(text) > 0 and Decimal(text) % 1 == 0

    def _of(self, name: str) -> int | None:
        at = int(name[6:]) - 100 if name[6:].isdecimal() else -1
        return at if 0 <= at < len(self.orders) else None

    def _order(self, lines: Any) -> Outcome:
        if not isinstance(lines, list) or not all(map(self._counts, lines)):
            return answer({"error": "invalid"}, 422)
        self.orders.append(("draft", lines))
        return answer({"id": f"order-{len(self.orders) + 99}", "lines": lines}, 201)

    def _take(self, lines: list[dict[str, Any]]) -> bool:
        before = dict(self.stock)
        for line in lines:
            self.stock[line["article_id"]] -= Decimal(line["quantity"])
            if self.stock[line["article_id"]] < 0:
                self.stock[line["article_id"]] += Decimal(line["quantity"])
                self.stock = self.stock if "partly" in self.faults else before
                return False
        return True

    def _move(self, at: int, to: Any) -> Outcome:
        state, lines = self.orders[at]
        if (state, to) not in (
            ("draft", "placed"),
            ("draft", "cancelled"),
            ("placed", "cancelled"),
        ):
            return answer({"error": "state"}, 409)
        if to == "placed" and not (lines and self._take(lines)):
            return answer({"error": "stock"}, 409)
        if (state, to) == ("placed", "cancelled") and "keeps" not in self.faults:
            for line in lines:
                self.stock[line["article_id"]] += Decimal(line["quantity"])
        self.orders[at] = to, lines
        return answer({"id": f"order-{at + 100}", "status": to, "lines": lines})


@pytest.mark.parametrize("fault", ["keeps", "partly"])
def test_what_became_of_an_order_shows_in_the_stock(fault: str) -> None:
    both, _ = exchanger(Store(), Store(fault), paths=PATHS)

    walk(both, None, lambda *_: None)

    found = {each.operation for each in both.ledger.findings.all() if each.category == PARITY}
    assert "listStock" in found


def test_equal_stores_are_alike_and_sell_what_has_been_delivered() -> None:
    left = Store()
    both, _ = exchanger(left, Store(), paths=PATHS)

    maker = walk(both, None, lambda *_: None)

    assert not [each for each in both.ledger.findings.all() if each.category == PARITY]
    states = {state for state, lines in left.orders if lines}
    assert states == {"draft", "placed", "cancelled"}
    # All that new articles have can be reserved, and no more.
    reserve = maker.client.document.operations["reserve"]
    found = Limits(maker, Reader(maker)).all_of_it(reserve)
    assert found is not None
    assert left.stock[found[1]["article_id"]] == Decimal(found[1]["quantity"]) == 10
