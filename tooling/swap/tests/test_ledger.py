"""What is stored is held to what was acknowledged."""

from typing import Any

from tooling.swap.ledger import Ledger, hold

TASK = {"id": "1", "title": "a"}


def held(acknowledged: list[dict[str, Any]], stored: list[dict[str, Any]], **user: Any) -> Ledger:
    ledger = Ledger()
    known = {"tasks": acknowledged, "is_unsure": False, **user}
    hold(ledger, "tasks", known, {each["id"]: each for each in stored})
    return ledger


def test_what_is_as_it_was_acknowledged_is_right() -> None:
    assert held([TASK], [TASK]) == Ledger(rows=1)


def test_what_is_not_stored_is_lost() -> None:
    assert len(held([TASK], []).lost) == 1


def test_what_is_stored_otherwise_is_lost() -> None:
    assert len(held([TASK], [{**TASK, "title": "b"}]).lost) == 1


def test_what_was_never_acknowledged_is_told() -> None:
    assert len(held([], [TASK]).extra) == 1


def test_who_is_unsure_may_have_more_but_not_less() -> None:
    assert held([], [TASK], is_unsure=True) == Ledger(rows=1)
    assert len(held([TASK], [], is_unsure=True).lost) == 1
