"""What paths identify by a key, such as a serial number, is referred to by it, also in bulk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fixtures.scripted import Scripted, answer

from lockstep.auth.texts import plain_text
from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.driver import walk
from lockstep.drivers.walk.items import Item
from lockstep.drivers.walk.knowledge import Knowledge
from lockstep.drivers.walk.references import References
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Outcome, Request

SERIAL = {"type": "string", "pattern": "^[A-Z]{10}$"}
BIKE = {"$ref": "#/components/schemas/Bike"}


def takes(**members: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": [*members], "properties": members}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def gives(status: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {status: {"description": "ok", "content": {"application/json": {"schema": schema}}}}


def rental_document() -> dict[str, Any]:
    """Bikes with serial numbers, which are rented one by one and checked in several at a time."""
    serial = {"name": "serial", "in": "path", "required": True, "schema": SERIAL}
    title = {"name": "title", "in": "path", "required": True, "schema": {"type": "string"}}
    entry = {"type": "object", "required": ["serial"], "properties": {"serial": SERIAL}}
    entries = {"type": "array", "minItems": 1, "items": entry}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bikes", "version": "1"},
        "paths": {
            "/bikes": {
                "post": {"requestBody": takes(serial=SERIAL), "responses": gives("201", BIKE)}
            },
            "/bikes/{serial}": {"get": {"parameters": [serial], "responses": gives("200", BIKE)}},
            "/notes/{title}": {"get": {"parameters": [title], "responses": gives("200", {})}},
            "/rentals": {
                "post": {"requestBody": takes(serial=SERIAL), "responses": gives("201", {})}
            },
            "/check-ins": {
                "post": {"requestBody": takes(entries=entries), "responses": gives("207", {})}
            },
        },
        "components": {"schemas": {"Bike": {"type": "object", "properties": {"serial": SERIAL}}}},
    }


class Rental:
    """A server in memory; a bike that is not rented cannot be checked in."""

    def __init__(self) -> None:
        self.rented: dict[str, bool] = {}
        self.checked_in: set[str] = set()

    def __call__(self, request: Request) -> Outcome:
        given = json.loads(request.body or b"{}")
        match request.method, request.path.partition("?")[0].split("/")[1:]:
            case "POST", ["bikes"]:
                self.rented[given["serial"]] = False
                return answer(given, 201, {"Location": f"/bikes/{given['serial']}"})
            case "GET", ["bikes", serial] if serial in self.rented:
                return answer({"serial": serial})
            case "POST", ["rentals"]:
                serial = given.get("serial")
                if self.rented.get(serial) is not False:
                    return answer({}, 422 if serial not in self.rented else 409)
                self.rented[serial] = True
                return answer({"number": 1}, 201)
            case "POST", ["check-ins"]:
                results = [{"status": self.check_in(each["serial"])} for each in given["entries"]]
                return answer({"results": results}, 207)
        return answer({}, 404)

    def check_in(self, serial: str) -> int:
        if not self.rented.get(serial):
            return 404 if serial not in self.rented else 409
        self.rented[serial] = False
        self.checked_in.add(serial)
        return 200


def filled(body: Any, about: str, *, by_noun: bool = True) -> Any:
    document = Document(rental_document())
    known = Knowledge(document)
    known.items.append(Item("bike", "ann", {"serial": "OF-ANN", "title": "hers"}, {}))
    return References(document, known, "ann", Style.PLAIN, by_noun=by_noun).fill(body, about)


def test_member_refers_to_what_paths_identify_by_its_name() -> None:
    assert filled({"serial": "x"}, "rental") == {"serial": "OF-ANN"}
    assert filled({"entries": [{"serial": "x"}]}, "return") == {"entries": [{"serial": "OF-ANN"}]}


def test_key_of_a_new_resource_is_its_own() -> None:
    assert filled({"serial": "x"}, "bike") == {"serial": "x"}


def test_member_with_a_common_name_refers_to_nothing() -> None:
    assert filled({"title": "x"}, "rental") == {"title": "x"}


def test_only_what_is_refused_otherwise_refers_by_a_name() -> None:
    assert filled({"serial": "x"}, "rental", by_noun=False) == {"serial": "x"}


def test_walk_rents_bikes_before_it_checks_them_in(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(rental_document()), encoding="utf-8")
    old, new = Rental(), Rental()
    targets = [Scripted("old", old), Scripted("new", new)]
    walk(Exchanger(Run(Settings(path)).ledger, targets), None, lambda *_: None)
    # Others than the text that all requests have in common.
    assert old.checked_in - {plain_text(SERIAL)}
    assert old.checked_in == new.checked_in
