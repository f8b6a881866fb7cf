"""Lists are compared in what both sides have, however each of them names it."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.scripted import answer

from lockstep.exchange.beyond_divergence import Known, differs_beyond
from lockstep.matching.bijection import SymbolTable
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Outcome, Request

# What one side calls `one` is `one-7` on the other.
OURS = [{"id": 1, "slug": "one"}, {"id": 2, "slug": "two"}]
THEIRS = [{"slug": "one-7"}, {"slug": "two-7"}]


@pytest.fixture
def known() -> Known:
    """Two articles that both sides have, under names of their own; one side shows their ids."""
    bijection = SymbolTable(["new"]).to("new")
    for ours, theirs in zip(OURS, THEIRS, strict=True):
        bijection.learn("article.slug", str(ours["slug"]), str(theirs["slug"]))
    return Known(bijection, lambda member: member == "slug", lambda name: name == "two")


def listed(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> Exchange:
    """What two servers answer to one list."""
    outcomes: dict[str, Outcome] = {
        name: answer({"articles": articles}) for name, articles in (("old", left), ("new", right))
    }
    request = Request("GET", "/articles")
    return Exchange(1, request, "listArticles", dict.fromkeys(outcomes, request), outcomes, {})


def test_an_article_that_one_side_does_not_list_is_known_by_its_slug(known: Known) -> None:
    assert differs_beyond(listed(OURS, []), "new", known)
    assert differs_beyond(listed(OURS, THEIRS[1:]), "new", known)


def test_another_order_shows_though_one_side_alone_has_ids() -> None:
    bijection = SymbolTable(["new"]).to("new")
    for ours, theirs in zip(OURS, THEIRS, strict=True):
        bijection.learn("article.slug", str(ours["slug"]), str(theirs["slug"]))
    known = Known(bijection, lambda member: member == "slug", lambda _: False)
    assert differs_beyond(listed(OURS, THEIRS[::-1]), "new", known)
    assert not differs_beyond(listed(OURS, THEIRS), "new", known)


def test_what_has_parted_does_not_hide_the_order_of_the_others(known: Known) -> None:
    known.bijection.learn("article.slug", "six", "six-7")
    ours, theirs = [*OURS, {"id": 6, "slug": "six"}], [{"slug": "six-7"}, *THEIRS]
    assert differs_beyond(listed(ours, theirs), "new", known)
    assert not differs_beyond(listed(OURS, THEIRS[::-1]), "new", known)


def test_what_has_parted_is_not_missed(known: Known) -> None:
    assert not differs_beyond(listed(OURS, THEIRS[:1]), "new", known)
