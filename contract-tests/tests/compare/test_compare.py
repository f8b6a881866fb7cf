"""Two responses are equal exactly if they differ only in server-generated values."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.compare.answers import Comparer
from lockstep.matching import Clock
from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.document import Document
from lockstep.transport.messages import NoResponse, Response

RAW: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "responses": {
                    "200": {
                        "description": "ok",
                        "headers": {
                            "ETag": {"x-generated": "etag", "schema": {"type": "string"}},
                            "Retry-After": {"x-generated": "elapsed", "schema": {}},
                        },
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {"$ref": "#/components/schemas/Thing"},
                                }
                            }
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "properties": {
                    "id": {"type": "string", "pattern": "^[0-9a-f-]{36}$", "x-generated": "id"},
                    "made_at": {"type": "string", "x-generated": "time"},
                    "start_time": {"type": "string", "x-generated": "time"},
                    "duration": {"type": "integer", "x-generated": "elapsed"},
                    "inner": {"$ref": "#/components/schemas/Thing"},
                }
            },
            "Sum": {"properties": {"total": {"type": "integer", "x-generated": "elapsed"}}},
        }
    },
}
DOCUMENT = Document(RAW)
OPERATION = DOCUMENT.operations["listThings"]

THINGS = st.recursive(
    st.fixed_dictionaries({}, optional={"id": st.uuids().map(str), "name": st.text()}),
    lambda inner: st.fixed_dictionaries(
        {"name": st.text() | st.integers() | st.none() | st.booleans() | st.lists(st.integers())},
        optional={"id": st.uuids().map(str), "inner": inner},
    ),
    max_leaves=5,
)


def answer(body: Any, **headers: str) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(200, (("Content-Type", "application/json"), *named), data)


def kinds(left: Any, right: Any, comparer: Comparer | None = None) -> list[str]:
    chosen = comparer or Comparer(DOCUMENT, SymbolTable(["right"]), Clock(started=1_767_225_600))
    ours = left if isinstance(left, Response | NoResponse) else answer(left)
    theirs = right if isinstance(right, Response | NoResponse) else answer(right)
    return [difference.kind for difference in chosen.compare(OPERATION, ours, theirs, "right")]


def renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: names.setdefault(item, f"{len(names):08x}-0000-4000-8000-000000000000")
            if key == "id"
            else renamed(item, names)
            for key, item in value.items()
        }
    return [renamed(item, names) for item in value] if isinstance(value, list) else value


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, item in pairs for leaf in leaves(item, (*path, key))]
    return [path]


@given(st.lists(THINGS))
def test_response_equals_itself_with_other_ids(things: list[Any]) -> None:
    assert kinds(things, renamed(things, {})) == []
    assert kinds(renamed(things, {}), things) == []


@given(st.lists(THINGS, min_size=1), st.data())
def test_single_changed_value_is_found_from_both_sides(things: list[Any], data: Any) -> None:
    plain = [leaf for leaf in leaves(things) if leaf[-1] != "id"]
    if not plain:
        return
    *path, last = data.draw(st.sampled_from(plain))
    changed = renamed(things, {})
    node = changed
    for part in path:
        node = node[part]
    node[last] = "\x00 another"
    assert len(kinds(things, changed)) == 1
    assert len(kinds(changed, things)) == 1


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        (b'[{"a":1}]', b'[{"a":1.0}]', "value"),
        (b'[{"a":1}]', b'[{"a":"1"}]', "type"),
        (b'[{"a":1}]', b'[{"a":null}]', "type"),
        (b'[{"a":1,"b":2}]', b'[{"b":2,"a":1}]', "order"),
        (b'[{"a":1}]', b'[{"a": 1}]', "bytes"),
        (b'[{"a":"\xc3\xa9"}]', rb'[{"a":"\u00e9"}]', "bytes"),
        (b'[{"a":1}]', b'[{"a":1,"a":1}]', "repeated"),
        (b"[{}]", b"[{},{}]", "length"),
        (b'[{"a":1}]', b"[{}]", "missing"),
        (b"[{}]", b'[{"a":1}]', "extra"),
        (b'[{"id":"%s"}]' % (b"a" * 36), b'[{"id":"nonsense"}]', "form"),
        (b"<html>", b"<html >", "bytes"),
    ],
)
def test_kinds_of_differences_in_a_body(left: bytes, right: bytes, kind: str) -> None:
    assert kinds(left, right) == [kind]


def test_second_id_of_one_resource_is_a_difference() -> None:
    comparer = Comparer(DOCUMENT, SymbolTable(["right"]), Clock())
    left, right = [{"id": "a" * 36}], [{"id": "b" * 36}]
    assert kinds(left, right, comparer) == []
    assert kinds(left, [{"id": "c" * 36}], comparer) == ["symbol"]
    assert kinds([{"id": "d" * 36}], right, comparer) == ["symbol"]


def test_equal_ids_of_different_resources_are_a_difference() -> None:
    comparer = Comparer(DOCUMENT, SymbolTable(["right"]), Clock())
    assert kinds([{"id": "a" * 36}], [{"id": "b" * 36}], comparer) == []
    assert kinds([{"id": "a" * 36}], [{"id": "a" * 36}], comparer) == ["symbol"]


def test_known_ids_are_matched_inside_text() -> None:
    comparer = Comparer(DOCUMENT, SymbolTable(["right"]), Clock())
    left, right = "a" * 36, "b" * 36
    assert (
        kinds(
            [{"id": left, "path": f"/x/{left}"}], [{"id": right, "path": f"/x/{right}"}], comparer
        )
        == []
    )
    ours, theirs = answer([], Location=f"/x/{left}"), answer([], Location=f"/x/{right}")
    assert kinds(ours, theirs, comparer) == []


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("2026-01-01T00:00:10.000Z", "2026-01-01T00:00:10.900Z", []),
        ("2026-01-01T00:00:10.000Z", "2026-01-01T00:00:16.000Z", ["time"]),
        ("2001-01-01T00:00:10.000Z", "2001-01-01T00:00:10.001Z", ["time"]),
        ("2001-01-01T00:00:10.000Z", "2001-01-01T00:00:10.000Z", []),
        ("2026-01-01T00:00:10.000Z", "2026-01-01T00:00:10Z", ["time"]),
    ],
)
def test_timestamps_may_differ_only_within_the_run_and_the_tolerance(
    left: str, right: str, expected: list[str]
) -> None:
    assert kinds([{"made_at": left}], [{"made_at": right}]) == expected


def test_elapsed_seconds_may_differ_only_if_their_interval_does() -> None:
    early, late = "2026-01-01T00:00:10.000Z", "2026-01-01T00:00:10.900Z"
    same = {"start_time": early, "made_at": early}
    other = {"start_time": early, "made_at": late}
    moved = {"start_time": late, "made_at": early}
    assert kinds([{**same, "duration": 1}], [{**other, "duration": 2}]) == ["elapsed"]
    assert kinds([{**same, "duration": 1}], [{**moved, "duration": 2}]) == []
    assert kinds([{**same, "duration": 1}], [{**moved, "duration": 20}]) == ["elapsed"]


def test_headers_are_compared_by_name_and_value() -> None:
    assert kinds(answer([], A="1"), answer([])) == ["header"]
    assert kinds(answer([], A="1"), answer([], A="2")) == ["header"]
    assert kinds(answer([], A="1", Date="x"), answer([], A="1", Date="y")) == []
    assert kinds(answer([], A="1", Date="x"), answer([], A="1")) == []
    assert kinds(answer([], Retry_After="10"), answer([], Retry_After="12")) == []
    assert kinds(answer([], Retry_After="10"), answer([], Retry_After="30")) == ["header"]


def test_entity_tags_are_matched_and_weakness_is_compared() -> None:
    tag, other = f'"{"a" * 32}"', f'"{"b" * 32}"'
    assert kinds(answer([], ETag=tag), answer([], ETag=other)) == []
    assert kinds(answer([], ETag=tag), answer([], ETag=f"W/{other}")) == ["header"]


def test_different_status_or_missing_response_ends_the_comparison() -> None:
    assert kinds(answer([]), replace(answer([1]), status=404)) == ["status"]
    assert kinds(answer([]), NoResponse("dropped")) == ["outcome"]
    assert kinds(NoResponse("dropped", "a"), NoResponse("dropped", "b")) == []
