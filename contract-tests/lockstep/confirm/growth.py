"""Checks which step causes a difference, or whether steps only show one that others left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any
from urllib.parse import parse_qsl, urlencode

from lockstep.confirm.dependencies import Exchanges, dependencies, needed
from lockstep.openapi.schema_lookup import parts_of
from lockstep.results.amounts import distance
from lockstep.results.counts import total_of
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


def grew_after(exchanges: Exchanges, where: str) -> str:
    """The write after which a count began to differ, between two reads of it; empty if unknown."""
    last = exchanges[-1]
    reads = [at for at, each in enumerate(exchanges) if each.request.path == last.request.path]
    for earlier, later in reversed(list(pairwise(reads))):
        if grows_differently(exchanges[: later + 1], earlier, where):
            between = exchanges[earlier + 1 : later]
            writes = (e.label for e in reversed(between) if e.request.method not in SAFE_METHODS)
            return next(writes, "")
    return ""


def written_before(finding: Finding, exchanges: Exchanges) -> str:
    """Return the label of the write whose effect a read shows, if its own responses were equal.

    What a creation does to a number, such as a balance, is an effect, too.
    """
    last = exchanges[-1]
    if last.request.method not in SAFE_METHODS:
        return ""
    needs = dependencies(exchanges)
    makers = set().union(*needs) if needs else set()
    is_number = finding.kind == "value" and distance(finding.values.values()) is not None
    for at in range(len(exchanges) - 2, -1, -1):
        exchange = exchanges[at]
        made = isinstance(exchange.leader, Response) and exchange.leader.status == 201
        made &= not is_number
        writes = exchange.request.method not in SAFE_METHODS and exchange.group is None
        if writes and not made and at not in makers:
            alike = not any(exchange.differences.values())
            return exchange.label if alike else ""
    return ""


def with_whole_page(step: Exchange, played: Exchange) -> Exchange | None:
    """Return the request for a page that was just full, for as many elements as there are now.

    `None` if its page was not just full, or still is.
    """
    before, now = (total_of(one.leader) for one in (step, played))
    path, _, query = step.request.path.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    if not 1 < now != before > 1 or str(before) not in dict(pairs).values():
        return None
    fitted = urlencode([(name, str(now) if v == str(before) else v) for name, v in pairs])
    request = replace(step.request, path=f"{path}?{fitted}")
    return replace(step, request=request, requests=dict.fromkeys(step.requests, request))


def has_succeeded(exchange: Exchange) -> bool:
    """Whether no target has refused a request."""
    statuses = (status_of(outcome) or 599 for outcome in exchange.outcomes.values())
    return all(status < 400 for status in statuses)


def _count(outcome: Outcome, where: str) -> int:
    if where.startswith("header "):
        text = outcome.header(where.partition(" ")[2]) if isinstance(outcome, Response) else None
        return int(text) if text is not None and text.isdecimal() else 0
    node = parsed(outcome)
    for part in parts_of(where):
        node = next(_inside(node, part), None)
    return node if isinstance(node, int) else 0


def _inside(node: Any, part: str) -> Iterator[Any]:
    if isinstance(node, dict) and part in node:
        yield node[part]
