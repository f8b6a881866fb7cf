"""Checks whether steps cause a count to differ, or only show a difference that others left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from lockstep.confirm.dependencies import Exchanges, needed
from lockstep.openapi.schema_lookup import parts_of
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.findings import Finding
from lockstep.results.grounding import list_elements, parsed
from lockstep.transport.messages import Outcome, Response, status_of


def made_by(exchanges: Exchanges) -> int:
    """Return the number of steps that may have created something."""
    writes = (e for e in exchanges if e.group is None and e.request.method not in SAFE_METHODS)
    return sum(map(has_succeeded, writes))


def is_beyond_list(exchanges: Exchanges) -> bool:
    """Whether steps may have created more than the last response lists."""
    longest = max(len(list(list_elements(each))) for each in exchanges[-1].outcomes.values())
    return made_by(exchanges) > longest


def counts_others(finding: Finding, exchanges: Exchanges) -> bool:
    """Whether a target's count is larger than the number of creations in the steps."""
    if finding.signature.how != "count":
        return False
    found = chain.from_iterable(exchanges[-1].differences.values())
    counts = [text for one in found if one.where == finding.where for text in (one.left, one.right)]
    return max((int(text) for text in counts if text.isdigit()), default=0) > made_by(exchanges)


def with_early_request(exchanges: Exchanges) -> tuple[Exchanges, int]:
    """Insert the last request before anything is created; returns the steps and its index.

    The requests that it depends on, such as a log-in, come first.
    """
    last = exchanges[-1]
    # At that point, the resources in the last response do not exist yet.
    empty: dict[str, Outcome] = dict.fromkeys(last.outcomes, Response(200))
    first = replace(last, outcomes=empty)
    *before, _ = needed(exchanges)
    others = tuple(each for each in exchanges if each not in before)
    return (*before, first, *others), len(before)


def grows_differently(exchanges: Exchanges, at: int, where: str) -> bool:
    """Whether a count has grown by different amounts on the targets since a step."""
    before, after = exchanges[at].outcomes, exchanges[-1].outcomes
    growth = {_count(after[name], where) - _count(before[name], where) for name in after}
    return len(growth) > 1


def has_succeeded(exchange: Exchange) -> bool:
    """Whether no target has refused a request."""
    statuses = (status_of(outcome) or 599 for outcome in exchange.outcomes.values())
    return all(status < 400 for status in statuses)


def _count(outcome: Outcome, where: str) -> int:
    node = parsed(outcome)
    for part in parts_of(where):
        node = next(_inside(node, part), None)
    return node if isinstance(node, int) else 0


def _inside(node: Any, part: str) -> Iterator[Any]:
    if isinstance(node, dict) and part in node:
        yield node[part]
