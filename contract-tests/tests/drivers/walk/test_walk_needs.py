"""A walk fills a cart with what is in stock before it checks out, and tries what it then has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fixtures.scripted import Scripted, answer

from lockstep.drivers.walk.bodies import ample
from lockstep.drivers.walk.creators import creators
from lockstep.drivers.walk.driver import walk
from lockstep.drivers.walk.needs import fills
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.naming import is_idempotency_key
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Outcome, Request

WHOLE = {"type": "integer", "minimum": 0}
PRODUCT = {"$ref": "#/components/schemas/Product"}
ORDER = {"$ref": "#/components/schemas/Order"}


def returns(schema: dict[str, Any], status: str = "200") -> dict[str, Any]:
    return {status: {"description": "ok", "content": {"application/json": {"schema": schema}}}}


def takes(**members: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": [*members][:1], "properties": members}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def paths() -> dict[str, Any]:
    key = {"name": "Idempotency-Key", "in": "header", "required": True}
    product = {"name": "product_id", "in": "path", "required": True, "schema": {"type": "integer"}}
    order = {"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}}
    stock = {**WHOLE, "maximum": 10_000, "default": 0}
    cart = {"type": "object", "properties": {"items": {"type": "object"}}}
    return {
        "/products": {
            "get": {"responses": returns({"type": "array", "items": PRODUCT})},
            "post": {
                "requestBody": takes(name={"type": "string"}, stock=stock),
                "responses": returns(PRODUCT, "201"),
            },
        },
        "/products/{product_id}": {
            "get": {"parameters": [product], "responses": returns(PRODUCT)},
            "delete": {"parameters": [product], "responses": {"204": {"description": "gone"}}},
        },
        "/coupons": {
            "post": {
                "requestBody": takes(code={"type": "string", "minLength": 3}),
                "responses": returns({"type": "object"}, "201"),
            }
        },
        "/cart/coupon": {
            "put": {
                "requestBody": takes(code={"type": "string", "minLength": 3}),
                "responses": returns(cart),
            }
        },
        "/cart": {"get": {"responses": returns(cart)}},
        "/cart/items/{product_id}": {
            "put": {
                "parameters": [product],
                "requestBody": takes(quantity={"type": "integer", "minimum": 1}),
                "responses": returns(cart),
            }
        },
        "/checkout": {
            "post": {
                "parameters": [{**key, "schema": {"type": "string", "minLength": 8}}],
                "requestBody": takes(place={"type": "string"}, note={"type": "string"}),
                "responses": returns(ORDER, "201"),
            }
        },
        "/orders/{order_id}": {"get": {"parameters": [order], "responses": returns(ORDER)}},
        "/orders/{order_id}/cancel": {"post": {"parameters": [order], "responses": returns(ORDER)}},
        "/orders/{order_id}/pay": {"post": {"parameters": [order], "responses": returns(ORDER)}},
    }


def document() -> dict[str, Any]:
    product = {"id": {"type": "integer"}, "name": {"type": "string"}, "stock": WHOLE}
    order = {"id": {"type": "string"}, "status": {"type": "string"}}
    schemas = {"Product": product, "Order": order}
    named = {name: {"type": "object", "properties": each} for name, each in schemas.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Stall", "version": "1"},
        "paths": paths(),
        "components": {"schemas": named},
    }


class Stall:
    """A shop of one user: what is in stock can be put into the cart, which a checkout takes."""

    def __init__(self) -> None:
        self.products: dict[str, dict[str, Any]] = {}
        self.cart: dict[str, int] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.keys: list[str] = []
        self.coupons: set[str] = set()
        self.used: list[str] = []
        self.asked: list[str] = []
        # What was in the cart when a product was withdrawn.
        self.withdrawn: list[bool] = []

    def __call__(self, request: Request) -> Outcome:
        body = json.loads(request.body or b"{}")
        self.asked.append(f"{request.method} {request.path}")
        match request.method, request.path.partition("?")[0].strip("/").split("/"):
            case "POST", ["products"] if isinstance(body.get("name"), str):
                made = {"id": 1 + len(self.products), "name": body["name"]}
                made["stock"] = body.get("stock", 0)
                self.products[str(made["id"])] = made
                return answer(made, 201)
            case "GET", ["products"]:
                return answer([*self.products.values()])
            case "GET", ["products", name] if name in self.products:
                return answer(self.products[name])
            case "DELETE", ["products", name] if self.products.pop(name, None):
                self.withdrawn.append(self.cart.pop(name, None) is not None)
                return answer(status=204)
            case "POST", ["coupons"] if isinstance(body.get("code"), str):
                self.coupons.add(body["code"].upper())
                return answer({"code": body["code"].upper()}, 201)
            case "PUT", ["cart", "coupon"] if body.get("code") in self.coupons:
                self.used.append(body["code"])
                return answer({"items": self.cart})
            case "GET", ["cart"]:
                return answer({"items": self.cart})
            case "PUT", ["cart", "items", name] if name in self.products:
                if body["quantity"] > self.products[name]["stock"]:
                    return answer({"error": "sold out"}, 409)
                self.cart[name] = body["quantity"]
                return answer({"items": self.cart})
            case "POST", ["checkout"]:
                return self.checkout(request.header("Idempotency-Key") or "")
            case method, ["orders", str(name), *acts] if name in self.orders:
                if method == "POST":
                    self.orders[name]["status"] = str(acts[0])
                return answer(self.orders[name])
        return answer({"error": "no such thing"}, 404)

    def checkout(self, key: str) -> Outcome:
        """Make an order of what is in the cart, once for each key."""
        if not self.cart or key in self.keys:
            return answer({"error": "nothing to order"}, 409)
        self.keys.append(key)
        lines = [{"product_id": int(name)} for name in self.cart]
        self.cart.clear()
        name = f"order-{len(self.orders) + 1:06}"
        self.orders[name] = {"id": name, "status": "open", "lines": lines}
        return answer(self.orders[name], 201)


@pytest.fixture
def read() -> Document:
    return Document(document())


@pytest.fixture
def stalls(tmp_path: Path) -> list[Stall]:
    """Two stalls after a walk."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document()), encoding="utf-8")
    every = [Stall(), Stall()]
    targets = [Scripted(name, one) for name, one in zip(("old", "new"), every, strict=True)]
    walk(Exchanger(Run(Settings(path)).ledger, targets), None, lambda *_: None)
    return every


