"""Steps that create the elements of a list, so that its evidence starts from an empty state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.grounding import list_elements
from lockstep.results.run_log import RunLog
from lockstep.results.trace import Trace
from lockstep.transport.messages import Request, status_of

# Longer lists are not recreated.
_MOST = 30
_FEWEST = 3


def creations(log: RunLog, exchanges: tuple[Exchange, ...]) -> Iterator[tuple[Exchange, ...]]:
    """Yield steps that create the elements of the last response's list before it is requested.

    The creation is repeated more often than the longest of the lists is long, by the user who
    requests the list.
    """
    last = exchanges[-1]
    longest = max(len(list(list_elements(outcome))) for outcome in last.outcomes.values())
    times = max(_FEWEST, longest + 1)
    if times > _MOST:
        return
    for steps in _making(log, last):
        *before, make = steps
        copies = [replace(make, number=make.number + at) for at in range(times)]
        yield (*before, *copies, replace(last, request=_signed(last.request, make.request)))


def with_others_creation(trace: Trace, exchanges: tuple[Exchange, ...]) -> list[Exchange]:
    """Return the steps, preceded by a creation by another user; empty if there was none.

    This shows on an empty server whether resources of all users are counted.
    """
    made = {each.label for each in exchanges if each.request.method not in SAFE_METHODS}
    users = _users(exchanges)
    for other in trace.recorded():
        if other.group is None and other.label in made and _succeeded(other):
            steps = trace.sequence(other, writes=False)
            if _users(steps) and not _users(steps) & users:
                return [*steps, *exchanges]
    return []


def _users(exchanges: Iterable[Exchange]) -> set[str]:
    """Return the users who log in."""
    return {each.group for each in exchanges if each.group is not None}


def _succeeded(exchange: Exchange) -> bool:
    return all((status_of(outcome) or 599) < 300 for outcome in exchange.outcomes.values())


def _making(log: RunLog, last: Exchange) -> Iterator[list[Exchange]]:
    """Yield successful steps that created such elements, those by `POST` to the same path first."""
    document = log.document
    about = document.families.about(document.template(last.request.path) or "")
    known = log.findings.tried.succeeded
    path = last.request.path.partition("?")[0]
    same = document.find("POST", path)
    if same is not None and same.name in known:
        yield known[same.name]
    for name, steps in known.items():
        operation = document.operations.get(name)
        if operation is None or operation is same or operation.method != "POST":
            continue
        if document.families.about(operation.path) == about:
            yield steps


def _signed(request: Request, like: Request) -> Request:
    """Return the request with the credentials of another one, if it is authenticated."""
    if request.actor is None:
        return request
    kept = ("content-type", "content-length", "accept")
    headers = tuple(item for item in like.headers if item[0].lower() not in kept)
    own = tuple(i for i in request.headers if i[0].lower() not in {h[0].lower() for h in headers})
    return replace(request, headers=(*own, *headers), actor=like.actor)
