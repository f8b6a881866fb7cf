"""Dependencies between the requests of a sequence."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.recordings.names import named_in, shown_in
from lockstep.recordings.uniquify import account_names
from lockstep.results.exchange import Exchange

Exchanges = tuple[Exchange, ...]


def needed(exchanges: Exchanges) -> Exchanges:
    """Return the last exchange and those that it depends on, directly or indirectly."""
    needs = dependencies(exchanges)
    wanted: set[int] = set()
    pending = [len(exchanges) - 1]
    while pending:
        at = pending.pop()
        if at not in wanted:
            wanted.add(at)
            pending.extend(needs[at])
    return tuple(exchanges[at] for at in sorted(wanted))


def without(exchanges: Exchanges, start: int, stop: int) -> Exchanges | None:
    """Remove a chunk with all that depends on it; `None` if the last exchange does."""
    gone = set(range(start, min(stop, len(exchanges) - 1)))
    for at, needs in enumerate(dependencies(exchanges)):
        if needs & gone:
            gone.add(at)
    if len(exchanges) - 1 in gone:
        return None
    return tuple(exchange for at, exchange in enumerate(exchanges) if at not in gone)


def dependencies(exchanges: Sequence[Exchange]) -> list[set[int]]:
    """Return the indices of the earlier exchanges that each depends on.

    These made the values that it refers to, or began its log-in.
    """
    makers: dict[str, int] = {}
    groups: dict[str, set[int]] = {}
    asked: set[str] = set()
    found = []
    for at, exchange in enumerate(exchanges):
        named = named_in(exchange.request)
        needs = {makers[name] for name in named if name in makers}
        if exchange.group is not None:
            group = groups.setdefault(exchange.group, set())
            needs |= group
            group.add(at)
        found.append(needs)
        asked |= named
        for name in account_names([exchange.request]) if exchange.group is not None else ():
            makers.setdefault(name, at)
        for value in shown_in(exchange.leader) - asked:
            makers.setdefault(value, at)
    return found
