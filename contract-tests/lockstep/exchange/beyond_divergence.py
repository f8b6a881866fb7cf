"""Checks whether lists differ by more than the resources that exist on one side only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from lockstep.matching.bijection import Bijection
from lockstep.matching.difference import Difference
from lockstep.openapi.naming import is_id
from lockstep.results.exchange import Exchange
from lockstep.results.grounding import list_elements, parsed
from lockstep.transport.literals import show
from lockstep.transport.messages import Outcome, Response

_MORE = re.compile(r"next|cursor|more|after|continu", re.IGNORECASE)
_PAGE = re.compile(r"page|offset|cursor|after|before|skip|start|since", re.IGNORECASE)
_SIZE = re.compile(r"limit|size|per_?page|count|first|top|max", re.IGNORECASE)
# Lists of equal length above this may be pages, even without other signs of pagination.
_SHORT = 5


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about the elements of a list.

    `names` tells whether a member of this name identifies the element, `is_divergent` whether a
    resource with an identifier exists, or has changed, on one side only.
    """

    bijection: Bijection
    names: Callable[[str], bool]
    is_divergent: Callable[[str], bool]


def differs_beyond(exchange: Exchange, partner: str, known: Known) -> bool:
    """Whether resources equal on both sides are listed on one only, or in another order.

    A resource that only one side has may displace another one at the end of a page: for a list with
    further pages, only the order of the common elements counts.
    """
    leader = next(iter(exchange.outcomes))
    bijection, is_divergent = known.bijection, known.is_divergent
    left, right = (_ids(exchange.outcomes[name], known.names) for name in (leader, partner))
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


def differs_for_same_resource(
    exchange: Exchange, partner: str, known: Known, difference: Difference
) -> bool:
    """Whether a member of list elements differs between elements for the same resource.

    Elements at the same index may be different resources, once one side has one more; and a
    resource may have changed on one side only. Also true if that cannot be determined.
    """
    where = difference.where
    member = where.rpartition("/*/")[2].split("/")
    leader = next(iter(exchange.outcomes))
    left, right = (_by_id(exchange.outcomes[name], known.names) for name in (leader, partner))
    if left is None or right is None or where.count("*") != 1:
        return True
    pairs = [
        (_inside(element, member), _inside(right[image], member))
        for one, element in left.items()
        if not known.is_divergent(one)
        for image in (known.bijection.images(one) or {one}) & right.keys()
    ]
    if difference.kind in ("time", "elapsed"):
        # Clocks always differ a little: look for the pair with the reported values.
        return (difference.left, difference.right) in ((show(a), show(b)) for a, b in pairs)
    return any(ours != theirs for ours, theirs in pairs)


def _by_id(outcome: Outcome, names: Callable[[str], bool]) -> dict[str, Mapping[str, Any]] | None:
    ids = _ids(outcome, names)
    return dict(zip(ids, list_elements(outcome), strict=True)) if ids is not None else None


def _inside(element: Any, member: Sequence[str]) -> Any:
    for name in member:
        element = element.get(name) if isinstance(element, Mapping) else None
    return element


def _ids(outcome: Outcome, names: Callable[[str], bool]) -> list[str] | None:
    """Return the identifiers of a list's elements; `None` if one has none, or it is not a list."""
    if not isinstance(outcome, Response) or outcome.status >= 300:
        return None
    found = [_id(element, names) for element in list_elements(outcome)]
    return None if None in found or len(set(found)) < len(found) else [str(one) for one in found]


def _id(element: Mapping[str, Any], names: Callable[[str], bool]) -> str | None:
    ids = {name: value for name, value in element.items() if is_id(name)}
    keys = (value for name, value in element.items() if names(name))
    value = ids.get("id", next(keys, next(iter(ids.values()), None)))
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
