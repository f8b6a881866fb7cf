"""The results of a replay by entry, and the changes since an earlier replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Outcome, status_of

FIXED, STILL, NEW = "FIXED", "STILL", "NEW"
CHANGES = (FIXED, STILL, NEW)

# Whether an entry differs, `None` if unknown, by its name and request.
Earlier = Mapping[tuple[str, str], bool | None]


@dataclass(frozen=True, slots=True)
class EntryResult:
    """A recorded request and the result of its replay.

    `name` is its place in the recording, `request` its method and the path of its operation.
    `statuses` are keyed by target name; `recorded` is the recorded status code, if known. `differs`
    is `None` if undecided, as when the entry follows from another difference. `change` is one of
    `CHANGES`, empty if there is no earlier report or it does not apply.
    """

    name: str
    request: str
    recorded: int | None
    statuses: Mapping[str, int | None]
    differs: bool | None
    change: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """The key of the same entry in another replay of the same recording."""
        return self.name, self.request

    @property
    def is_as_recorded(self) -> bool:
        """Whether a target returned the recorded status code; 200 is accepted in place of 304."""
        wanted = {self.recorded, 200} if self.recorded == 304 else {self.recorded}
        return self.recorded is not None and not wanted.isdisjoint(self.statuses.values())

    @classmethod
    def of(
        cls, name: str, request: str, recorded: Outcome | None, exchanges: Iterable[Exchange]
    ) -> EntryResult:
        """Return the result of an entry's requests, and of the comparison with the recording."""
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
    """All replayed entries of a recording, in order, and readable `notes`.

    `is_compared` is true if they were compared with the recording, too.
    """

    title: str
    entries: list[EntryResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_compared: bool = False
    is_compared_with_earlier: bool = False

    @property
    def as_recorded(self) -> tuple[int, int]:
        """The number of entries with the recorded status code, of those where it is known."""
        known = [entry for entry in self.entries if entry.recorded is not None]
        return sum(entry.is_as_recorded for entry in known), len(known)

    def compare_with(self, earlier: Earlier) -> None:
        """Mark each entry as `FIXED`, `STILL` or `NEW`, compared with an earlier replay."""
        self.is_compared_with_earlier = True
        self.entries = [replace(one, change=_change(one, earlier)) for one in self.entries]

    def counts(self) -> dict[str, int]:
        """Return the number of entries for each change."""
        counted = Counter(entry.change for entry in self.entries)
        return {change: counted[change] for change in CHANGES}


def _change(entry: EntryResult, earlier: Earlier) -> str:
    differed = bool(earlier.get(entry.key))
    if entry.differs is None:
        return ""
    if entry.differs:
        return STILL if differed else NEW
    return FIXED if differed else ""
