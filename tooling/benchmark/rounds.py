"""The order of the rounds, and the file that saves them so that a run can be resumed."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tooling.benchmark.contestants import Contestant
from tooling.benchmark.profiles import Profile


class ResumeError(Exception):
    """The saved data belong to another run; the message says how it differs."""


@dataclass(frozen=True)
class Turn:
    """One server in one round."""

    workers: int
    number: int
    contestant: Contestant

    @property
    def key(self) -> tuple[int, int, str]:
        """The identity of the turn."""
        return self.workers, self.number, self.contestant.name


def turns(profile: Profile, contestants: Sequence[Contestant]) -> Iterator[Turn]:
    """Yield all turns in order; the first one of a round is last in the next, for fairness.

    Further numbers of workers are measured only for servers with the whole contract.
    """
    for number in range(1, profile.rounds + 1):
        shift = (number - 1) % len(contestants)
        order = [*contestants[shift:], *contestants[:shift]]
        for workers in profile.workers:
            for each in order:
                if workers == profile.workers[0] or each.knows is None:
                    yield Turn(workers, number, each)


class Record:
    """The measurements so far, written after every turn.

    identity: what must be equal to resume: code, profile, seed, contestants.
    """

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        self._path = path
        self._identity = identity
        self._begun = time.monotonic()
        self._seconds_before = 0.0
        self.parity: dict[str, Any] | None = None
        self.rounds: list[dict[str, Any]] = []

    @property
    def seconds(self) -> float:
        """The duration so far, including interrupted runs."""
        return self._seconds_before + time.monotonic() - self._begun

    def resume(self) -> None:
        """Load the file. Raises ResumeError if there is none, or it is of another run."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ResumeError("There is no run to resume.") from None
        theirs = kept["identity"]
        changed = [name for name, value in self._identity.items() if theirs.get(name) != value]
        if changed:
            raise ResumeError(
                f"The interrupted run is a different one: {', '.join(changed)} changed since."
            )
        self.parity, self.rounds = kept["parity"], kept["rounds"]
        self._seconds_before = kept["seconds"]

    def has(self, turn: Turn) -> bool:
        """Whether a turn was already measured."""
        keys = {(each["workers"], each["round"], each["contestant"]) for each in self.rounds}
        return turn.key in keys

    def add(self, figures: dict[str, Any]) -> None:
        """Save the figures of a turn."""
        self.rounds.append(figures)
        self.save()

    def save(self) -> None:
        """Write the file atomically."""
        kept = {
            "identity": self._identity,
            "seconds": self.seconds,
            "parity": self.parity,
            "rounds": self.rounds,
        }
        unfinished = self._path.with_suffix(".new")
        unfinished.write_text(json.dumps(kept), encoding="utf-8")
        unfinished.replace(self._path)

    def delete(self) -> None:
        """Delete the file; the run is complete."""
        self._path.unlink(missing_ok=True)
