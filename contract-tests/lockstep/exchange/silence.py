"""Tells a target that is gone from one of whose operations some hang."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.faults import ForeseenError
from lockstep.transport.messages import NoResponse, Request, Response
from lockstep.transport.targets import Target

# So many requests in a row without an answer, and a target may be gone.
MAX_SILENCE = 15


class TargetLostError(ForeseenError):
    """A target has stopped answering; going on would tell nothing more."""


@dataclass(slots=True)
class SilenceWatch:
    """Counts the requests that each target leaves without an answer."""

    targets: Sequence[Target]
    _silent: dict[str, int] = field(default_factory=dict)
    # What each target has answered lately, and would again.
    _answered: dict[str, Request] = field(default_factory=dict)

    def note(self, exchange: Exchange) -> None:
        """Take in the result of an exchange; raises `TargetLostError` for a target that is gone."""
        for name, outcome in exchange.outcomes.items():
            # An answer that does not end is one, too.
            answered = isinstance(outcome, Response) or outcome.count > 0
            self._silent[name] = 0 if answered else self._silent.get(name, 0) + 1
            if isinstance(outcome, Response) and exchange.request.method in SAFE_METHODS:
                self._answered[name] = exchange.requests[name]
            if self._silent[name] >= MAX_SILENCE:
                self._ask(next(target for target in self.targets if target.name == name))

    def _ask(self, target: Target) -> None:
        """Ask for what was answered before: then no more than an operation hangs."""
        request = self._answered.get(target.name)
        if request is None or isinstance(target.send(request), NoResponse):
            raise TargetLostError(f"{target.name} at {target.base_url} has stopped answering")
        self._silent[target.name] = 0
