"""What the targets write to their databases for one request, held against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockstep.compare.allowed import Allowed
from lockstep.effects.mirror import Changes
from lockstep.effects.watch import Watch
from lockstep.matching import Difference
from lockstep.matching.bijection import SymbolTable
from lockstep.results.findings import EFFECTS
from lockstep.results.run_log import RunLog
from lockstep.results.trace import Exchange, Trace
from lockstep.transport.messages import Request
from lockstep.transport.targets import Target


class Rows:
    """Sees the rows of all targets, if each names its database and is `alone` with it.

    `alone` is false where several workers send requests at once.
    """

    def __init__(
        self,
        ledger: RunLog,
        targets: Sequence[Target],
        table: SymbolTable,
        trace: Trace,
        *,
        alone: bool,
    ) -> None:
        self._ledger = ledger
        self._table = table
        self._trace = trace
        self._watch = _watch(ledger, targets, alone=alone)

    @property
    def are_seen(self) -> bool:
        """Whether what the targets do to their databases is compared."""
        return self._watch is not None

    def begin(self) -> bool:
        """Look at what there is before a request; whether what follows can be told."""
        return self._watch is not None and self._watch.begin()

    def changes(self) -> dict[str, Changes]:
        """What each target has done since, by name."""
        return self._watch.changes() if self._watch is not None else {}

    def overlook(self) -> None:
        """Compare nothing of what has been written by now."""
        if self._watch is not None:
            self._watch.is_stale = True

    def differ_from_self(
        self,
        name: str,
        requests: tuple[Request, Request],
        written: tuple[Changes, Changes],
        renamed: Mapping[str, str],
    ) -> list[Difference]:
        """Where a target has written other rows for the same request; see `Watch`."""
        return self._watch.differ_from_self(name, requests, written, renamed) if self._watch else []

    def compare(self, exchange: Exchange, *, parted: bool) -> None:
        """Compare what was written, where the answers say the same of how it went.

        Nothing is compared where the states have `parted` in what the request names.
        """
        watch, ledger = self._watch, self._ledger
        if watch is None:
            return
        if parted:
            watch.end()
            return
        leader, *partners = exchange.outcomes
        allowed = Allowed(exchange.label, ledger.rules, ledger.noise)
        for name in partners:
            differences = exchange.differences.get(name, [])
            if any(one.kind in ("status", "outcome") for one in differences):
                continue
            requests = exchange.requests[leader], exchange.requests[name]
            found = watch.compare(name, requests, exchange.written, self._table)
            told = {one.where.rpartition("/")[2] for one in differences}
            exchange.effects[name] = [
                one for one in allowed.counted(found) if one.where.rpartition(".")[2] not in told
            ]
            for observation in ledger.signatures.read(exchange, exchange.effects[name]):
                names = leader, name
                ledger.add_observation(exchange, names, observation, self._trace, EFFECTS)
        watch.end()


def _watch(ledger: RunLog, targets: Sequence[Target], *, alone: bool) -> Watch | None:
    mirrors = ledger.mirrors
    named = [target for target in targets if target.database is not None]
    if not named or len(targets) < 2:
        return None
    if len(named) < len(targets):
        mirrors.note("rows are not compared: not every target names its database")
        return None
    if len({target.database for target in named}) < len(named):
        mirrors.note("rows are not compared: two targets name the same database")
        return None
    if not alone:
        mirrors.note("rows are not compared: several workers send requests at once")
        return None
    return Watch(
        *(mirrors, targets, ledger.document, ledger.clock),
        is_steady=lambda: ledger.patience.steady,
    )
