"""Selection of operations by operationId, path, method or tag, with wildcards."""

from __future__ import annotations

import pytest

from lockstep.openapi.document import Document
from lockstep.openapi.selection import matching

RAW = {
    "openapi": "3.1.0",
    "info": {"title": "shop", "version": "1"},
    "paths": {
        "/orders": {
            "get": {"operationId": "listOrders", "responses": {}},
            "post": {"operationId": "createOrder", "responses": {}, "tags": ["writes"]},
        },
        "/orders/{id}": {"get": {"responses": {}}},
        "/admin/reset": {"post": {"operationId": "reset", "responses": {}, "tags": ["admin"]}},
    },
}
DOCUMENT = Document(RAW)
EVERY = list(DOCUMENT.operations.values())


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("createOrder", {"createOrder"}),
        ("CREATEORDER", {"createOrder"}),
        ("/orders", {"listOrders", "createOrder"}),
        ("GET /orders/{id}", {"GET /orders/{id}"}),
        ("/orders*", {"listOrders", "createOrder", "GET /orders/{id}"}),
        ("GET *", {"listOrders", "GET /orders/{id}"}),
        ("tag:admin", {"reset"}),
        ("*Order", {"createOrder"}),
        (" reset ", {"reset"}),
    ],
)
def test_pattern_selects_operations(pattern: str, names: set[str]) -> None:
    assert matching(EVERY, [pattern]) == names


def test_several_patterns_select_the_union() -> None:
    assert matching(EVERY, ["reset", "listOrders"]) == {"reset", "listOrders"}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("createOrders", "no operation matches 'createOrders'; did you mean createOrder"),
        ("/order", "did you mean /orders"),
        ("tag:nothing-like-it", "no operation matches 'tag:nothing-like-it'"),
    ],
)
def test_unknown_pattern_lists_similar_names(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        matching(EVERY, [pattern])


def test_excluded_operation_is_removed_from_the_document() -> None:
    rest = DOCUMENT.without(["reset", "createOrder"])
    assert set(rest.operations) == {"listOrders", "GET /orders/{id}"}
    assert set(rest.raw["paths"]["/orders"]) == {"get"}
    assert rest.find("POST", "/orders") is None
    assert rest.is_excluded("POST", "/orders")
    assert not rest.is_excluded("GET", "/orders")
    assert not rest.is_excluded("POST", "/nowhere")
    assert [one.name for one in rest.excluded] == ["createOrder", "reset"]
    assert "createOrder" in DOCUMENT.operations


def test_additional_operation_can_be_excluded() -> None:
    additional = {"COPY": {"operationId": "copy", "responses": {}}}
    paths = {"/a": {"get": {"responses": {}}, "additionalOperations": additional}}
    document = Document({**RAW, "openapi": "3.2.0", "paths": paths})
    assert set(document.operations) == {"GET /a", "copy"}
    assert set(document.without(["copy"]).operations) == {"GET /a"}
