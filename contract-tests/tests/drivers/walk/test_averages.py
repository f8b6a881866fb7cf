"""Numbers are added whose mean lies between two roundings."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.results.findings import PARITY
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}
ID = {"name": "film_id", "in": "path", "required": True, "schema": TEXT}
STARS = {
    "type": "object",
    "required": ["stars"],
    "properties": {"stars": {"type": "integer", "minimum": 1, "maximum": 5}},
}
FILM = {"type": "object", "required": ["title"], "properties": {"title": TEXT}}


def body(schema: Any) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


PATHS: dict[str, Any] = {
    "/films": {"post": {"requestBody": body(FILM), "responses": {"201": {"description": ""}}}},
    "/films/{film_id}": {
        "get": {
            "operationId": "getFilm",
            "parameters": [ID],
            "responses": {"200": {"description": ""}},
        }
    },
    "/films/{film_id}/ratings": {
        "post": {
            "operationId": "rateFilm",
            "parameters": [ID],
            "requestBody": body(STARS),
            "responses": {"201": {"description": ""}},
        }
    },
}
Rounding = Callable[[Decimal], Decimal]


class Films:
    """A server that shows the mean of a film's ratings."""

    def __init__(self, rounded: Rounding) -> None:
        self.rounded = rounded
        self.ratings: list[list[int]] = []

    def __call__(self, request: Request) -> Outcome:
        sent = json.loads(request.body) if request.body else None
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["films"] if isinstance(sent, dict) and isinstance(sent["title"], str):
                self.ratings.append([])
                return answer({"id": f"film-{len(self.ratings)}"}, 201)
            case "POST", ["films", name, "ratings"] if (found := self._film(name)) is not None:
                stars = sent.get("stars") if isinstance(sent, dict) else None
                if type(stars) is not int or not 1 <= stars <= 5:
                    return answer({"error": "invalid"}, 422)
                found.append(stars)
                return answer({"stars": stars}, 201)
            case "GET", ["films", name] if (found := self._film(name)) is not None:
                mean = Decimal(sum(found)) / len(found) if found else Decimal(0)
                return answer({"id": name, "mean": float(self.rounded(mean))})
        return answer({"error": "unknown"}, 404)

    def _film(self, name: str) -> list[int] | None:
        number = name.removeprefix("film-")
        known = number.isdecimal() and 0 < int(number) <= len(self.ratings)
        return self.ratings[int(number) - 1] if known else None


def half_up(places: str) -> Rounding:
    return lambda mean: mean.quantize(Decimal(places), ROUND_HALF_UP)


def half_even(places: str) -> Rounding:
    return lambda mean: mean.quantize(Decimal(places), ROUND_HALF_EVEN)


def cut_off(mean: Decimal) -> Decimal:
    return Decimal(math.floor(mean * 100)) / 100


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (half_up("0.1"), half_up("0.1"), False),
        (half_up("0.1"), half_even("0.1"), True),
        (half_up("0.01"), half_even("0.01"), True),
        (half_up("0.01"), cut_off, True),
    ],
)
def test_a_mean_that_is_rounded_differently_is_found(
    one: Rounding, other: Rounding, *, differs: bool
) -> None:
    both, _ = exchanger(Films(one), Films(other), paths=PATHS)

    walk(both, None, lambda *_: None)

    findings = (each for each in both.ledger.findings.all() if each.category == PARITY)
    found = {f"{each.operation} {each.where}" for each in findings}
    assert found == ({"getFilm body /mean"} if differs else set())
