"""What a replay comes to, entry by entry, and what has changed since an earlier one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Outcome, status_of

FIXED, STILL, NEW = "FIXED", "STILL", "NEW"
CHANGES = (FIXED, STILL, NEW)

# What differs, or is not known to, by the name of an entry and what is asked for in it.
Earlier = Mapping[tuple[str, str], bool | None]


@dataclass(frozen=True, slots=True)
class EntryResult:
    """A recorded request and what became of it.

    `name` is its place in the recording, `request` its method and the path of its operation.
    `statuses` are keyed by target name; `recorded` is the recorded one, if it is known. `differs`
    is `None` if that cannot be said: the entry follows from another difference, say. `change` is
    one of `CHANGES`, empty if there is no earlier report or it has nothing to tell.
    """

    name: str
    request: str
    recorded: int | None
    statuses: Mapping[str, int | None]
    differs: bool | None
    change: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same entry in another replay of the same recording."""
        return self.name, self.request

    @property
    def is_as_recorded(self) -> bool:
        """Whether a target gave the recorded status; an unmodified thing is as good as itself."""
        wanted = {self.recorded, 200} if self.recorded == 304 else {self.recorded}
        return self.recorded is not None and not wanted.isdisjoint(self.statuses.values())

    @classmethod
    def of(
        cls, name: str, request: str, recorded: Outcome | None, exchanges: Iterable[Exchange]
    ) -> EntryResult:
        """The result of what was sent for an entry, and of what was compared with the recording."""
        every = list(exchanges)
        differs = None
        if any(exchange.counted for exchange in every):
            differs = True
        elif all(exchange.parity for exchange in every):
            differs = False
        return cls(
            name,
            request,
            status_of(recorded) if recorded is not None else None,
            {name: status_of(outcome) for name, outcome in every[0].outcomes.items()},
            differs,
        )


@dataclass(slots=True)
class ReplayResult:
    """All entries of a recording that were played, in order, and readable `notes`.

    `is_compared` says that they were compared with the recording, too.
    """

    title: str
    entries: list[EntryResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_compared: bool = False
    is_compared_with_earlier: bool = False

    @property
    def as_recorded(self) -> tuple[int, int]:
        """How many entries a target gave the recorded status, of how many it is known."""
        known = [entry for entry in self.entries if entry.recorded is not None]
        return sum(entry.is_as_recorded for entry in known), len(known)

    def compare_with(self, earlier: Earlier) -> None:
        """Tell each entry `FIXED`, `STILL` or `NEW` by what differed in an earlier replay."""
        self.is_compared_with_earlier = True
        self.entries = [replace(one, change=_change(one, earlier)) for one in self.entries]

    def counts(self) -> dict[str, int]:
        """How often there was each change."""
        counted = Counter(entry.change for entry in self.entries)
        return {change: counted[change] for change in CHANGES}


def _change(entry: EntryResult, earlier: Earlier) -> str:
    differed = bool(earlier.get(entry.key))
    if entry.differs is None:
        return ""
    if entry.differs:
        return STILL if differed else NEW
    return FIXED if differed else ""
