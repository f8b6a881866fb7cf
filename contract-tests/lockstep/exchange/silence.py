"""Tells a lost target from one with some operations that time out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.faults import ForeseenError
from lockstep.results.run_log import RunLog
from lockstep.transport.messages import NoResponse, Outcome, Request, Response
from lockstep.transport.targets import Target

# Requests in a row without a response after which a target may be lost.
MAX_SILENCE = 15
# Seconds for which a process that has ended may be restarted, and between two looks.
_RESTART = 2.0
_PAUSE = 0.1


class TargetLostError(ForeseenError):
    """A target has stopped responding, so that further requests are pointless."""


@dataclass(slots=True)
class SilenceWatch:
    """Counts the consecutive requests without a response, by target."""

    targets: Sequence[Target]
    log: RunLog
    _silent: dict[str, int] = field(default_factory=dict)
    # The last safe request that each target has responded to.
    _answered: dict[str, Request] = field(default_factory=dict)

    def check(self, outcomes: Mapping[str, Outcome]) -> None:
        """Raise `TargetLostError` if a target that accepted connections refuses them from now on.

        Its process has ended then: what it would have answered is not known. Clients of a proxy
        go on while a target is down.
        """
        if self.log.from_clients:
            return
        for target in self._refusing(outcomes):
            until = time.monotonic() + _RESTART
            while _is_refused(target.send(Request("GET", "/"))):
                if time.monotonic() > until:
                    raise TargetLostError(
                        f"{target.name} at {target.base_url} has stopped responding: it refuses "
                        f"connections since {self.log.latest[target.name]}"
                    )
                time.sleep(_PAUSE)

    def _refusing(self, outcomes: Mapping[str, Outcome]) -> Iterator[Target]:
        for target in self.targets:
            outcome = outcomes.get(target.name)
            if outcome is not None and _is_refused(outcome) and target.name in self.log.latest:
                yield target

    def note(self, exchange: Exchange) -> None:
        """Count the outcomes of an exchange. Raises `TargetLostError` if a target is lost."""
        for name, outcome in exchange.outcomes.items():
            if not _is_refused(outcome):
                self.log.latest[name] = exchange.label
            # A response that does not end counts as one, too.
            answered = isinstance(outcome, Response) or outcome.count > 0
            self._silent[name] = 0 if answered else self._silent.get(name, 0) + 1
            if isinstance(outcome, Response) and exchange.request.method in SAFE_METHODS:
                self._answered[name] = exchange.requests[name]
            if self._silent[name] >= MAX_SILENCE:
                self._ask(next(target for target in self.targets if target.name == name))

    def _ask(self, target: Target) -> None:
        """Repeat an answered request: if it gets a response again, only an operation hangs."""
        request = self._answered.get(target.name)
        if request is None or isinstance(target.send(request), NoResponse):
            raise TargetLostError(f"{target.name} at {target.base_url} has stopped responding")
        self._silent[target.name] = 0


def _is_refused(outcome: Outcome) -> bool:
    return isinstance(outcome, NoResponse) and outcome.reason == "refused"
