"""Steps that make what a list is to show, so that its evidence begins from nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.grounding import list_elements
from lockstep.results.run_log import RunLog
from lockstep.results.trace import Trace
from lockstep.transport.messages import Request, status_of

# A list of more elements is not made anew.
_MOST = 30
_FEWEST = 3


def creations(log: RunLog, exchanges: tuple[Exchange, ...]) -> Iterator[tuple[Exchange, ...]]:
    """Ways to make the elements of the last answer's list before it is asked for.

    What is made is made again as often as the longest of the lists is long, by the user who asks.
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


def others_making(trace: Trace, exchanges: tuple[Exchange, ...]) -> list[Exchange]:
    """The steps, after another user has created something of the same kind; empty without one.

    What counts the things of all users shows so on a server where nothing is yet.
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
    """Those who log in."""
    return {each.group for each in exchanges if each.group is not None}


def _succeeded(exchange: Exchange) -> bool:
    return all((status_of(outcome) or 599) < 300 for outcome in exchange.outcomes.values())


def _making(log: RunLog, last: Exchange) -> Iterator[list[Exchange]]:
    """Steps that succeeded and made what the list shows: to the same path first."""
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
    """The request with the credentials of another one, where it carries any."""
    if request.actor is None:
        return request
    kept = ("content-type", "content-length", "accept")
    headers = tuple(item for item in like.headers if item[0].lower() not in kept)
    own = tuple(i for i in request.headers if i[0].lower() not in {h[0].lower() for h in headers})
    return replace(request, headers=(*own, *headers), actor=like.actor)
