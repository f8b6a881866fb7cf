"""Plays faults to servers side by side, and keeps what they did wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from lockstep.results.findings import Finding
from suite.faults.files import Fault
from suite.faults.player import Played, Player

CATEGORY = "fault"
# Two at once, each on two servers: they wait more than they work.
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class FaultResult:
    """What came of a fault, by the name of each server, or why it could not be played."""

    fault: Fault
    played: Mapping[str, Played]
    failure: str = ""

    @property
    def problems(self) -> dict[str, str]:
        """What was wrong, by the names of the servers at fault."""
        return {
            name: "; ".join(played.problems)
            for name, played in self.played.items()
            if played.problems
        }

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return sum(played.requests for played in self.played.values())


def finding_of(result: FaultResult) -> Finding:
    """What is wrong with a result, as a finding."""
    fault, problems = result.fault, result.problems
    title = f"fault, {fault.area}"
    return Finding(CATEGORY, title, CATEGORY, fault.name, tuple(problems), problems)


def play_faults(
    faults: Sequence[Fault],
    player: Player,
    servers: Sequence[str],
    commands: Mapping[str, Sequence[str]],
) -> Iterator[FaultResult]:
    """Play all faults and give their results in the order in which they end.

    What goes wrong is played once more: that a machine was busy is no fault of a server.
    """
    numbers = itertools.count(1)

    def play(fault: Fault) -> FaultResult:
        with ThreadPoolExecutor(len(servers)) as threads:
            playing = {
                kind: threads.submit(player.play, fault, next(numbers), kind, commands.get(kind))
                for kind in servers
            }
            try:
                return FaultResult(fault, {kind: each.result() for kind, each in playing.items()})
            except Exception as error:  # The others are played all the same.
                return FaultResult(fault, {}, f"{fault.name}: {type(error).__name__}: {error}")

    def play_and_confirm(fault: Fault) -> FaultResult:
        first = play(fault)
        return play(fault) if first.problems or first.failure else first

    threads = ThreadPoolExecutor(AT_ONCE)
    try:
        for done in as_completed([threads.submit(play_and_confirm, fault) for fault in faults]):
            yield done.result()
    finally:
        threads.shutdown(cancel_futures=True)
