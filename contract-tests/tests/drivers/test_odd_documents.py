"""Odd documents and responses cost no operation its requests."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from fixtures.scripted import Scripted, answer, exchanger

from lockstep.bodies.xml import Element, parse_xml
from lockstep.drivers.fuzz.driver import fuzz
from lockstep.drivers.fuzz.settings import FuzzSettings
from lockstep.drivers.probes.driver import probe
from lockstep.drivers.walk.driver import walk
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.results.coverage import Coverage
from lockstep.results.findings import PARITY, Findings
from lockstep.results.run_log import RunLog
from lockstep.transport.messages import Outcome, Request

AMOUNTS = FuzzSettings(phases=("coverage", "fuzzing"), max_examples=3)


class Driven:
    """The requests to two targets, and the log, of a walk, its probes and generated requests."""

    def __init__(self, operation: dict[str, Any], path: str, *bodies: bytes) -> None:
        """Each target responds with its own body of `bodies`, by default with the same one."""
        operation = {"operationId": "x", "responses": {"200": {"description": "ok"}}} | operation
        self.document = Document({"openapi": "3.1.0", "paths": {path: {"post": operation}}})
        left, *others = bodies or (b"{}",)
        right = others[0] if others else left
        self.targets = [
            Scripted("left", lambda _: answer(left)),
            Scripted("right", lambda _: answer(right)),
        ]
        self.log = RunLog(
            self.document, Conformance(self.document), Coverage(self.document), Findings([])
        )
        driver = Exchanger(self.log, self.targets)
        self.problems = [
            *probe(walk(driver, None, lambda *_: None)),
            *fuzz([(driver, None)], AMOUNTS, 0, lambda *_: None),
        ]

    @property
    def sent(self) -> list[Request]:
        """The requests that match the operation."""
        first = self.targets[0].sent
        return [one for one in first if self.document.find(one.method, one.path) is not None]


def described_body(schema: Any, media_type: str = "application/json") -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


def xml_of(request: Request) -> Element | None:
    with suppress(ValueError):
        return parse_xml(request.body or b"")
    return None


def test_a_path_may_have_two_parameters_of_one_name() -> None:
    paths = {"/tasks/{id}/tasks/{id}": {"get": {"operationId": "inner", "responses": {"200": {}}}}}

    def answers(request: Request) -> Outcome:
        return answer({"id": 7, "title": "a"}, 201 if request.method == "POST" else 200)

    driver, targets = exchanger(answers, answers, paths=paths)
    walk(driver, None, lambda *_: None)
    assert "/tasks/7/tasks/7" in {one.path for one in targets[0].sent}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": []},
        {"type": "object", "required": True, "properties": {"a": {"type": "integer"}}},
        {"type": 7},
        {"type": "object", "properties": {"a": None}},
        {"type": "object", "properties": {"a": {"enum": "b"}}, "additionalProperties": "no"},
        {"type": "array", "items": [{"type": "integer"}], "minItems": "1"},
        {"allOf": {"type": "object"}},
        {"oneOf": []},
        {"type": "string", "minLength": -1, "maxLength": None},
        {"type": "object", "properties": {"a": {"type": "integer", "minimum": "1"}}},
    ],
)
def test_a_malformed_schema_costs_no_requests(schema: Any) -> None:
    driven = Driven(described_body(schema), "/a")
    assert [each for each in driven.problems if "bounds never tried" not in each] == []
    assert sum(one.body is not None for one in driven.sent) > 5


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string", "minLength": 10**9}}},
        {"type": "array", "items": {"type": "integer"}, "minItems": 10**8},
        {"type": "object", "properties": {"a": {"type": "string", "maxLength": 10**12}}},
        {"type": "string", "pattern": "^a{100000}$"},
    ],
)
def test_huge_sizes_are_not_sent(schema: Any) -> None:
    driven = Driven(described_body(schema), "/a")
    assert driven.sent
    assert max(len(one.body or b"") for one in driven.sent) < 500_000


def test_bodies_of_xml_are_valid_by_the_names_of_their_schema() -> None:
    schema = {
        "type": "object",
        "xml": {"name": "order"},
        "required": ["id", "lines"],
        "properties": {
            "id": {"type": "integer", "xml": {"attribute": True}},
            "lines": {
                "type": "array",
                "xml": {"wrapped": True},
                "items": {"type": "string", "xml": {"name": "line"}},
            },
        },
    }
    driven = Driven(described_body(schema, "application/xml"), "/a")
    assert driven.problems == []
    roots = list(filter(None, (xml_of(one) for one in driven.sent)))
    valid = [
        root
        for root in roots
        if (root.name, [name for name, _ in root.elements]) == ("order", ["lines"])
        and root.attributes.get("id", "").isdigit()
        and {name for name, _ in root.elements[0][1].elements} == {"line"}
    ]
    assert len(valid) > 3


@pytest.mark.parametrize(
    ("body", "other"),
    [
        (b"[%s]" % (b"9" * 5_000), b"[%s8]" % (b"9" * 4_999)),
        (b"[" * 100_000 + b"]" * 100_000, b"[" * 99_999 + b"]" * 99_999),
    ],
    ids=["a huge integer", "deep nesting"],
)
def test_responses_beyond_the_limits_of_python_are_compared(body: bytes, other: bytes) -> None:
    alike, different = Driven({}, "/a", body), Driven({}, "/a", body, other)
    assert (alike.problems, different.problems) == ([], [])
    assert [one for one in alike.log.findings.all() if one.category == PARITY] == []
    assert [one for one in different.log.findings.all() if one.category == PARITY]
