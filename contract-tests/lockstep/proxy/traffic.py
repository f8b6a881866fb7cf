"""What the process that answers clients tells the one that compares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lockstep.transport.messages import Request, Response


class Fate(Enum):
    """What became of a request beside its answer.

    One that is `MIRRORED` is told of as such and not as `Answered`; where one was `SHED` too many
    were waiting, one that is `LOST` sent more than is buffered, and one that is `UNANSWERED` got
    no answer of the leader.
    """

    MIRRORED = "mirrored"
    PASSED = "passed"
    SHED = "shed"
    LOST = "lost"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that is not mirrored; `status` is the one that the client got."""

    method: str
    path: str
    status: int
    fate: Fate


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A request with the leader's answer.

    `epoch` says which writes it may have met, `seconds` how long the leader took for all of it.
    """

    request: Request
    answer: Response
    epoch: int
    is_cut: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Passed:
    """How many requests the process that answers has passed on by now, and how that went."""

    answered: int = 0
    failed: int = 0
    left: int = 0
    lost: int = 0
    untold: int = 0


Told = list[Mirrored | Answered] | Passed
