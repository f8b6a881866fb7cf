"""Acts on resources that have more of what they count: one that is sold out cannot be ordered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from lockstep.drivers.walk.bodies import ample
from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.creators import creators
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange

Act = Callable[[Operation, Values, str], Exchange]


class Live(Protocol):
    """Returns the path parameters of an operation for a resource, see `Maker.live`."""

    def __call__(self, operation: Operation, actor: str, *, fresh: bool) -> Values | None:
        """Return the parameters; `None` if there is no such resource."""
        ...


@dataclass(slots=True)
class Amply:
    """Finds out once for each action whether it succeeds on a resource that has more."""

    client: Client
    live: Live
    # The actions that were tried, and on whose behalf.
    _tried: set[tuple[str, str]] = field(default_factory=set)

    def act(self, operation: Operation, actor: str, act: Act) -> Exchange | None:
        """Act on a new resource that has more of what it counts, if that succeeds.

        It is created so from then on.
        """
        names, known = parameters_of(operation.path), self.client.known
        if not names or (operation.name, actor) in self._tried:
            return None
        self._tried.add((operation.name, actor))
        head = operation.path[: operation.path.rindex("{" + names[-1] + "}")]
        makers = creators(self.client.document, head, names[-1], self.client.entrances)
        maker = next((each for each in makers if each.method == "POST"), None)
        media = next(iter(self.client.media(maker)), None) if maker is not None else None
        more = ample(self.client.document, media.schema) if media is not None else {}
        if media is None or not media.has_members or not more:
            return None
        was_ample = media.key in known.ample
        known.ample[media.key] = more
        values = self.live(operation, actor, fresh=True)
        exchange = act(operation, values, actor) if values is not None else None
        if exchange is not None and succeeded(exchange):
            return exchange
        if not was_ample:
            del known.ample[media.key]
        return None
