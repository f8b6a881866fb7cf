"""Side effects of requests: written rows, SQL statements, calls to other services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from lockstep.compare.allowed import Allowed
from lockstep.effects.calls.call import RecordedCalls
from lockstep.effects.calls.watch import CallWatch
from lockstep.effects.watch import Watch
from lockstep.exchange.rw_lock import ReadWriteLock
from lockstep.matching.bijection import Bijection, SymbolTable
from lockstep.matching.difference import Difference
from lockstep.results.exchange import SAFE_METHODS, Effects, Exchange
from lockstep.results.findings import EFFECTS
from lockstep.results.run_log import RunLog
from lockstep.results.trace import Trace
from lockstep.transport.targets import Target

_AT_ONCE = "several workers send requests at once"


class EffectsWatch:
    """Observes and compares side effects; `table` has the values matched in responses."""

    def __init__(
        self,
        ledger: RunLog,
        targets: Sequence[Target],
        table: SymbolTable,
        gate: ReadWriteLock | None,
        *,
        rotates: bool,
    ) -> None:
        self._ledger = ledger
        self._targets = targets
        self._table = table
        self._beside = {target.name: Bijection() for target in targets[1:]}
        compares = len(targets) > 1 and not rotates
        ledger.proxies.open(targets)
        self.rows = self._rows(gate) if compares else None
        self.calls = self._calls(gate) if compares else None
        self._statements: dict[str, int] = {}
        self._counts = self.rows is not None and ledger.statements.counts(targets)
        self._listens = any(target.outbound is not None for target in targets)

    @property
    def sees_rows(self) -> bool:
        """Whether the changes to the targets' databases are compared."""
        return self.rows is not None

    def begin(self, method: str) -> bool:
        """Prepare for a request to all targets. Returns whether changed rows can be observed."""
        self._statements = {}
        if self.calls is not None:
            self.calls.begin()
        else:
            self.begin_together()
        sees_rows = self.rows is not None and self.rows.begin()
        if self._counts and method in SAFE_METHODS:
            self._statements = self._ledger.statements.now(self._targets)
        return sees_rows

    def begin_together(self) -> None:
        """Prepare for concurrent requests, to none of which side effects can be attributed."""
        self.end()
        self.overlook()

    def end(self) -> None:
        """Stop attributing calls to the request."""
        if self._listens:
            self._ledger.proxies.book.stop_attributing()

    def leader_answered(self) -> None:
        """Note that the leader has responded."""
        if self.calls is not None:
            self.calls.leader_answered()

    def done(self, *, sees_rows: bool) -> Effects:
        """Return the side effects since the request began."""
        before, after = self._statements, {}
        if before:
            after = self._ledger.statements.now(self._targets)
        statements = {name: after[name] - before[name] for name in after}
        rows = self.rows.changes() if self.rows is not None and sees_rows else {}
        calls = self.calls.made() if self.calls is not None else RecordedCalls()
        return Effects(rows, statements, calls)

    def overlook(self) -> None:
        """Ignore all writes up to now."""
        if self.rows is not None:
            self.rows.is_stale = True

    def compare(self, exchange: Exchange, trace: Trace, *, has_parted: bool) -> None:
        """Compare the side effects, for targets that responded with the same status code."""
        ledger, done = self._ledger, exchange.done
        leader, *partners = exchange.outcomes
        allowed = Allowed(exchange.label, ledger.rules, ledger.noise)
        for name in () if has_parted else partners:
            differences = exchange.differences.get(name, [])
            refused = done.calls.refused(name)
            if _went_otherwise(differences) and not refused:
                continue
            requests = exchange.requests[leader], exchange.requests[name]
            found: list[Difference] = []
            if self.rows is not None and done.rows and not refused:
                found += self.rows.compare(name, requests, done.rows, self._table)
            if done.statements:
                found += ledger.statements.compare(
                    *(exchange.label, exchange.request, exchange.leader, done.statements, name)
                )
            if self.calls is not None:
                found += self.calls.compare(name, requests, done.calls)
            exchange.effects[name] = list(_news(allowed.counted(found), differences))
            names, observations = ledger.observed(exchange, name, exchange.effects[name])
            for observation in observations:
                ledger.add_observation(exchange, names, observation, trace, EFFECTS)
        if self.rows is not None and done.rows:
            self.rows.end()
        if any(exchange.differences.values()):
            # The request may have been repeated or undone.
            self.overlook()

    def differ_from_self(
        self, name: str, first: Exchange, second: Exchange, renamed: Mapping[str, str]
    ) -> list[Difference]:
        """Return the differences between a target's side effects for the same request."""
        requests = first.requests[name], second.requests[name]
        found: list[Difference] = []
        ours, theirs = first.done.rows.get(name), second.done.rows.get(name)
        if self.rows is not None and ours is not None and theirs is not None:
            found += self.rows.differ_from_self(name, requests, (ours, theirs), renamed)
        if self.calls is not None:
            made = first.done.calls, second.done.calls
            found += self.calls.differ_from_self(name, requests, made, renamed)
        return found

    def _rows(self, gate: ReadWriteLock | None) -> Watch | None:
        """Return the watch on all databases if each target has its own, used sequentially."""
        databases = {target.database for target in self._targets} - {None}
        lacking = any(target.database is None for target in self._targets)
        reason = ""
        if databases and lacking:
            reason = "not every target has a database configured"
        elif len(databases) < len(self._targets):
            reason = "two targets have the same database"
        elif gate is not None:
            reason = _AT_ONCE
        if databases and reason:
            self._ledger.mirrors.note(f"rows are not compared: {reason}")
        if reason or not databases:
            return None
        ledger = self._ledger
        return Watch(
            *(ledger.mirrors, self._targets, ledger.document, ledger.clock),
            is_steady=self._is_steady(),
            beside=self._beside,
        )

    def _calls(self, gate: ReadWriteLock | None) -> CallWatch | None:
        """Return the watch on all calls if each target uses a proxy of lockstep."""
        named = [target for target in self._targets if target.outbound is not None]
        if not named:
            return None
        reason = ""
        if len(named) < len(self._targets):
            reason = "not every target has a proxy"
        elif gate is not None:
            reason = _AT_ONCE
        if reason:
            self._ledger.proxies.note(f"calls to other services are not compared: {reason}")
            return None
        ledger = self._ledger
        return CallWatch(
            *(ledger.proxies, self._targets, ledger.document, ledger.clock),
            *(self._is_steady(), self._table, self._beside),
        )

    def _is_steady(self) -> Callable[[], bool]:
        patience = self._ledger.patience
        return lambda: patience.steady


def _went_otherwise(differences: Iterable[Difference]) -> bool:
    return any(one.kind in ("status", "outcome") for one in differences)


def _news(found: Sequence[Difference], answers: Sequence[Difference]) -> Iterable[Difference]:
    """Yield differences not already shown by a response's member, or a row, of the same name."""
    reported = {one.where.rpartition("/")[2] for one in answers}
    rows = {(_name(one), one.left, one.right) for one in found if one.where.startswith("rows ")}
    for one in found:
        follows = one.where.startswith("calls ") and (_name(one), one.left, one.right) in rows
        if _name(one) not in reported and not follows:
            yield one


def _name(one: Difference) -> str:
    """Return the name of the column, or of the member of a body."""
    return one.where.rpartition("." if one.where.startswith("rows ") else "/")[2]
