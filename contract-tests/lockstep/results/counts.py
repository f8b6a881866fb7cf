"""Recognises members and header fields with the number of elements of a list."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lockstep.matching import Difference
from lockstep.results.exchange import Exchange
from lockstep.results.grounding import parsed
from lockstep.transport.messages import Outcome, Response

_COUNTING = re.compile(
    r".*(count|total|size|length|pages|next|prev|previous|last|cursor|more)$", re.IGNORECASE
)
_OF_PAGES = re.compile(r".*pages", re.IGNORECASE)
_TOTAL = re.compile(r".*(total|count)|total.*(?<!pages)", re.IGNORECASE)
_TOTAL_HEADER = re.compile(r"header (.+-)?(total|count)(-.+)?")
_TOTAL_NAME = re.compile(
    r"(.+[-_])?(total|count)|total([-_]?(count|items|elements|results))?", re.IGNORECASE
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def counts_elements(exchange: Exchange, difference: Difference) -> bool:
    """Whether a number beside a list is the number of its elements."""
    where, body = difference.where, parsed(exchange.leader)
    beside = where.count("/") == 1 and isinstance(body, dict)
    numbers = all(_NUMBER.fullmatch(text) for text in (difference.left, difference.right))
    if not (beside and numbers and _COUNTING.fullmatch(where)):
        return False
    if _OF_PAGES.fullmatch(where) and _agree_on_total(exchange):
        # How many pages they take is worked out from how many there are.
        return False
    listed = any(isinstance(member, list) for member in body.values())
    return listed and float(difference.left) != float(difference.right)


def _agree_on_total(exchange: Exchange) -> bool:
    """Whether all answers count the same number of things beside a list."""
    bodies = [parsed(outcome) for outcome in exchange.outcomes.values()]
    totals = [
        {name: n for name, n in body.items() if type(n) is int and _TOTAL.fullmatch(name)}
        for body in bodies
        if isinstance(body, dict)
    ]
    return len(totals) == len(bodies) and bool(totals[0]) and all(t == totals[0] for t in totals)


def counts_list(where: str) -> bool:
    """Whether a member outside of the elements is named like the count or a link of a list."""
    return "*" not in where and _COUNTING.fullmatch(where) is not None


def is_total(difference: Difference) -> bool:
    """Whether a header field has the number of elements of a list, of which a page is shown."""
    texts = (difference.left, difference.right)
    return _TOTAL_HEADER.fullmatch(difference.where) is not None and all(map(str.isdigit, texts))


def total_of(answer: Outcome) -> int:
    """Return the number of elements of a list by a header field, or a member beside the page.

    Zero if the response does not show it.
    """
    given = answer.headers if isinstance(answer, Response) else ()
    headers = (value for name, value in given if _TOTAL_NAME.fullmatch(name))
    body = parsed(answer)
    nodes = [body, *body.values()] if isinstance(body, Mapping) else []
    beside = [item for node in nodes if isinstance(node, Mapping) for item in node.items()]
    members = (value for name, value in beside if _TOTAL_NAME.fullmatch(name))
    texts = (str(value) for value in (*headers, *members) if type(value) in (int, str))
    return next((int(text) for text in texts if text.isdecimal()), 0)
