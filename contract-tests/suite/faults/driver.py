"""Plays faults to servers in parallel, and records the problems."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from lockstep.results.findings import Finding
from suite.faults.files import Fault
from suite.faults.player import Played, Player

CATEGORY = "fault"
# Two in parallel, each on two servers: they mostly wait.
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class FaultResult:
    """The result of a fault, by server name, or why it could not be played."""

    fault: Fault
    played: Mapping[str, Played]
    failure: str = ""

    @property
    def problems(self) -> dict[str, str]:
        """The problems, by the names of the servers at fault."""
        return {
            name: "; ".join(played.problems)
            for name, played in self.played.items()
            if played.problems
        }

    @property
    def requests(self) -> int:
        """The number of requests sent."""
        return sum(played.requests for played in self.played.values())


def finding_of(result: FaultResult) -> Finding:
    """Return the problems of a result as a finding."""
    fault, problems = result.fault, result.problems
    title = f"fault, {fault.area}"
    return Finding(CATEGORY, title, CATEGORY, fault.name, tuple(problems), problems)


def play_faults(
    faults: Sequence[Fault],
    player: Player,
    servers: Sequence[str],
    commands: Mapping[str, Sequence[str]],
) -> Iterator[FaultResult]:
    """Play all faults and yield their results in the order of completion.

    A fault with problems is played once more: a busy machine is not a server's fault.
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
            except Exception as error:  # One failure must not prevent the others.
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
