"""Whether lists differ by more than by the things that exist on one side only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from lockstep.matching.bijection import Bijection
from lockstep.openapi.naming import is_id
from lockstep.results.grounding import list_elements, parsed
from lockstep.results.trace import Exchange
from lockstep.transport.messages import Outcome, Response

_MORE = re.compile(r"next|cursor|more|after|continu", re.IGNORECASE)
_PAGE = re.compile(r"page|offset|cursor|after|before|skip|start|since", re.IGNORECASE)
_SIZE = re.compile(r"limit|size|per_?page|count|first|top|max", re.IGNORECASE)
# Lists of equal length that are longer than this may be pages, whatever they say.
_SHORT = 5


def differs_beyond(
    exchange: Exchange, partner: str, bijection: Bijection, is_divergent: Callable[[str], bool]
) -> bool:
    """Whether a thing that both have, and alike, is listed by one alone, or in another place.

    What only one side has may take the place of another thing at the end of a page: of a list that
    goes on, only the order of what both show counts.
    """
    leader = next(iter(exchange.outcomes))
    left, right = (_ids(exchange.outcomes[name]) for name in (leader, partner))
    if left is None or right is None:
        return False
    images = {one: bijection.images(one) or {one} for one in left}
    both = [one for one in left if images[one] & set(right)]
    places = [min(right.index(image) for image in images[one] & set(right)) for one in both]
    if places != sorted(places):
        return not any(map(is_divergent, both))
    if _goes_on(exchange, [left, right]):
        return False
    shown = set().union(*(images[one] for one in both))
    left_only = (one for one in left if one not in both and bijection.images(one))
    right_only = (one for one in right if one not in shown)
    origins = (origin for one in right_only for origin in bijection.origins(one))
    return any(not is_divergent(one) for one in (*left_only, *origins))


def differs_in_pairs(exchange: Exchange, partner: str, bijection: Bijection, where: str) -> bool:
    """Whether a member of a list's elements differs in one that stands for the same thing.

    Elements at the same place may be two things, once one side has a thing more. Also true where
    that cannot be told.
    """
    member = where.rpartition("/*/")[2].split("/")
    leader = next(iter(exchange.outcomes))
    left, right = (_by_id(exchange.outcomes[name]) for name in (leader, partner))
    if left is None or right is None or where.count("*") != 1:
        return True
    pairs = (
        (element, right[image])
        for one, element in left.items()
        for image in (bijection.images(one) or {one}) & right.keys()
    )
    return any(_inside(ours, member) != _inside(theirs, member) for ours, theirs in pairs)


def _by_id(outcome: Outcome) -> dict[str, Mapping[str, Any]] | None:
    ids = _ids(outcome)
    return dict(zip(ids, list_elements(outcome), strict=True)) if ids is not None else None


def _inside(element: Any, member: Sequence[str]) -> Any:
    for name in member:
        element = element.get(name) if isinstance(element, Mapping) else None
    return element


def _ids(outcome: Outcome) -> list[str] | None:
    """The ids of the elements of a list; `None` where one has none, or where it is no list."""
    if not isinstance(outcome, Response) or outcome.status >= 300:
        return None
    found = [_id(element) for element in list_elements(outcome)]
    return None if None in found or len(set(found)) < len(found) else [str(one) for one in found]


def _id(element: Mapping[str, Any]) -> str | None:
    named = {name: value for name, value in element.items() if is_id(name)}
    value = named.get("id", next(iter(named.values()), None))
    return str(value) if isinstance(value, str | int) else None


def _goes_on(exchange: Exchange, lists: Sequence[Sequence[str]]) -> bool:
    query = dict(parse_qsl(exchange.request.path.partition("?")[2]))
    longest, shortest = max(map(len, lists)), min(map(len, lists))
    if any(map(_PAGE.search, query)) or (longest == shortest and longest > _SHORT):
        return True
    sizes = (value for name, value in query.items() if _SIZE.search(name))
    if any(value.isdigit() and longest >= int(value) for value in sizes):
        return True
    return any(map(_tells_of_more, exchange.outcomes.values()))


def _tells_of_more(outcome: Outcome) -> bool:
    if not isinstance(outcome, Response):
        return False
    body = parsed(outcome)
    told = body.items() if isinstance(body, dict) else ()
    links = outcome.header("link") or ""
    return 'rel="next"' in links or any(
        value and not isinstance(value, list) and _MORE.search(name) for name, value in told
    )
