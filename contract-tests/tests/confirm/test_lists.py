"""Lists and counts are shown again, whatever others have left in them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
from fixtures.observed import Observed, ask, get, post
from fixtures.scripted import Scripted, answer, exchanger

from lockstep.confirm import Confirmer
from lockstep.confirm.budget import Budget
from lockstep.confirm.growth import with_whole_page
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.findings import Finding
from lockstep.transport.messages import Request, Response


@dataclass
class Tasks:
    """A server of tasks, of which the second page may begin too late, or the total be too high."""

    first_id: int
    fault: str = ""
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: int = 0

    def __call__(self, request: Request) -> Response:
        path, _, query = request.path.partition("?")
        key = path.rpartition("/")[2]
        if request.method == "POST":
            self.made += 1
            task = {"id": f"{self.first_id + self.made:08}", **json.loads(request.body or b"")}
            self.tasks[task["id"]] = task
            return answer(task, 201)
        if request.method == "DELETE":
            return answer(status=204 if self.tasks.pop(key, None) else 404)
        asked = {name: int(value) for name, value in parse_qsl(query)}
        start = (asked.get("page", 1) - 1) * asked.get("limit", 20)
        start += self.fault == "page" and start > 0
        listed = list(self.tasks.values())[start : start + asked.get("limit", 20)]
        total = self.made if self.fault == "total" else len(self.tasks)
        return answer({"data": listed, "total": total})


@dataclass
class Pair:
    """A sound server and one with a fault; five tasks are there from before."""

    fault: str
    exchanger: Exchanger = field(init=False)

    def __post_init__(self) -> None:
        servers = Tasks(0), Tasks(5_000, self.fault)
        targets = [Scripted(*named) for named in zip(("old", "new"), servers, strict=True)]
        self.exchanger = Exchanger(Observed().log, targets)
        for number in range(5):
            self.exchanger.send(post({"title": f"task {number}"}))

    def confirmed(self) -> Finding:
        """The one finding of lists, confirmed as at the end of a run."""
        log = self.exchanger.ledger
        (found,) = [one for one in log.findings.all() if one.signature.kind == "list"]
        again = Exchanger(log, self.exchanger.targets)
        Confirmer(again, Budget(400, 20)).confirm([[found]])
        return found


def methods(found: Finding) -> list[str]:
    """The methods of the steps of a finding."""
    return [step.request.method for step in found.sequence]


@pytest.mark.parametrize("query", ["page=2&limit=2", "page=3&limit=2"])
def test_a_page_that_shows_others_things_shows_that_it_begins_elsewhere(query: str) -> None:
    pair = Pair("page")
    pair.exchanger.send(get(f"/tasks?{query}"))
    found = pair.confirmed()
    assert found.reproduced is True
    assert methods(found)[-2:] == ["POST", "GET"]


def test_a_count_of_what_is_gone_names_the_write_after_which_it_differs() -> None:
    pair = Pair("total")
    pair.exchanger.send(get("/tasks"))
    pair.exchanger.send(ask("DELETE", "/tasks/00000002"))
    pair.exchanger.send(get("/tasks"))
    found = pair.confirmed()
    assert found.reproduced is True
    assert methods(found)[-2:] == ["DELETE", "GET"]
    assert found.effect_of == "DELETE /tasks/{task_id}"


@pytest.mark.parametrize(
    ("path", "before", "now", "fitted"),
    [
        ("/tasks?limit=6", 6, 9, "/tasks?limit=9"),
        ("/tasks?state=a+b&limit=6", 6, 2, "/tasks?state=a+b&limit=2"),
        ("/tasks?limit=6", 6, 6, None),
        ("/tasks?limit=5", 6, 9, None),
        ("/tasks?limit=6", 6, 1, None),
        ("/tasks", 6, 9, None),
    ],
)
def test_a_page_that_was_just_full_is_asked_for_as_a_whole_again(
    path: str, before: int, now: int, fitted: str | None
) -> None:
    seen = Observed()
    step, played = (
        seen.hear(get(path), answer({"data": [], "total": total})) for total in (before, now)
    )
    found = with_whole_page(step, played)
    assert (found.request.path if found is not None else None) == fitted


def test_what_is_left_out_of_a_catalogue_that_nobody_changes_is_no_consequence() -> None:
    places = [{"id": "ath-0017", "name": "Athens"}, {"id": "bcn-0018", "name": "Barcelona"}]
    listed = {
        "type": "array",
        "items": {"type": "object", "properties": {"id": {"type": "string"}}},
    }
    ok = {"200": {"description": "ok", "content": {"application/json": {"schema": listed}}}}
    both, targets = exchanger(
        lambda _: answer(places),
        lambda _: answer(places[1:]),
        paths={"/places": {"get": {"operationId": "listPlaces", "responses": ok}}},
    )
    both.send(Request("GET", "/places?box=1", operation="listPlaces"))
    (found,) = both.ledger.findings.all()
    Confirmer(Exchanger(both.ledger, targets), Budget(400, 20)).confirm([[found]])
    assert found.reproduced is True
