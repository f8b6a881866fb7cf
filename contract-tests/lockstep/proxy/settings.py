"""What a proxy is told, and what it counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lockstep.proxy.traffic import Passed

READS = frozenset({"GET", "HEAD"})
# More of them tell nothing new.
_MOST_ERRORS = 1_000


class ProxyError(Exception):
    """The proxy cannot listen, or what it needs is not installed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of users' requests and answers, beside counts: of the latest findings alone.

    Those of the `requests` findings that were seen last, for so many `seconds` at the most; of none
    where `requests` is zero.
    """

    requests: int = 100
    seconds: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """How traffic is passed on and mirrored.

    `methods` are mirrored, all of them when it is `None`. `sample` is the share of the reads that
    is mirrored; writes are never left out, since the states would part. At most `queue` requests
    wait for the mirrors; what comes when it is full is skipped. Of longer bodies than `body_limit`
    bytes only status and headers are compared. `seconds` ends the proxy, by default a signal does.
    On `admin`, a host and a port, the proxy tells how it goes. What is `kept` of users' requests is
    bounded. Comparing that `gives_way` uses a core only while nothing else needs it.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    methods: frozenset[str] | None = READS
    sample: float = 1.0
    queue: int = 256
    body_limit: int = 1 << 20
    connect_seconds: float = 10.0
    seconds: float | None = None
    admin: tuple[str, int] | None = None
    kept: Kept = Kept()
    gives_way: bool = False

    def mirrors(self, method: str) -> bool:
        """Whether requests of a method are mirrored at all."""
        return self.methods is None or method in self.methods

    @property
    def mirrors_writes(self) -> bool:
        """Whether the mirrors are to follow the state of the first target."""
        return self.methods is None or not self.methods <= READS


@dataclass(slots=True)
class Counts:
    """What has happened so far; written by the thread that compares.

    `unclear` were answered while a write was under way, so that a difference would tell nothing;
    `set_aside` are about what a mirror cannot know; of `cut` only status and headers were compared.
    `rested` came while all mirrors were left alone. `faults` counts by mirror and reason, `errors`
    are what comparing itself could not cope with. `passed` is what the process that answers has
    told last: its `lost` are writes that no mirror was told of. `notes` say in words what was set
    aside.
    """

    mirrored: int = 0
    skipped: int = 0
    unclear: int = 0
    set_aside: int = 0
    cut: int = 0
    rested: int = 0
    passed: Passed = field(default_factory=Passed)
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        """How many requests the leader has answered."""
        return self.passed.answered

    @property
    def failed(self) -> int:
        """How many requests got no answer of the leader, or not the whole of it."""
        return self.passed.failed

    @property
    def left(self) -> int:
        """How many clients left before the end of their answers."""
        return self.passed.left

    @property
    def lost(self) -> int:
        """How many writes no mirror was told of."""
        return self.passed.lost

    def note_error(self, sentence: str) -> None:
        """Remember what comparing could not cope with; as often as it happens, up to a limit."""
        if len(self.errors) < _MOST_ERRORS:
            self.errors.append(sentence)

    def not_judged(self, settings: ProxySettings) -> list[str]:
        """What was not compared, or not in full, as readable text."""
        limit = f"{settings.body_limit:,} bytes"
        said = {
            f"skipped, since {settings.queue} were already waiting for the mirrors": self.skipped,
            "that differed, but overlapped with a write": self.unclear,
            "not mirrored, since no mirror had answered for a long time": self.rested,
            "to writes not mirrored, since the client disconnected or sent more than is buffered: "
            "the states may have diverged": self.lost,
            f"compared by status and headers alone: longer than {limit}, or encoded": self.cut,
        }
        lines = [f"{count:,} answers {what}" for what, count in said.items() if count]
        return [*self.notes, *lines]

    def problems(self) -> list[str]:
        """Which mirrors did not answer, and why, as readable text."""
        return self.errors + [
            f"{name}: {count:,} mirrored requests without an answer: {reason}"
            for (name, reason), count in sorted(self.faults.items())
        ]

    def __str__(self) -> str:
        parts = [f"{self.answered:,} answered", f"{self.mirrored:,} mirrored"]
        rest = {
            "skipped": self.skipped,
            "unclear": self.unclear,
            "not judged": self.set_aside,
            "failed": self.failed,
            "mirror faults": self.faults.total(),
        }
        return ", ".join(parts + [f"{count:,} {name}" for name, count in rest.items() if count])
