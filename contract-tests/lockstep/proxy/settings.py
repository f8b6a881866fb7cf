"""The settings and counts of a proxy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lockstep.proxy.traffic import Passed

READS = frozenset({"GET", "HEAD"})
# Further errors tell nothing new.
_MOST_ERRORS = 1_000


class ProxyError(Exception):
    """The proxy cannot listen, or a required library is not installed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Limits for stored requests and responses of users, which only the latest findings have.

    Those of the `requests` latest findings, for at most `seconds`; none if `requests` is zero.
    """

    requests: int = 100
    seconds: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """How traffic is forwarded and mirrored.

    Requests with `methods` are mirrored, all of them if it is `None`. `sample` is the share of the
    reads that is mirrored; writes are never skipped, since the states would diverge. At most
    `queue` requests wait for the mirrors; further ones are skipped. For bodies longer than
    `body_limit` bytes only status codes and header fields are compared. `seconds` limits the run
    time; by default, a signal ends it. `admin` is the host and port of the admin server. `kept`
    limits the stored requests of users. With `gives_way`, comparing uses a core only while nothing
    else needs it.
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
        """Whether requests with a method are mirrored at all."""
        return self.methods is None or method in self.methods

    @property
    def mirrors_writes(self) -> bool:
        """Whether the mirrors follow the state of the first target."""
        return self.methods is None or not self.methods <= READS


@dataclass(slots=True)
class Counts:
    """The counts so far; written by the comparing thread.

    `unclear` responses overlapped with a write, so that a difference would be meaningless;
    `set_aside` are about what a mirror cannot know; of `cut` ones only status code and header
    fields were compared. `rested` arrived while all mirrors were skipped. `faults` counts by mirror
    and reason, `errors` are internal errors of comparisons. `passed` has the latest counts of the
    serving process: its `lost` are writes that were not mirrored. `notes` are sentences on what was
    set aside.
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
        """The number of requests that the leader has responded to."""
        return self.passed.answered

    @property
    def failed(self) -> int:
        """The number of requests without a complete response of the leader."""
        return self.passed.failed

    @property
    def left(self) -> int:
        """The number of clients that disconnected before the end of a response."""
        return self.passed.left

    @property
    def lost(self) -> int:
        """The number of writes that were not mirrored."""
        return self.passed.lost

    def note_error(self, sentence: str) -> None:
        """Record an internal error of a comparison, up to a limit."""
        if len(self.errors) < _MOST_ERRORS:
            self.errors.append(sentence)

    def not_judged(self, settings: ProxySettings) -> list[str]:
        """Return sentences on what was not compared, or only in part."""
        limit = f"{settings.body_limit:,} bytes"
        reasons = {
            f"skipped, since {settings.queue} were already waiting for the mirrors": self.skipped,
            "that differed, but overlapped with a write": self.unclear,
            "not mirrored, since no mirror had responded for a long time": self.rested,
            "to writes not mirrored, since the client disconnected or sent more than is buffered: "
            "the states may have diverged": self.lost,
            f"compared by status and headers only: longer than {limit}, or encoded": self.cut,
        }
        lines = [f"{count:,} responses {what}" for what, count in reasons.items() if count]
        return [*self.notes, *lines]

    def problems(self) -> list[str]:
        """Return sentences on mirrors that did not respond, and why."""
        return self.errors + [
            f"{name}: {count:,} mirrored requests without a response: {reason}"
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
