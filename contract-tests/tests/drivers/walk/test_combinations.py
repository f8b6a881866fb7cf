"""Operations that compute their response get telling values, alone and two at a time."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fixtures.scripted import Answers, answer, exchanger, plain_document

from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.combinations import Combinations
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.telling_values import CLOCK_CHANGES, telling_values
from lockstep.openapi.document import Document
from lockstep.transport.messages import Outcome, Request

UNITS = {"km": "length", "m": "length", "kg": "mass", "g": "mass", "k": "heat", "c": "heat"}
UNIT = {"type": "string", "enum": [*UNITS]}
ZONE = {"type": "string", "enum": ["UTC", "Europe/Berlin", "America/St_Johns"]}
LOCAL = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$"}
OK = {"200": {"description": "ok"}}


def asks(name: str, schema: dict[str, Any], place: str = "query", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": schema, "required": True, **more}


def combined(server: Answers, path: str, **methods: Any) -> list[Request]:
    """Return what is sent to each operation of a path that computes its response."""
    both, (target, _) = exchanger(server, server, paths={path: methods})
    combining = Combinations(Maker(Client(both, None, lambda *_: None)))
    for operation in combining.able():
        if operation.path == path:
            combining.explore(operation)
    return target.sent


def query(request: Request) -> dict[str, str]:
    asked = parse_qs(urlsplit(request.path).query, keep_blank_values=True)
    return {name: values[0] for name, values in asked.items()}


def convert(request: Request) -> Outcome:
    asked = query(request)
    same = UNITS[asked["from"]] == UNITS[asked["to"]]
    return answer({"result": float(asked["value"])}) if same else answer({"error": "units"}, 422)


def test_pairs_of_values_are_built_around_what_has_succeeded() -> None:
    parameters = [asks("value", {"type": "number"}), asks("from", UNIT), asks("to", UNIT)]
    sent = combined(
        convert,
        "/convert",
        get={"operationId": "convert", "parameters": parameters, "responses": OK},
    )
    asked = [query(each) for each in sent]
    fine = [each for each in asked if UNITS[each["from"]] == UNITS[each["to"]]]
    # No pair that differs from the plain request in one unit alone would do.
    assert {each["from"] for each in fine if each["value"] == "0"} == {*UNITS}
    assert {each["from"] for each in fine if each["value"] == "-2.5"} == {*UNITS}
    assert len(asked) <= 151


def test_local_times_that_clocks_skip_or_show_twice_are_those_of_the_zone() -> None:
    parameters = [asks("at", LOCAL), asks("zone", ZONE)]
    sent = combined(
        lambda _: answer({}), "/time", get={"operationId": "time", "parameters": parameters}
    )
    asked = {(query(each)["zone"], query(each)["at"]) for each in sent}
    assert ("Europe/Berlin", "2024-03-31T02:30:00") in asked
    assert ("Europe/Berlin", "2024-10-27T02:30:00") in asked
    assert ("America/St_Johns", "2024-03-10T02:30:00") in asked


def test_a_zone_of_half_an_hour_skips_a_quarter() -> None:
    skipped, twice = (each.local_time("Australia/Lord_Howe") for each in CLOCK_CHANGES)
    assert (skipped, twice) == ("2024-10-06T02:15:00", "2024-04-07T01:45:00")
    datetime.fromisoformat(CLOCK_CHANGES[0].local_time("Asia/Tokyo"))


def statistics(request: Request) -> Outcome:
    return answer({"sum": sum(json.loads(request.body or b"{}")["values"])})


def test_members_of_a_body_get_lists_that_sort_differently_as_texts() -> None:
    numbers = {"type": "array", "items": {"type": "number"}}
    body = {
        "type": "object",
        "required": ["values"],
        "properties": {"values": numbers, "bins": {"type": "integer"}},
    }
    post = {
        "operationId": "describe",
        "responses": OK,
        "requestBody": {"content": {"application/json": {"schema": body}}},
    }
    sent = [
        json.loads(each.body or b"{}") for each in combined(statistics, "/statistics", post=post)
    ]
    assert [10, 9, 100, 1] in [each["values"] for each in sent]
    assert {"values": [], "bins": 1} in sent


def test_what_changes_with_each_request_is_left_alone() -> None:
    count: list[Request] = []

    def counting(request: Request) -> Outcome:
        count.append(request)
        return answer({"id": len(count)})

    body = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
    post = {
        "operationId": "count",
        "responses": OK,
        "requestBody": {"content": {"application/json": {"schema": body}}},
    }
    # Two targets, asked twice.
    assert len(combined(counting, "/counter", post=post)) == 2


@pytest.mark.parametrize("status", ["201", "204"])
def test_creations_are_left_alone(status: str) -> None:
    body = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
    post = {
        "operationId": "make",
        "responses": {status: {}},
        "requestBody": {"content": {"application/json": {"schema": body}}},
    }
    assert not combined(lambda _: answer({}), "/things", post=post)


def test_what_always_fails_is_given_up() -> None:
    parameters = [asks("a", UNIT), asks("b", UNIT)]
    sent = combined(
        lambda _: answer({}, 404), "/gone", get={"operationId": "gone", "parameters": parameters}
    )
    assert len(sent) < 20


def test_telling_values_are_valid() -> None:
    document = Document(plain_document())
    assert telling_values(document, {"type": "integer", "minimum": 1, "maximum": 9}) == [1, 9, 2]
    decimal = {"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,2})?$"}
    assert telling_values(document, decimal) == ["-2.5", "0", "100000", "0.5"]
    assert "2024-02-29" in telling_values(document, {"type": "string", "format": "date"})
    assert telling_values(document, {"enum": ["a", "b"], "type": "string"}) == ["a", "b"]
    assert "" not in telling_values(document, {"type": "string", "minLength": 1})


def test_identifiers_of_the_standards_that_are_named_are_tried() -> None:
    scheme = {"type": "string", "enum": ["iban", "isbn", "other"]}
    parameters = [asks("scheme", scheme, "path"), asks("number", {"type": "string"}, "path")]
    get = {"operationId": "validate", "parameters": parameters, "responses": OK}
    sent = combined(lambda _: answer({}), "/validate/{scheme}/{number}", get=get)
    assert "/validate/isbn/0-8044-2957-X" in [each.path for each in sent]


def test_the_parts_of_a_date_make_a_date_together() -> None:
    bounds = {"year": (1900, 2199), "month": (1, 12), "day": (1, 31)}
    schemas = {n: {"type": "integer", "minimum": a, "maximum": b} for n, (a, b) in bounds.items()}
    parameters = [asks(name, schema, "path", example=3) for name, schema in schemas.items()]
    months = {"type": "integer", "minimum": -9, "maximum": 9, "default": 0}
    parameters.append({**asks("add_months", months), "required": False})
    get = {"operationId": "date", "parameters": parameters, "responses": OK}
    sent = [each.path for each in combined(lambda _: answer({}), "/{year}-{month}-{day}", get=get)]
    assert "/2021-1-1" in sent
    assert "/2024-1-31?add_months=1" in sent
    assert not [path for path in sent if path.endswith("=0")]


def dates(request: Request) -> Outcome:
    sent = json.loads(request.body or b"{}")
    return answer({"dates": []}) if ("count" in sent) != ("until" in sent) else answer({}, 422)


def test_what_is_refused_beside_an_optional_member_is_tried_instead_of_it() -> None:
    day = {"type": "string", "format": "date", "example": "2024-01-15"}
    members = {"start": day, "count": {"type": "integer"}, "until": day}
    schema = {"type": "object", "required": ["start"], "properties": members}
    body = {"schema": schema, "example": {"start": "2024-01-15", "count": 4}}
    post = {
        "operationId": "repeat",
        "responses": OK,
        "requestBody": {"content": {"application/json": body}},
    }
    both, (target, _) = exchanger(dates, dates, paths={"/dates": {"post": post}})
    maker = Maker(Client(both, None, lambda *_: None))
    operation = maker.client.document.operations["repeat"]
    maker.post(operation, {}, "")
    Combinations(maker).explore(operation)
    sent = [json.loads(each.body or b"{}") for each in target.sent]
    assert {"start": "2024-01-31", "until": "2024-01-31"} in sent
