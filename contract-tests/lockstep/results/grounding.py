"""Whether steps show all that they need by themselves, or lean on what others left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from lockstep.bodies.tables import is_table, parse_table
from lockstep.openapi.naming import is_id
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.transport.json_bodies import json_of, scalars
from lockstep.transport.messages import Outcome, Response

# Elements beyond these say no more.
_LOOKED_AT = 50
_NAMING = frozenset({"slug", "name", "key", "code", "username", "login", "email"})


def is_grounded(steps: Sequence[Exchange]) -> bool:
    """Whether the elements of the last answer's lists were all made by the steps themselves.

    Only then do the steps show the same on a server where nothing is yet. The elements are known by
    their ids or names, which an earlier answer must have shown.
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
    """All plain values of an answer: those of a log-in are looked at again and again."""
    return frozenset(scalars(parsed(outcome)))


def list_elements(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """The objects in the outermost lists of an answer."""
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
    """The JSON of an answer, or the rows of its table, `None` if it is neither."""
    if not isinstance(outcome, Response):
        return None
    content_type = outcome.header("content-type")
    if not is_table(content_type):
        return json_of(outcome.body)
    try:
        return parse_table(content_type, outcome.body)
    except ValueError:
        return None
