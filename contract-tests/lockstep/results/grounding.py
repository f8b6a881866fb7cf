"""Checks whether steps are self-contained or depend on what others left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from lockstep.bodies.tables import is_table, parse_table
from lockstep.openapi.naming import is_id
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.transport.json_bodies import json_of, scalars
from lockstep.transport.messages import Outcome, Response

# Upper bound for speed; further elements tell nothing new.
_LOOKED_AT = 50
_NAMING = frozenset({"slug", "name", "key", "code", "username", "login", "email"})


def is_grounded(steps: Sequence[Exchange]) -> bool:
    """Whether the steps themselves created all elements in the last response's lists.

    Only then do the steps reproduce the finding on an empty server. The elements are recognised by
    their ids or names, which an earlier response must have shown.
    """
    last = steps[-1]
    if last.request.method not in SAFE_METHODS:
        return True
    return all(_is_made(steps[:-1], name, outcome) for name, outcome in last.outcomes.items())


def _is_made(before: Sequence[Exchange], name: str, outcome: Outcome) -> bool:
    elements = list(list_elements(outcome))[:_LOOKED_AT]
    if not elements:
        return True
    answers = (step.outcomes[name] for step in before if name in step.outcomes)
    known: set[str] = set()
    for answer in answers:
        known |= _texts(answer)
    return all(_is_known(element, known) for element in elements)


@lru_cache(maxsize=300)
def _texts(outcome: Outcome) -> frozenset[str]:
    """Return all scalars of a response; cached, as those of log-ins are read again and again."""
    return frozenset(scalars(parsed(outcome)))


def list_elements(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """Yield the objects in the outermost lists of a response."""
    node = parsed(outcome)
    lists = [node] if isinstance(node, list) else []
    if isinstance(node, dict):
        lists = [member for member in node.values() if isinstance(member, list)]
    for each in lists:
        yield from (element for element in each if isinstance(element, dict))


def _is_known(element: dict[str, Any], known: set[str]) -> bool:
    named = [str(v) for n, v in element.items() if is_id(n) or n.lower() in _NAMING]
    texts = named or [str(v) for v in element.values() if isinstance(v, str) and len(v) > 5]
    return not texts or any(text in known for text in texts)


def parsed(outcome: Outcome) -> Any:
    """Return the parsed JSON of a response, or the rows of its table, `None` if it is neither."""
    if not isinstance(outcome, Response):
        return None
    content_type = outcome.header("content-type")
    if not is_table(content_type):
        return json_of(outcome.body)
    try:
        return parse_table(content_type, outcome.body)
    except ValueError:
        return None
