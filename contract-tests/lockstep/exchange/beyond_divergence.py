"""Checks whether lists differ by more than the resources that exist on one side only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    left, right = _ids(exchange.outcomes[leader], exchange.outcomes[partner], known)
    if left is None or right is None:
        return False
    images = {one: bijection.images(one) or {one} for one in left}
    both = [one for one in left if images[one] & set(right)]
    steady = [one for one in both if not is_divergent(one)]
    places = [min(right.index(image) for image in images[one] & set(right)) for one in steady]
    if places != sorted(places):
        return True
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
    outcomes = exchange.outcomes[leader], exchange.outcomes[partner]
    left, right = map(_by_id, outcomes, _ids(*outcomes, known))
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
        reported = {difference.left, difference.right}
        return any({show(a), show(b)} == reported for a, b in pairs)
    return any(ours != theirs for ours, theirs in pairs)


def _by_id(outcome: Outcome, ids: Sequence[str] | None) -> dict[str, Mapping[str, Any]] | None:
    return dict(zip(ids, list_elements(outcome), strict=True)) if ids is not None else None


def _inside(element: Any, member: Sequence[str]) -> Any:
    for name in member:
        element = element.get(name) if isinstance(element, Mapping) else None
    return element


def _ids(left: Outcome, right: Outcome, known: Known) -> tuple[list[str] | None, list[str] | None]:
    """Return the identifiers of both lists' elements; `None` if one has none, or it is not a list.

    Either side may have a member that the other lacks, such as an id besides a slug.
    """
    lists = [_elements(outcome) for outcome in (left, right)]
    if any(elements is None for elements in lists):
        return None, None
    ours, theirs = ([*(elements or ())] for elements in lists)
    found = []
    for member in _naming_members([*ours, *theirs], known.names):
        pair = _column(ours, member), _column(theirs, member)
        if None not in pair:
            found.append(pair)
    paired = (pair for pair in found if any(map(known.bijection.images, pair[0] or ())))
    return next(paired, found[0] if found else (None, None))


def _elements(outcome: Outcome) -> Sequence[Mapping[str, Any]] | None:
    if not isinstance(outcome, Response) or outcome.status >= 300:
        return None
    return list(list_elements(outcome))


def _naming_members(
    elements: Iterable[Mapping[str, Any]], names: Callable[[str], bool]
) -> list[str]:
    """The members that may name an element: `id`, then what paths name it by, then other ids."""
    members = dict.fromkeys(name for element in elements for name in element)
    keys = [name for name in members if names(name)]
    ids = [name for name in members if is_id(name)]
    return list(dict.fromkeys([*(["id"] if "id" in ids else []), *keys, *ids]))


def _column(elements: Sequence[Mapping[str, Any]], member: str) -> list[str] | None:
    """The values of a member that tells all elements apart, `None` if it does not."""
    values = [element.get(member) for element in elements]
    texts = [str(value) for value in values if isinstance(value, str | int)]
    return texts if len(set(texts)) == len(elements) else None


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
    members = body.items() if isinstance(body, dict) else ()
    links = outcome.header("link") or ""
    return 'rel="next"' in links or any(
        value and not isinstance(value, list) and _MORE.search(name) for name, value in members
    )