def test_what_is_in_stock_is_put_into_the_cart_before_a_checkout(stalls: list[Stall]) -> None:
    old, new = stalls
    assert len(old.orders) > 2
    assert len(old.orders) == len(new.orders)
    assert len(set(old.keys)) == len(old.keys)


def test_what_a_checkout_returns_is_tried_like_what_is_made_where_it_stands(
    stalls: list[Stall],
) -> None:
    statuses = [each["status"] for each in stalls[0].orders.values()]
    assert "cancel" in statuses


def test_what_an_act_may_change_elsewhere_is_read_after_it(stalls: list[Stall]) -> None:
    asked = stalls[0].asked
    cancelled = [at for at, each in enumerate(asked) if each.endswith("/cancel")]
    after = {each for at in cancelled for each in asked[at + 1 : at + 5]}
    assert any(each.startswith("GET /products/") for each in after)


def test_a_coupon_is_named_by_the_code_it_was_made_with(stalls: list[Stall]) -> None:
    (old, _) = stalls
    assert len(old.coupons) > 1
    assert old.used


def test_what_is_withdrawn_is_in_the_cart_and_that_is_read_afterwards(stalls: list[Stall]) -> None:
    (old, _) = stalls
    assert True in old.withdrawn
    deleted = next(at for at, each in enumerate(old.asked) if each.startswith("DELETE /products/"))
    assert "GET /cart" in old.asked[deleted : deleted + 8]


def test_a_cart_is_filled_by_what_is_put_into_it(read: Document) -> None:
    filling = [each.path for each in read.operations.values() if fills(read, each)]
    assert filling == ["/cart/coupon", "/cart/items/{product_id}"]


def test_what_returns_a_thing_of_another_name_makes_it(read: Document) -> None:
    found = [each.path for each in creators(read, "/orders/", "order_id", ())]
    assert found == ["/checkout"]


def test_numbers_are_ample_within_their_bounds(read: Document) -> None:
    schema = {
        "properties": {
            "stock": {"type": "integer", "maximum": 10_000},
            "seats": {"type": "integer", "maximum": 8},
            "shelf_id": {"type": "integer"},
            "kind": {"type": "integer", "enum": [1, 2]},
            "price": {"type": "number"},
        }
    }
    assert ample(read, schema) == {"stock": 100, "seats": 8}


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("Idempotency-Key", True), ("x-idempotency-key", True), ("X-Key", False)],
)
def test_an_idempotency_key_is_known_by_its_name(name: str, is_one: bool) -> None:
    assert is_idempotency_key(name) is is_one
