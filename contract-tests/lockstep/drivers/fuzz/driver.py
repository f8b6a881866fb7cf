"""Runs the Schemathesis engine against the targets."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Sequence
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
from lockstep.drivers.fuzz.threads import ended_threads_noted, one_parser_at_a_time
from lockstep.drivers.fuzz.transport import ExchangeTransport
from lockstep.drivers.walk.creators import entrances
from lockstep.drivers.walk.surroundings import Surroundings
from lockstep.exchange.exchanger import Exchanger

__all__ = ["FuzzError", "FuzzSettings", "Lane", "fuzz"]

Lane = tuple[Exchanger, ActorBook | None]
_Paths = frozenset[tuple[str, str]]
# Number of examples that create resources for other operations.
_TO_SET_UP = 3


def fuzz(
    lanes: Sequence[Lane],
    settings: FuzzSettings,
    seed: int,
    progress: Progress,
    given: Given | None = None,
) -> list[str]:
    """Run the phases of Schemathesis, and record failures of its checks as findings.

    Each lane is a worker with its own exchanger and actors, so that no worker uses identifiers
    known only to another one; the exchangers of several workers share a gate. Returns sentences on
    what the engine could not do. `progress` is called with the phase and the current operation; an
    exception that it raises ends all workers. `given` has the values from earlier stages. Raises
    `FuzzError` if the engine cannot start or continue.
    """
    left: list[str] = []
    workers = [_Worker(lane, number, len(lanes), seed, given) for number, lane in enumerate(lanes)]
    with warnings.catch_warnings(), ended_threads_noted(left.append):
        # The engine's deprecation warnings are of no use to users of lockstep.
        warnings.simplefilter("ignore")
        if len(workers) == 1:
            found = workers[0].run(settings, progress)
            return [*dict.fromkeys([*left, *found]), *_thinned_out(workers)]
        with one_parser_at_a_time(), ThreadPoolExecutor(len(workers)) as threads:
            runs = [threads.submit(worker.run, settings, progress) for worker in workers]
            try:
                wait(runs, return_when=FIRST_EXCEPTION)
            finally:
                # No effect on finished workers.
                for worker, run in zip(workers, runs, strict=True):
                    if not run.done():
                        worker.transport.stop()
    failed = [error for run in runs if (error := run.exception()) is not None]
    # The errors of stopped workers only say that they were stopped.
    for error in sorted(failed, key=lambda error: isinstance(error, KeyboardInterrupt)):
        raise error
    problems = [*left, *(problem for run in runs for problem in run.result())]
    return [*dict.fromkeys(problems), *_thinned_out(workers)]


def _thinned_out(workers: Sequence[_Worker]) -> Iterator[str]:
    """Yield a sentence if boundary values were skipped."""
    left = {name: count for worker in workers for name, count in worker.left_out.items()}
    if left:
        most = max(left, key=lambda name: left[name])
        total = sum(left.values())
        others = f" of {len(left):,} operations, {left[most]:,}" if len(left) > 1 else ""
        yield (
            f"{total:,} boundary values{others} of {most} were left out: --profile deep sends them"
        )


class _Worker:
    """One of several workers that share the requests; a single one sends all of them."""

    def __init__(
        self, lane: Lane, number: int, of: int, seed: int, given: Given | None = None
    ) -> None:
        self._exchanger, self._actors = lane
        self._number, self._of = number, of
        self._share = self._exchanger.ledger.share
        # Otherwise all shards would generate the same sequences.
        self._seed = seed + number + of * (self._share.shard.number - 1)
        rng = random.Random(self._seed)
        self._pool = Pool(rng, self._exchanger.names)
        self.transport = ExchangeTransport(self._exchanger, self._actors, self._pool)
        document = self._exchanger.ledger.document
        # The numbers of skipped boundary values, by operation.
        self.left_out: dict[str, int] = {}
        self._places = Places(document, rng, given or Given())
        self._filler = Filler(document, self._pool, rng, self.transport.sends, self._places)

    def run(self, settings: FuzzSettings, progress: Progress) -> list[str]:
        """Run this worker's share of the phases."""
        before_call = self._filler.before_call
        hook = GLOBAL_HOOK_DISPATCHER.register_hook_with_name(before_call, "before_call")
        listeners = [self._pool.listen, self._places.listen]
        self._exchanger.listeners += listeners
        try:
            self._set_up(settings, progress)
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

    def _set_up(self, settings: FuzzSettings, progress: Progress) -> None:
        """Create the resources that the operations of a shard refer to, or list."""
        if self._share.is_whole or not {"coverage", "fuzzing"} & set(settings.phases):
            return
        document = self._exchanger.ledger.document
        needed = [document.operations[name] for name in sorted(self._surroundings().needed)]
        part = replace(settings, phases=("fuzzing",), max_examples=_TO_SET_UP)
        if needed:
            self._exchanger.sets_up = True
            self._run(part, frozenset((each.method, each.path) for each in needed), progress)
            self._exchanger.sets_up = False

    def _run(self, settings: FuzzSettings, paths: _Paths | None, progress: Progress) -> list[str]:
        schema = make_schema(self._exchanger, self.transport, settings, self._seed, paths)
        failures = FailureFilter(self._exchanger, self.transport)
        schema.hooks.register_hook_with_name(failures.filter_failure, "filter_failure")
        if self._actors is not None:
            document = self._exchanger.ledger.document
            schema.auth(refresh_interval=None)(marker(self._actors.credential, document))
        every = len(paths) if paths is not None else len(self._exchanger.ledger.document.operations)
        problems = drain(LockstepEngine(schema, settings.stateful_rounds), progress, every)
        self.left_out |= schema.left_out
        return [*schema.broken_links, *problems]

    def _parts(self, settings: FuzzSettings) -> Iterator[tuple[FuzzSettings, _Paths | None]]:
        """Yield the phases and operations of this worker, with `None` for all operations.

        Each of several workers sends some of the generated requests to every operation, so that it
        knows resources of every type before the boundary values, which are distributed by
        operation. A shard has its own operations, and some of the sequences of all.
        """
        if self._of == 1 and self._share.is_whole:
            yield settings, None
            return
        every = self._exchanger.ledger.document.operations.values()
        own = [(each.method, each.path) for each in every if self._share.owns(each.name)]
        dealt = frozenset(own[self._number :: self._of])
        mine = None if self._share.is_whole else frozenset(own)
        examples = self._part(settings.max_examples)
        sequences = self._sequences(_only(settings, "stateful"))
        parts = [
            (_only(settings, "examples"), bool(own) and self._number == 0, mine),
            (
                replace(_only(settings, "fuzzing"), max_examples=examples),
                bool(own) and examples > 0,
                mine,
            ),
            (_only(settings, "coverage"), bool(dealt), dealt),
            (sequences, sequences.stateful_rounds > 0, self._chosen()),
        ]
        yield from ((part, paths) for part, wanted, paths in parts if wanted and part.phases)

    def _chosen(self) -> _Paths | None:
        """Return the operations to build sequences of; `None` for all.

        These are the selected ones, if any, and those that they need.
        """
        if not self._share.shard.is_whole or not self._share.owned:
            return None
        document = self._exchanger.ledger.document
        names = self._share.owned | self._surroundings().needed
        chosen = (document.operations[name] for name in names)
        return frozenset((each.method, each.path) for each in chosen)

    def _surroundings(self) -> Surroundings:
        document = self._exchanger.ledger.document
        return Surroundings(document, self._share.owned, entrances(document, self._actors))

    def _sequences(self, settings: FuzzSettings) -> FuzzSettings:
        """Return this worker's rounds of sequences; shortened if shards cannot share them."""
        shard, rounds = self._share.shard, settings.stateful_rounds
        if rounds % shard.of == 0:
            return replace(settings, stateful_rounds=self._part(rounds // shard.of))
        examples = shard.part(settings.stateful_examples)
        return replace(
            settings,
            stateful_rounds=self._part(rounds) if examples else 0,
            stateful_examples=examples,
        )

    def _part(self, total: int) -> int:
        """Return this worker's part of a number; the first workers get the remainder."""
        return len(range(self._number, total, self._of))


def _only(settings: FuzzSettings, *phases: str) -> FuzzSettings:
    return replace(settings, phases=[name for name in settings.phases if name in phases])
