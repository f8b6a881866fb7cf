"""Separates independent differences from those that follow from earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lockstep.exchange.beyond_divergence import Known, differs_beyond, differs_for_same_resource
from lockstep.exchange.compensation import Compensation
from lockstep.exchange.shown import Shared
from lockstep.matching import Difference
from lockstep.matching.bijection import SymbolTable
from lockstep.results.conditions import kinds_of
from lockstep.results.divergent_state import (
    DivergentState,
    exists_on_some_only,
    made_on_some_only,
    one_sided,
)
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.run_log import RunLog
from lockstep.results.signatures import Observation
from lockstep.results.trace import Trace
from lockstep.transport.messages import status_of

# Differences that do not depend on server-generated values.
_WITHOUT_DOCUMENT = frozenset({"status", "outcome", "connection"})
# A document may leave preflight requests to the part of a server that answers them.
_CORS = "header access-control-"
_REFUSED = "a call to another service that only one side makes"


@dataclass(slots=True)
class Triage:
    """Records differences, except those that follow from states that have already diverged.

    A write that succeeded on one side only is undone by `compensation`, if the document has an
    operation for it. Otherwise the resources that it touched count as diverged, and its actor is
    retired. `table` has the matched identifiers of each partner.
    """

    log: RunLog
    trace: Trace
    divergent: DivergentState
    compensation: Compensation | None
    table: SymbolTable

    def sort(self, exchange: Exchange, made: Mapping[str, str], theirs: Shared) -> None:
        """Record the differences of an exchange.

        `made` are the values in the leader's response by key, `theirs` the keys that a partner's
        response, by its name, has as well.
        """
        named = self.trace.things(exchange.request)
        self._leave_undocumented(exchange)
        for name, differences in exchange.differences.items():
            if not differences:
                continue
            exchange.parity = False
            if exchange.done.calls.refused(name):
                # The refused call is reported by itself.
                self.log.findings.excuse(_REFUSED, len(differences))
                continue
            cause = self.divergent.unpaired(named, self._paired(name)) or self.divergent.cause(
                named
            )
            if cause:
                self.log.findings.excuse(cause, len(differences))
                exchange.excused = cause
                continue
            names, observations = self.log.observed(exchange, name, differences)
            for observation in observations:
                following = self.divergent.cause_of_collection(exchange)
                if following and not self._differs_beyond(exchange, name, observation):
                    self.log.findings.excuse(following)
                    exchange.excused = following
                else:
                    self.log.add_observation(exchange, names, observation, self.trace)
        if not exchange.parity:
            self._part(exchange, named, made, theirs)

    def _differs_beyond(self, exchange: Exchange, name: str, observation: Observation) -> bool:
        """Whether a difference is independent of the divergence of the collection."""
        first = observation.differences[0]
        known = Known(self.table.to(name), self._naming(exchange), self.divergent.has)
        if observation.signature.kind == "list":
            return differs_beyond(exchange, name, known)
        return "/*/" not in first.where or differs_for_same_resource(exchange, name, known, first)

    def _naming(self, exchange: Exchange) -> Callable[[str], bool]:
        """Return a predicate for the members that identify the elements of a list."""
        document = self.log.document
        operation = document.find(exchange.request.method, exchange.request.path)
        owner = document.families.about(operation.path) if operation is not None else ""

        def names(member: str) -> bool:
            role = document.families.role(member, owner)
            named = role is not None and role.kind in ("id", "key")
            return named and role is not None and role.family.startswith(f"{owner}.")

        return names

    def _leave_undocumented(self, exchange: Exchange) -> None:
        """Leave out undocumented responses, whose generated values are unknown."""
        document = self.log.document
        if (status_of(exchange.leader) or 0) >= 400:
            return
        if document.find(exchange.request.method, exchange.request.path) is None:
            exchange.differences = {
                name: [one for one in several if _is_known(one)]
                for name, several in exchange.differences.items()
            }

    def _part(
        self,
        exchange: Exchange,
        named: set[str],
        made: Mapping[str, str],
        theirs: Shared,
    ) -> None:
        cause = _cause(exchange)
        for name, differences in exchange.differences.items():
            if differences:
                paired, shown = self._paired(name), theirs.get(name, frozenset())
                left = {k: v for k, v in made.items() if k not in shown and not paired(v)}
                writes = exchange.request.method not in SAFE_METHODS
                self.divergent.leave_unpaired(left, cause, by_write=writes)
        if one_sided(exchange):
            self.divergent.part(self._touched(exchange) | made.keys(), cause)
            if self.compensation is None or not self.compensation.undo(exchange):
                exchange.parted = True
                self.divergent.part_collections(exchange, cause)
        elif made_on_some_only(exchange):
            self.divergent.part(made.keys(), cause)
            exchange.parted = True
            self.divergent.part_collections(exchange, cause)
        elif exists_on_some_only(exchange) and "deleted thing" in kinds_of(exchange.conditions):
            self.divergent.part(named, cause)
            self.divergent.part_collections(exchange, cause)

    def _touched(self, exchange: Exchange) -> set[str]:
        """Return the keys of the resources in the path of a request."""
        return self.trace.things(replace(exchange.request, headers=(), body=None))

    def _paired(self, name: str) -> Callable[[str], bool]:
        images = self.table.to(name).images
        return lambda value: bool(images(value))


def _is_known(difference: Difference) -> bool:
    """Whether what differs needs no document to be understood."""
    return difference.kind in _WITHOUT_DOCUMENT or difference.where.startswith(_CORS)


def _cause(exchange: Exchange) -> str:
    statuses = [str(status_of(outcome) or "no response") for outcome in exchange.outcomes.values()]
    if len(set(statuses)) > 1:
        return f"{exchange.label} returned {' and '.join(statuses)}"
    return f"the responses to {exchange.label} refer to resources that only one side knows"
