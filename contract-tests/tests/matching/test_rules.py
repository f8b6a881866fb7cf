"""Rules that allow differences, their scope, and detection of unused rules."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.scripted import answer, plain_document

from lockstep.compare.answers import Comparer
from lockstep.matching import Clock
from lockstep.matching.bijection import SymbolTable
from lockstep.matching.rules import Rule, Rules
from lockstep.openapi.document import Document
from lockstep.transport.messages import Response

DOCUMENT = Document(plain_document())


def found(rule: Rule | None, left: Any, right: Any) -> tuple[list[str], Rules]:
    """The places that still differ under one rule, and the rules after the comparison."""
    rules = Rules([rule] if rule else [])
    comparer = Comparer(DOCUMENT, SymbolTable(["right"]), Clock(), rules=rules)
    ours, theirs = (one if isinstance(one, Response) else answer(one) for one in (left, right))
    operation = DOCUMENT.operations["listTasks"]
    differences = comparer.compare(operation, ours, theirs, "right", label="listTasks")
    return [difference.where for difference in differences], rules


@pytest.mark.parametrize(
    ("rule", "left", "right", "remaining"),
    [
        (("/*/n", "ignore", None), [{"n": 1}], [{"n": 2}], []),
        (("/*/n", "ignore", None), [{"n": {"a": 1}}], [{"n": {"a": 2}}], []),
        (("/*/n", "ignore", None), [{"m": 1}], [{"m": 2}], ["body /*/m"]),
        (("/*/n", "ignore", None), [{"n": 1}], [{}], []),
        (("", "unordered", None), [{"n": 1}, {"n": 2}], [{"n": 2}, {"n": 1}], []),
        (("", "unordered", None), [{"n": 1}, {"n": 2}], [{"n": 2}, {"n": 3}], ["body /*/n"]),
        (("/*/t", "unordered", None), [{"t": ["a", "b"]}], [{"t": ["b", "a"]}], []),
        (("/*/n", "tolerance", 0.5), [{"n": 1}], [{"n": 1.4}], []),
        (("/*/n", "tolerance", 0.5), [{"n": 1}], [{"n": 1.6}], ["body /*/n"]),
        (
            ("/*/due", "tolerance", 60),
            [{"due": "2020-01-01T00:00:00Z"}],
            [{"due": "2020-01-01T00:00:59Z"}],
            [],
        ),
        (
            ("header X-A", "ignore", None),
            answer([], headers={"X-A": "1"}),
            answer([], headers={"X-A": "2"}),
            [],
        ),
        (("status", "statuses_alike", (400, 422)), answer([], 400), answer([], 422), []),
        (("status", "statuses_alike", (400, 422)), answer([], 400), answer([], 404), ["status"]),
    ],
)
def test_rule_allows_exactly_the_difference_it_describes(
    rule: tuple[str, str, Any], left: Any, right: Any, remaining: list[str]
) -> None:
    where, kind, value = rule
    assert found(None, left, right)[0] != []
    places, rules = found(Rule("*", where, kind, "by design", value), left, right)
    assert places == remaining
    if not remaining:
        assert rules.unused() == []


def test_rule_for_another_operation_is_ignored_and_reported_unused() -> None:
    rule = Rule("getTask", "/*/n", "ignore", "by design")
    places, rules = found(rule, [{"n": 1}], [{"n": 2}])
    assert places == ["body /*/n"]
    assert rules.unused() == ["a rule was never used: getTask, body /*/n: ignore (by design)"]


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (("x", "nonsense", "why", None), "a rule is one of"),
        (("x", "ignore", " ", None), "needs a reason"),
        (("x", "tolerance", "why", None), "needs a number"),
        (("x", "statuses_alike", "why", (400,)), "two statuses or more"),
    ],
)
def test_invalid_rule_is_rejected(rule: tuple[str, str, str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Rule("*", *rule)
