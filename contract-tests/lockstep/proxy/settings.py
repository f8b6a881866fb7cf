"""What a proxy is told, and what it counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

READS = frozenset({"GET", "HEAD"})


class ProxyError(Exception):
    """The proxy cannot listen, or what it needs is not installed."""


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """How traffic is passed on and mirrored.

    `methods` are mirrored, all of them when it is `None`. `sample` is the share of the reads that
    is mirrored; writes are never left out, since the states would part. At most `queue` requests
    wait for the mirrors; what comes when it is full is skipped. Of longer bodies than `body_limit`
    bytes only status and headers are compared. `seconds` ends the proxy, by default a signal does.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    methods: frozenset[str] | None = READS
    sample: float = 1.0
    queue: int = 256
    body_limit: int = 1 << 20
    connect_seconds: float = 10.0
    seconds: float | None = None

    def mirrors(self, method: str) -> bool:
        """Whether requests of a method are mirrored at all."""
        return self.methods is None or method in self.methods

    @property
    def mirrors_writes(self) -> bool:
        """Whether the mirrors are to follow the state of the first target."""
        return self.methods is None or not self.methods <= READS


@dataclass(slots=True)
class Counts:
    """What has happened so far; each number is written by one thread only.

    `unclear` were answered while a write was under way, so that a difference would tell nothing;
    of `cut` only status and headers were compared. `lost` are writes that no mirror was told of;
    `rested` came while all mirrors were left alone. `faults` counts by mirror and reason, `errors`
    are what comparing itself could not cope with.
    """

    answered: int = 0
    failed: int = 0
    left: int = 0
    mirrored: int = 0
    skipped: int = 0
    unclear: int = 0
    cut: int = 0
    lost: int = 0
    rested: int = 0
    errors: list[str] = field(default_factory=list)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)

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
        return [f"{count:,} answers {what}" for what, count in said.items() if count]

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
            "failed": self.failed,
            "mirror faults": self.faults.total(),
        }
        return ", ".join(parts + [f"{count:,} {name}" for name, count in rest.items() if count])
