"""The messages from the serving process to the comparing one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lockstep.transport.messages import Request, Response


class Fate(Enum):
    """What happened to a request apart from its response.

    A `MIRRORED` request is reported as such rather than as `Answered`; one is `SHED` if too many
    were waiting, `LOST` if it sent more than is buffered, and `UNANSWERED` if the leader did not
    respond.
    """

    MIRRORED = "mirrored"
    PASSED = "passed"
    SHED = "shed"
    LOST = "lost"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that is not mirrored; `status` is the status code sent to the client."""

    method: str
    path: str
    status: int
    fate: Fate


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A request with the leader's response.

    `epoch` identifies the writes it may have overlapped with, `seconds` is the leader's total
    response time.
    """

    request: Request
    answer: Response
    epoch: int
    is_cut: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Passed:
    """The counts of forwarded requests so far, by result."""

    answered: int = 0
    failed: int = 0
    left: int = 0
    lost: int = 0
    unreported: int = 0


Message = list[Mirrored | Answered] | Passed
