"""Generated requests use identifiers created by PUT, and values that were accepted."""

from __future__ import annotations

import random

import pytest
from fixtures.files_server import DOCUMENT, make_files
from fixtures.flask_servers import pair

from lockstep.drivers.fuzz.places import Given, Places, given_by
from lockstep.drivers.fuzz.settings import FuzzSettings
from lockstep.drivers.walk.driver import walk
from lockstep.openapi.document import Document
from lockstep.results.exchange import Exchange
from lockstep.results.findings import PARITY
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response

FILE = "/files/{file}"


@pytest.fixture
def places() -> Places:
    """The places of the file servers, none known."""
    return Places(Document.load(DOCUMENT), random.Random(0))


def heard(places: Places, method: str, path: str, *statuses: int) -> None:
    request = Request(method, path)
    outcomes = {str(at): Response(status) for at, status in enumerate(statuses)}
    places.listen(Exchange(1, request, "", {}, {**outcomes}, {}), [])


def test_a_resource_created_by_put_is_used_until_it_is_deleted(places: Places) -> None:
    reader = places.document.operations["read-file"]
    assert places.values_for(reader) == {}
    heard(places, "PUT", "/files/a%20b", 201, 201)
    assert places.values_for(reader) == {"file": "a b"}
    heard(places, "DELETE", "/files/a%20b", 204, 204)
    assert places.values_for(reader) == {}


def test_a_resource_of_one_side_is_not_used(places: Places) -> None:
    heard(places, "PUT", "/files/a", 201, 400)
    assert places.values_for(places.document.operations["read-file"]) == {}


def test_given_values_are_known_from_the_beginning() -> None:
    given = Given({}, ((FILE, {"file": "a"}),))
    places = Places(Document.load(DOCUMENT), random.Random(0), given)
    assert places.values_for(places.document.operations["store-file"]) == {"file": "a"}


def test_a_walk_passes_on_identifiers_that_are_equal_on_every_target() -> None:
    with pair(make_files) as targets:
        run = Run(Settings(DOCUMENT, require_coverage=False))
        with run.stage("walk", targets), run.lane("walk", targets) as (exchanger, actors):
            given = given_by(walk(exchanger, actors, lambda *_: None))
    assert given.required == {("header", "X-Tenant"): "acme"}
    assert {path for path, _ in given.paths} == {FILE}
    assert all(values["file"] for _, values in given.paths)


def test_generated_requests_refer_to_existing_resources() -> None:
    fuzz = FuzzSettings(phases=("fuzzing",), max_examples=25)
    with pair(make_files) as targets:
        run = Run(Settings(DOCUMENT, require_coverage=False, fuzz=fuzz))
        run.walk(targets)
        before = run.ledger.coverage.operations["read-file"].statuses["old"][200]
        run.fuzz(targets)
        # A random number may identify a resource on one side only, and never again.
        run.confirm_all(targets)
    after = run.ledger.coverage.operations["read-file"].statuses["old"][200]
    assert after - before >= 5
    assert not any(each.category == PARITY for each in run.finish().findings)
