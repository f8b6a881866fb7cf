"""The engine sends JSON sequences, and operations with methods that only OpenAPI 3.2 has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest
from fixtures.scripted import Scripted, answer

from lockstep.bodies.sequences import encode_items, read_json
from lockstep.drivers.fuzz.as_sent import is_valid_body
from lockstep.drivers.fuzz.driver import fuzz
from lockstep.drivers.fuzz.settings import FuzzSettings
from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.media import content, encoded, media_types
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.inputs import inputs_of
from lockstep.results.coverage import Coverage
from lockstep.results.findings import Findings
from lockstep.results.request_reader import RequestReader
from lockstep.results.run_log import RunLog
from lockstep.transport.messages import Outcome, Request

ITEM = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
ITEMS = {"type": "array", "items": ITEM}
AMOUNTS = FuzzSettings(phases=("coverage", "fuzzing"), max_examples=3)


def described(body: Mapping[str, Any], **operations: Mapping[str, Any]) -> Document:
    """Return a document of one path, whose `POST` has a body with the content `body`."""
    ok = {"200": {"description": "ok"}}
    post = {
        "operationId": "add",
        "requestBody": {"required": True, "content": body},
        "responses": ok,
    }
    item = {
        "post": post,
        "additionalOperations": {k: {**v, "responses": ok} for k, v in operations.items()},
    }
    return Document({"openapi": "3.2.0", "paths": {"/x": item}})


def sent(document: Document) -> list[Request]:
    """Return the requests of the engine to two targets that accept everything."""

    def answers(_request: Request) -> Outcome:
        return answer({})

    targets = [Scripted("left", answers), Scripted("right", answers)]
    ledger = RunLog(document, Conformance(document), Coverage(document), Findings([]))
    problems = fuzz([(Exchanger(ledger, targets), None)], AMOUNTS, 0, lambda *_: None)
    assert problems == []
    assert targets[0].sent == targets[1].sent
    return targets[0].sent


@pytest.mark.parametrize(
    "body",
    [
        {"application/x-ndjson": {"itemSchema": ITEM}},
        {"application/jsonl": {"schema": ITEM}},
        {"application/jsonl": {"schema": ITEMS}},
        {"application/json-seq": {"schema": ITEMS, "itemSchema": ITEM}},
    ],
)
def test_the_engine_sends_sequences_of_valid_and_of_invalid_items(body: dict[str, Any]) -> None:
    [media_type] = body
    bodies = [each.body for each in sent(described(body)) if each.header("content-type") in body]
    items = [read_json(media_type, each or b"") for each in bodies]
    validator = jsonschema_rs.validator_for(ITEM)
    assert any(several and all(map(validator.is_valid, several)) for several in items)
    assert any(not validator.is_valid(each) for several in items for each in several)
    assert all(each.startswith(b"\x1e") for each in bodies if each and "seq" in media_type)


def test_operations_of_any_method_are_tested_by_their_own_parameters() -> None:
    own = {
        "operationId": "copy",
        "requestBody": {"content": {"application/json": {"schema": ITEM}}},
        "parameters": [{"name": "to", "in": "query", "required": True, "schema": {}}],
    }
    document = described({"application/json": {"schema": ITEM}}, COPY=own)
    found = [each for each in sent(document) if each.method == "COPY"]
    assert all(document.label(each.method, each.path) == "copy" for each in found)
    assert any(b'"id": ' in (each.body or b"") for each in found)
    assert any("?to=" in each.path for each in found)
    assert not any("#" in each.path for each in found)


def test_the_walk_sends_at_least_one_item() -> None:
    document = described({"application/x-ndjson": {"itemSchema": ITEM}})
    operation = document.operations["add"]
    [media] = media_types(document, operation)
    data, media_type = encoded(document, media, content(document, media, Style.PLAIN))
    assert media_type == "application/x-ndjson"
    assert jsonschema_rs.validator_for(ITEM).is_valid(json.loads(data))
    seen = inputs_of(document, operation)
    seen.note(Request("POST", "/x", (("Content-Type", media_type),), data * 2), authorised=False)
    assert "*/id" in seen.seen["members"]


@pytest.mark.parametrize(
    ("body", "valid"),
    [(b'{"id":1}\n{"id":2}', True), (b"", True), (b'{"id":1}\n{}', False), (b"{", False)],
)
def test_a_sequence_is_validated_as_it_was_sent(body: bytes, valid: bool) -> None:
    document = described({"application/x-ndjson": {"itemSchema": ITEM}})
    request = Request("POST", "/x", (("Content-Type", "application/x-ndjson"),), body)
    operation = document.operations["add"]
    assert is_valid_body(document, Conformance(document), operation, request) is valid


def test_the_faults_of_a_sequence_are_those_of_its_items() -> None:
    document = described({"application/x-ndjson": {"itemSchema": ITEM}})
    reader = RequestReader(document, Conformance(document))
    sent_as = (("Content-Type", "application/x-ndjson"),)
    found = {
        body: [fault.subject for fault in reader.faults(document.operations["add"], request)]
        for body in (b'{"id":1}\n{"id":2}\n', b'{"id":1}\n{}\n')
        for request in [Request("POST", "/x", sent_as, body)]
    }
    assert list(found.values()) == [[], ["*/id"]]


def test_items_are_written_as_they_are_read() -> None:
    values = [{"a": "é\n"}, [1], None]
    for media_type in ("application/x-ndjson", "application/json-seq"):
        assert read_json(media_type, encode_items(media_type, values)) == values
