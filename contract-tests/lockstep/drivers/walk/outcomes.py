"""Tells whether the targets took a request of a walk."""

from __future__ import annotations

from lockstep.results.exchange import Exchange
from lockstep.results.grounding import list_elements
from lockstep.transport.messages import Response, status_of

_INVALID = frozenset({400, 422})
_CONFLICT = 409
# RFC 4918, section 11.1; APIs in JSON have it for bulk operations.
_MULTI_STATUS = 207
_REFUSED = _INVALID | {_CONFLICT}


def succeeded(exchange: Exchange) -> bool:
    """Whether the leader responded with 2xx, and did at least a part of what it was sent."""
    answer = exchange.leader
    return isinstance(answer, Response) and answer.status < 300 and not _did_nothing(answer)


def is_refused(exchange: Exchange) -> bool:
    """Whether the leader refused the content of a request, or its effect."""
    answer = exchange.leader
    return status_of(answer) in _REFUSED or (isinstance(answer, Response) and _did_nothing(answer))


def _did_nothing(answer: Response) -> bool:
    """Whether a response reports a status for each part of a request, and each part failed."""
    parts = list_elements(answer) if answer.status == _MULTI_STATUS else ()
    statuses = [status for each in parts if isinstance(status := each.get("status"), int)]
    return bool(statuses) and min(statuses) >= 400


def is_invalid(exchange: Exchange) -> bool:
    """Whether the leader refused the content of a request."""
    return status_of(exchange.leader) in _INVALID


def conflicts(exchange: Exchange) -> bool:
    """Whether a content is valid, and refused by the state of a resource alone."""
    return status_of(exchange.leader) == _CONFLICT


def is_forbidden(exchange: Exchange) -> bool:
    """Whether every target refuses a logged-in user."""
    refused = (status_of(outcome) in (401, 403) for outcome in exchange.outcomes.values())
    return exchange.request.actor is not None and all(refused)


def is_permitted(exchange: Exchange) -> bool:
    """Whether no target refuses a user, though perhaps the content of the request."""
    statuses = (status_of(outcome) or 599 for outcome in exchange.outcomes.values())
    return all(status < 300 or status in _REFUSED for status in statuses)
