"""Drives the targets with the engine of Schemathesis."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace

from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

from lockstep.auth.actors import ActorBook
from lockstep.drivers.fuzz.engine import (
    FuzzError,
    LockstepEngine,
    Progress,
    drain,
    make_schema,
    marker,
)
from lockstep.drivers.fuzz.failures import FailureFilter
from lockstep.drivers.fuzz.filler import Filler
from lockstep.drivers.fuzz.places import Given, Places
from lockstep.drivers.fuzz.pool import Pool
from lockstep.drivers.fuzz.settings import FuzzSettings
from lockstep.drivers.fuzz.threads import one_parser_at_a_time
from lockstep.drivers.fuzz.transport import ExchangeTransport
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.operations import METHODS

__all__ = ["FuzzError", "FuzzSettings", "Lane", "fuzz"]

Lane = tuple[Exchanger, ActorBook | None]


def fuzz(
    lanes: Sequence[Lane],
    settings: FuzzSettings,
    seed: int,
    progress: Progress,
    given: Given | None = None,
) -> list[str]:
    """Run the phases of Schemathesis; what its checks find becomes findings of the exchangers.

    Each lane is a worker with an exchanger and actors of its own, so that no worker names what only
    another one's symbols know; the exchangers of several share a gate. Returns what the engine
    could not do, in words. `progress` hears the phase and the operation that is worked on; what it
    raises ends all workers. `given` is what stages before have left. Raises `FuzzError` when the
    engine cannot start or go on.
    """
    left = _not_generated(lanes[0][0].ledger.document) if lanes else []
    workers = [_Worker(lane, number, len(lanes), seed, given) for number, lane in enumerate(lanes)]
    with warnings.catch_warnings():
        # The engine's own deprecations are not the concern of who runs lockstep.
        warnings.simplefilter("ignore")
        if len(workers) == 1:
            return [*left, *workers[0].run(settings, progress)]
        with one_parser_at_a_time(), ThreadPoolExecutor(len(workers)) as threads:
            runs = [threads.submit(worker.run, settings, progress) for worker in workers]
            try:
                wait(runs, return_when=FIRST_EXCEPTION)
            finally:
                # Without effect on those that have come to their end.
                for worker, run in zip(workers, runs, strict=True):
                    if not run.done():
                        worker.transport.stop()
    failed = [error for run in runs if (error := run.exception()) is not None]
    # Those that were stopped say no more than that.
    for error in sorted(failed, key=lambda error: isinstance(error, KeyboardInterrupt)):
        raise error
    return list(dict.fromkeys([*left, *(problem for run in runs for problem in run.result())]))


def _not_generated(document: Document) -> list[str]:
    """The operations whose methods the engine does not know, in words."""
    return [
        f"{operation.method} {operation.path}: no requests are generated for this method"
        for operation in document.operations.values()
        if operation.method.lower() not in METHODS
    ]


class _Worker:
    """One of several that share the work; alone it does all of it."""

    def __init__(
        self, lane: Lane, number: int, of: int, seed: int, given: Given | None = None
    ) -> None:
        self._exchanger, self._actors = lane
        self._number, self._of = number, of
        self._seed = seed + number
        rng = random.Random(self._seed)
        self._pool = Pool(rng, self._exchanger.names)
        self.transport = ExchangeTransport(self._exchanger, self._actors, self._pool)
        document = self._exchanger.ledger.document
        self._places = Places(document, rng, given or Given())
        self._filler = Filler(document, self._pool, rng, self.transport.sends, self._places)

    def run(self, settings: FuzzSettings, progress: Progress) -> list[str]:
        """Run this worker's share of the phases."""
        before_call = self._filler.before_call
        hook = GLOBAL_HOOK_DISPATCHER.register_hook_with_name(before_call, "before_call")
        listeners = [self._pool.listen, self._places.listen]
        self._exchanger.listeners += listeners
        try:
            return [
                problem
                for part, paths in self._parts(settings)
                for problem in self._run(part, paths, progress)
            ]
        except KeyboardInterrupt:
            if self.transport.lost:
                raise FuzzError(self.transport.lost) from None
            raise
        finally:
            for listener in listeners:
                self._exchanger.listeners.remove(listener)
            GLOBAL_HOOK_DISPATCHER.unregister(hook)

    def _run(
        self, settings: FuzzSettings, paths: frozenset[tuple[str, str]] | None, progress: Progress
    ) -> list[str]:
        schema = make_schema(self._exchanger, self.transport, settings, self._seed, paths)
        failures = FailureFilter(self._exchanger, self.transport)
        schema.hooks.register_hook_with_name(failures.filter_failure, "filter_failure")
        if self._actors is not None:
            document = self._exchanger.ledger.document
            schema.auth(refresh_interval=None)(marker(self._actors.credential, document))
        return drain(LockstepEngine(schema, settings.stateful_rounds), progress)

    def _parts(
        self, settings: FuzzSettings
    ) -> list[tuple[FuzzSettings, frozenset[tuple[str, str]] | None]]:
        """What this worker does: which phases, on which operations (`None` for all).

        Of several, each sends some of the generated requests to every operation, so that it knows
        things of every kind before the boundary values come, which are dealt out by operation.
        """
        if self._of == 1:
            return [(settings, None)]
        every = self._exchanger.ledger.document.operations.values()
        dealt = [(each.method, each.path) for each in every][self._number :: self._of]
        examples = self._share(settings.max_examples)
        rounds = self._share(settings.stateful_rounds)
        parts = [
            (_only(settings, "examples"), self._number == 0, None),
            (replace(_only(settings, "fuzzing"), max_examples=examples), examples > 0, None),
            (_only(settings, "coverage"), bool(dealt), frozenset(dealt)),
            (replace(_only(settings, "stateful"), stateful_rounds=rounds), rounds > 0, None),
        ]
        return [(part, paths) for part, wanted, paths in parts if wanted and part.phases]

    def _share(self, total: int) -> int:
        """This worker's part of a number; the first ones get what cannot be divided."""
        return len(range(self._number, total, self._of))


def _only(settings: FuzzSettings, *phases: str) -> FuzzSettings:
    return replace(settings, phases=[name for name in settings.phases if name in phases])
