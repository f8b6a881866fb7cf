"""A walk asks for each media type that a response may have, and prefers one by its weight."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.negotiation import offered
from lockstep.drivers.walk.reader import Reader
from lockstep.openapi.document import Document

CSV, JSON, PROBLEM = "text/csv", "application/json", "application/problem+json"


def report(*types: str) -> dict[str, Any]:
    content: dict[str, Any] = {name: {"schema": {}} for name in types}
    answers = {"200": {"description": "ok", "content": content}}
    return {"/report": {"get": {"operationId": "getReport", "responses": answers}}}


def accepted(*types: str) -> list[str]:
    """Return the values of `Accept` with which a report of some media types is read twice."""

    def answers(_request: object) -> Any:
        return answer({"size": 1})

    running, targets = exchanger(answers, answers, paths=report(*types))
    reader = Reader(Maker(Client(running, None, lambda *_: None)))
    operation = reader.client.document.operations["getReport"]
    for _ in range(2):
        reader.read(operation)
    found = (request.header("accept") for request in targets[0].sent)
    return [text for text in found if text is not None]


def test_each_type_is_asked_for_and_preferred() -> None:
    weighed = [f"{JSON};q=0.5, {CSV}", f"{CSV};q=0.5, {JSON}"]
    unknown = "application/x-lockstep"
    once = [*weighed, f"{unknown}, {CSV};q=0.2", unknown]
    assert accepted(JSON, CSV) == [CSV, JSON, *once, CSV, JSON]


def test_a_type_is_preferred_once_there_is_something_to_read() -> None:
    ready: list[bool] = []

    def answers(_request: object) -> Any:
        return answer({"size": 1}) if ready else answer({}, status=409)

    running, targets = exchanger(answers, answers, paths=report(JSON, CSV))
    reader = Reader(Maker(Client(running, None, lambda *_: None)))
    operation = reader.client.document.operations["getReport"]
    reader.read(operation)
    before = len(targets[0].sent)
    ready.append(True)
    reader.read(operation)
    found = [request.header("accept") for request in targets[0].sent[before:]]
    assert f"{JSON};q=0.5, {CSV}" in found


@pytest.mark.parametrize("types", [(JSON,), (JSON, PROBLEM), ("*/*", JSON), ()])
def test_a_single_type_leaves_no_choice(types: tuple[str, ...]) -> None:
    assert accepted(*types) == []


def test_parameters_of_types_do_not_count() -> None:
    paths = report(f"{CSV}; charset=utf-8", "TEXT/CSV", JSON)
    document = Document({"openapi": "3.1.0", "info": {}, "paths": paths})
    assert offered(document.operations["getReport"]) == [CSV, JSON]
