"""A walk reads parts of downloads, where servers offer that."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.scripted import exchanger

from lockstep.drivers.walk.byte_ranges import byte_ranges, offers_ranges
from lockstep.transport.messages import Request, Response

OFFERED = (("Accept-Ranges", "bytes"),)
FILE = b"0123456789"
RANGE = {"name": "Range", "in": "header", "schema": {"type": "string"}}
DESCRIBED = {"description": "some of the bytes"}


def read(
    body: bytes, *, offered: tuple[bool, bool] = (False, False), **operation: Any
) -> tuple[bool, list[str]]:
    """Whether ranges are offered for a download from two servers, and which ones are sent."""
    definition = {"operationId": "getFile", "responses": {"200": {}}} | operation
    answers = [Response(200, OFFERED if each else (), body) for each in offered]
    both, _ = exchanger(
        lambda _: answers[0], lambda _: answers[1], paths={"/file": {"get": definition}}
    )
    exchange = both.send(Request("GET", "/file", operation="getFile"))
    found = both.ledger.document.operations["getFile"]
    return offers_ranges(found, exchange), byte_ranges(found, exchange)


@pytest.mark.parametrize(
    ("operation", "offered", "expected"),
    [
        ({}, (False, False), False),
        ({}, (True, False), False),
        ({}, (True, True), True),
        ({"parameters": [RANGE]}, (False, False), True),
        ({"responses": {"200": {}, "206": DESCRIBED}}, (False, False), True),
    ],
)
def test_ranges_are_offered_by_a_document_or_by_all_servers(
    operation: dict[str, Any], offered: tuple[bool, bool], expected: bool
) -> None:
    assert read(FILE, offered=offered, **operation)[0] is expected


def test_the_start_the_end_and_the_middle_are_read() -> None:
    assert read(FILE)[1] == ["bytes=1-2", "bytes=-2", "bytes=2-", "bytes=1-10", "bytes=-11"]


def test_what_is_past_the_end_is_read_where_a_document_says_what_happens() -> None:
    assert "bytes=10-" in read(FILE, responses={"200": {}, "416": DESCRIBED})[1]


def test_nothing_is_read_of_what_is_too_short_to_show_a_difference() -> None:
    assert read(b"123")[1] == []
