"""The stages of a walk that explore some operations in more depth, in the order of the walk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from lockstep.drivers.walk.averages import Averages
from lockstep.drivers.walk.batches import Batches
from lockstep.drivers.walk.combinations import Combinations
from lockstep.drivers.walk.copies import Copies
from lockstep.drivers.walk.limits import Limits
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.mentions import Mentions
from lockstep.drivers.walk.moves import Moves
from lockstep.drivers.walk.own_bounds import OwnBounds
from lockstep.drivers.walk.quotas import Quotas
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.revalidation import Revalidation
from lockstep.drivers.walk.sharing import Sharing
from lockstep.drivers.walk.shortages import Shortages
from lockstep.drivers.walk.ties import Ties
from lockstep.drivers.walk.transitions import Transitions
from lockstep.drivers.walk.visibility import Visibility
from lockstep.openapi.operations import Operation


class Stage(Protocol):
    """Explores one operation after another."""

    def able(self) -> Iterator[Operation]:
        """Yield the operations that can be explored."""
        ...

    def explore(self, operation: Operation) -> None:
        """Send what there is to try with an operation."""
        ...


def stages(maker: Maker, reader: Reader) -> Iterator[tuple[str, Stage]]:
    """Yield each stage with what it does, as shown with the progress."""
    yield "changing states", Transitions(maker, reader)
    yield "trying limits", Limits(maker, reader)
    yield "asking for too much", Shortages(maker, reader)
    yield "using up", Quotas(maker, reader)
    yield "moving", Moves(maker, reader)
    yield "changing what others show", Copies(maker, reader)
    yield "acting on several", Batches(maker, reader)
    yield "trying bounds of resources", OwnBounds(maker)
    yield "adding numbers", Averages(maker, reader)
    yield "changing who sees", Visibility(maker, reader)
    yield "mentioning users", Mentions(maker)
    yield "revalidating", Revalidation(maker)
    yield "sharing", Sharing(maker, reader)
    yield "sorting equal resources", Ties(maker)
    yield "combining values", Combinations(maker)
