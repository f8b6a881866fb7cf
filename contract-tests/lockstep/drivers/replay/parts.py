"""Which steps of a recording a shard plays, and which of them it judges."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.openapi.sharding import Shard
from lockstep.recordings import Step
from lockstep.recordings.names import named_in, shown_in
from lockstep.results.exchange import SAFE_METHODS


def part_of(steps: Sequence[Step], shard: Shard, *, has_bodies: bool) -> list[tuple[int, bool]]:
    """The positions of the steps that a shard plays, each with whether it judges it.

    Those that it judges stand one after the other. Whatever was written before is written again,
    and whatever showed a name that is needed is asked for again: else the answers would not be
    those of the recording. Without bodies no step depends on another.
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
    """The steps in which the recorded server showed what others name, and what these name."""
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
