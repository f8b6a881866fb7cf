"""Stored rows are compared with acknowledged writes."""

from typing import Any

from tooling.swap.ledger import Ledger, hold

TASK = {"id": "1", "title": "a"}


def held(acknowledged: list[dict[str, Any]], stored: list[dict[str, Any]], **user: Any) -> Ledger:
    ledger = Ledger()
    known = {"tasks": acknowledged, "is_unsure": False, **user}
    hold(ledger, "tasks", known, {each["id"]: each for each in stored})
    return ledger


def test_acknowledged_and_stored_row_is_correct() -> None:
    assert held([TASK], [TASK]) == Ledger(rows=1)


def test_missing_row_is_lost() -> None:
    assert len(held([TASK], []).lost) == 1


def test_changed_row_is_lost() -> None:
    assert len(held([TASK], [{**TASK, "title": "b"}]).lost) == 1


def test_unacknowledged_row_is_extra() -> None:
    assert len(held([], [TASK]).extra) == 1


def test_unsure_user_may_have_extra_rows_but_no_lost_ones() -> None:
    assert held([], [TASK], is_unsure=True) == Ledger(rows=1)
    assert len(held([TASK], [], is_unsure=True).lost) == 1
