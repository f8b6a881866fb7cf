"""Selects the steps of a recording that a shard replays, and those that it judges."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.openapi.sharding import Shard
from lockstep.recordings import Step
from lockstep.recordings.names import named_in, shown_in
from lockstep.results.exchange import SAFE_METHODS


def part_of(steps: Sequence[Step], shard: Shard, *, has_bodies: bool) -> list[tuple[int, bool]]:
    """Return the indices of the steps that a shard replays, each with whether it is judged.

    The judged ones are contiguous. All writes before them are replayed, and all reads that showed a
    needed identifier: otherwise responses would differ from the recording. Without bodies no step
    depends on another.
    """
    count = len(steps)
    first, last = count * (shard.number - 1) // shard.of, count * shard.number // shard.of
    played = set(range(first, last))
    if has_bodies:
        played |= {
            at for at in range(first) if steps[at].request.method.upper() not in SAFE_METHODS
        }
        played |= _makers(steps, played)
    return [(at, first <= at < last) for at in sorted(played)]


def _makers(steps: Sequence[Step], played: set[int]) -> set[int]:
    """Return the steps that first showed the identifiers used by others, transitively."""
    asked: set[str] = set()
    made: dict[str, int] = {}
    named = []
    for at, step in enumerate(steps[: max(played, default=-1) + 1]):
        names = named_in(step.request)
        named.append(names)
        asked |= names
        for name in shown_in(step.answer) - asked:
            made.setdefault(name, at)
    found: set[int] = set()
    pending = list(played)
    while pending:
        at = pending.pop()
        makers = {made[name] for name in named[at] if made.get(name, at) < at}
        pending += makers - found
        found |= makers
    return found
