"""A fact is found once, whichever target leads in the stages of a run."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.observed import Observed, answer, ask, get, post
from fixtures.scripted import Scripted
from fixtures.scripted import answer as answered

from lockstep.confirm import Confirmer
from lockstep.confirm.budget import Budget
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.findings import Finding
from lockstep.transport.messages import Request, Response

TASK = {"id": "t1", "title": "one", "size": 1}
WITHOUT_SIZE = {"id": "t1", "title": "one"}


@pytest.fixture
def seen() -> Observed:
    """A run in which a task was created."""
    found = Observed()
    found.make("t1")
    return found


def parity(seen: Observed) -> list[Finding]:
    return [one for one in seen.explained() if one.category == "parity"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (TASK, {**TASK, "title": "two"}),
        (TASK, WITHOUT_SIZE),
        (WITHOUT_SIZE, TASK),
        (TASK, {**TASK, "size": None}),
        (TASK, {**TASK, "size": "1"}),
        ({**TASK, "due_at": "2031-01-01T00:00:00Z"}, {**TASK, "due_at": "2031-01-01T00:00:00.0Z"}),
    ],
)
def test_a_member_that_differs_is_one_finding(seen: Observed, ours: Any, theirs: Any) -> None:
    seen.hear(get(), answer(200, ours), answer(200, theirs))
    (before,) = parity(seen)
    values, sentence = before.values, before.sentence
    later = seen.led_by_the_last()
    later.make("t1")
    later.hear(get(), answer(200, theirs), answer(200, ours))
    (found,) = parity(seen)
    assert found.values == values
    assert found.sentence == sentence
    assert found.count == 2


def test_statuses_that_differ_are_one_finding(seen: Observed) -> None:
    seen.statuses(post({}), 400, 201)
    later = seen.led_by_the_last()
    later.statuses(post({}), 201, 400)
    (found,) = parity(seen)
    assert list(found.values.items()) == [("old", "400"), ("new", "201")]


@pytest.mark.parametrize("body", [({"error": "no"}, {"message": "no"}), ("no", "not there")])
def test_a_refusal_in_other_words_is_one_finding(seen: Observed, body: tuple[Any, Any]) -> None:
    left, right = (answer(404, each) for each in body)
    seen.hear(get("/tasks/x1"), left, right)
    seen.led_by_the_last().hear(get("/tasks/x1"), right, left)
    assert len(parity(seen)) == 1


def test_opposite_differences_are_two_findings(seen: Observed) -> None:
    seen.statuses(post({}), 400, 201)
    later = seen.led_by_the_last()
    later.statuses(post({}), 400, 201)
    assert len(parity(seen)) == 2


def test_a_finding_is_reproduced_by_a_stage_with_another_leader(seen: Observed) -> None:
    seen.statuses(ask("DELETE", "/tasks/x1"), 404, 400)

    def refused(status: int) -> Scripted:
        return Scripted("old" if status == 404 else "new", lambda _: answered(status=status))

    turned = Exchanger(seen.log, [refused(400), refused(404)], repairs=False, asks_again=False)
    (found,) = seen.parity()
    Confirmer(turned, Budget(50, 5)).confirm([[found]])
    assert found.reproduced is True
    assert found.values == {"old": "404", "new": "400"}


def test_the_sides_of_a_list_are_reported_by_name(seen: Observed) -> None:
    def page(*names: str) -> Response:
        return answer(200, {"data": [{"id": each, "title": each} for each in names]})

    request = Request("GET", "/tasks", actor="alice")
    for stage in (seen, seen.led_by_the_last()):
        stage.make(*(() if stage is seen else ("t1",)), "t2")
        pages = dict(zip(seen.names, (page("t1", "t2"), page("t1")), strict=True))
        stage.hear(request, *(pages[name] for name in stage.names))
    (found,) = parity(seen)
    assert found.values["old"].startswith("2 ")
    assert found.values["new"].startswith("1 ")
