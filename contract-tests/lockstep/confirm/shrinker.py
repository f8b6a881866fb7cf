"""Shrinks a sequence that shows a finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lockstep.confirm.dependencies import Exchanges, needed, without
from lockstep.confirm.oracle import Sequence
from lockstep.confirm.simpler import simpler

Play = Callable[[Sequence, Exchanges], Sequence | None]


@dataclass(frozen=True, slots=True)
class ShrinkSettings:
    """The budget for confirming: `requests` for each finding, `seconds` for all of a run.

    A request counts once, whatever the number of targets. With 0 nothing is sent.
    """

    requests: int = 400
    seconds: float = 30.0


def shrunk(best: Sequence, play: Play, *, simplify: bool) -> Sequence:
    """Remove steps (delta debugging), then header fields, parameters, members and long values.

    A change is kept only if the finding reproduces. The last request is simplified first.
    """
    best = fewer_steps(best, play)
    if simplify:
        simplified = _simpler_requests(best, play)
        if simplified is not best:
            best = fewer_steps(simplified, play)
    return best


def fewer_steps(best: Sequence, play: Play) -> Sequence:
    """Remove what the last request does not depend on, then chunk after chunk of the rest."""
    shortest = needed(best.exchanges)
    if len(shortest) < len(best.exchanges):
        best = play(best, shortest) or best
    size = max(1, len(best.exchanges) // 2)
    while True:
        at = 0
        while at < len(best.exchanges) - 1:
            kept = without(best.exchanges, at, at + size)
            shorter = play(best, kept) if kept is not None else None
            best, at = (shorter, at) if shorter is not None else (best, at + size)
        if size == 1:
            return best
        size //= 2


def simpler_last(best: Sequence, play: Play) -> Sequence:
    """Simplify the last request only."""
    return _simpler_request(best, play, 1)


def _simpler_requests(best: Sequence, play: Play) -> Sequence:
    """Simplify the last request, then those before it, except log-ins."""
    from_end = 1
    while from_end <= len(best.exchanges):
        if best.exchanges[-from_end].group is None:
            best = _simpler_request(best, play, from_end)
        from_end += 1
    return best


def _simpler_request(best: Sequence, play: Play, from_end: int) -> Sequence:
    """Replace a request by its first simpler version that shows the finding, until none does."""
    tried = set()
    while from_end <= len(best.exchanges):
        at = len(best.exchanges) - from_end
        exchange = best.exchanges[at]
        for request in simpler(exchange.request):
            if request in tried:
                continue
            tried.add(request)
            changed = replace(exchange, request=request)
            shown = play(best, (*best.exchanges[:at], changed, *best.exchanges[at + 1 :]))
            if shown is not None:
                best = shown
                break
        else:
            return best
    return best
