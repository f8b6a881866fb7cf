"""Sharding: every operation belongs to exactly one shard, and the shards cost about the same."""

from __future__ import annotations

from typing import Any

import pytest

from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.sharding import Shard, Share
from lockstep.results.coverage import Coverage


def document(paths: dict[str, list[str]]) -> Document:
    """A document with these paths and methods; the longer a path, the more parameters."""
    answers = {"responses": {"200": {"description": "yes"}}}
    items: dict[str, Any] = {}
    for path, methods in paths.items():
        names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
        items[path] = {method: {"parameters": parameters, **answers} for method in methods}
    info = {"title": "t", "version": "1"}
    return Document({"openapi": "3.1.0", "info": info, "paths": items})


def many(count: int) -> Document:
    """A document of nested resources, of which one has most of the operations."""
    paths: dict[str, list[str]] = {}
    for number in range(count // 5):
        base = f"/repos/{{id}}/part{number % 7}/kind{number}" if number % 3 else f"/kind{number}"
        paths[base] = ["get", "post"]
        paths[f"{base}/{{name}}"] = ["get", "put", "delete"]
    return document(paths)


def shares(of: int, whole: Document) -> list[Share]:
    """The share of each shard."""
    return [Coverage(whole).share(Shard(number, of)) for number in range(1, of + 1)]


@pytest.mark.parametrize(("text", "number", "of"), [("1/1", 1, 1), ("2/5", 2, 5), ("07/12", 7, 12)])
def test_shard_is_parsed(text: str, number: int, of: int) -> None:
    assert Shard.read(text) == Shard(number, of)


@pytest.mark.parametrize("text", ["0/5", "6/5", "a/b", "", "5", "1/0", "-1/5", "1/5/2", "1.5/5"])
def test_invalid_shard_is_rejected_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="shard") as error:
        Shard.read(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("of", [1, 2, 3, 5, 8, 40])
def test_every_operation_belongs_to_exactly_one_shard(of: int) -> None:
    whole = many(60)
    found = [[name for name in whole.operations if share.owns(name)] for share in shares(of, whole)]
    assert sorted(name for names in found for name in names) == sorted(whole.operations)


@pytest.mark.parametrize("of", [2, 5, 8])
def test_shards_have_similar_costs(of: int) -> None:
    whole = many(300)
    costs = Coverage(whole).costs()
    loads = [sum(costs[name] for name in share.owned) for share in shares(of, whole)]
    assert max(loads) <= 1.3 * sum(loads) / of


def test_operations_of_one_resource_stay_in_one_shard() -> None:
    whole = document({f"/kind{n}": ["get", "post"] for n in range(60)} | {"/kind1/{id}": ["get"]})
    owners = [share.owned for share in shares(3, whole)]
    for name in ("POST /kind1", "GET /kind1/{id}"):
        assert [name in owned for owned in owners] == ["GET /kind1" in owned for owned in owners]


def test_sharding_is_deterministic() -> None:
    assert shares(5, many(100)) == shares(5, many(100))


def test_items_are_dealt_by_weight_in_their_order() -> None:
    things = [("a", 9), ("b", 1), ("c", 5), ("d", 4), ("e", 1)]
    dealt = [Shard(number, 2).deal(things, lambda thing: thing[1]) for number in (1, 2)]
    assert dealt == [[("a", 9), ("b", 1)], [("c", 5), ("d", 4), ("e", 1)]]
    assert [Shard(number, 3).part(8) for number in (1, 2, 3)] == [3, 3, 2]


def test_unknown_operation_belongs_to_no_shard_but_to_the_whole_run() -> None:
    operations: list[Operation] = list(many(20).operations.values())
    costs = {one.name: 1.0 for one in operations}
    first = Share.of(Shard(1, 2), operations, costs)
    assert not first.owns("GET (no documented path)")
    assert Share().owns("GET (no documented path)")
