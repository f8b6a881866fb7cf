"""Counts requests whose responses agreed, by their conditions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Mapping
from itertools import chain
from typing import Any

from lockstep.results.conditions import Condition, Conditions, kinds_of
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import status_of

# Conditions of a request that may still be valid; one without any is better.
_GOOD = frozenset({"notable", "precondition"})


class Tried:
    """Counts how often targets agreed under each condition, by their common status code.

    This tells differences caused by a condition from occasional ones.
    """

    def __init__(self) -> None:
        self._alike_by_kinds: Counter[tuple[frozenset[str], str]] = Counter()
        self._alike_by_operation: Counter[tuple[str, frozenset[str], str]] = Counter()
        self._alike_by_conditions: Counter[tuple[Conditions, str]] = Counter()
        self._answered: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._asked: dict[str, set[frozenset[str]]] = defaultdict(set)
        # The number of requests to an operation without a query.
        self._plainly: Counter[str] = Counter()
        # The plainest exchanges that succeeded on every target, by operation.
        self.succeeded: dict[str, list[Exchange]] = {}

    def note(self, exchange: Exchange, succeeded: Callable[[], list[Exchange]]) -> None:
        """Count an exchange; `succeeded` returns the steps that led to it."""
        status = str(status_of(exchange.leader))
        kinds = kinds_of(exchange.conditions)
        if exchange.sets_up:
            # Setup requests serve only as steps to be replayed.
            self._note_success(exchange, kinds, succeeded)
            return
        if not _has_other_status(exchange):
            self._alike_by_kinds[kinds, status] += 1
            self._alike_by_operation[exchange.label, kinds, status] += 1
            self._alike_by_conditions[exchange.conditions, status] += 1
        self._asked[exchange.label].add(kinds)
        self._plainly[exchange.label] += "?" not in exchange.request.path
        for name, outcome in exchange.outcomes.items():
            self._answered[exchange.label, name].add(str(status_of(outcome)))
        self._note_success(exchange, kinds, succeeded)

    def _note_success(
        self,
        exchange: Exchange,
        kinds: frozenset[str],
        succeeded: Callable[[], list[Exchange]],
    ) -> None:
        if not kinds <= _GOOD or _has_other_status(exchange):
            return
        known = self.succeeded.get(exchange.label)
        if known is not None and _blemishes(known[-1]) <= _blemishes(exchange):
            return
        statuses = [status_of(outcome) or 599 for outcome in exchange.outcomes.values()]
        if max(statuses) < 300:
            self.succeeded[exchange.label] = succeeded()

    def ways(self, operation: str) -> int:
        """Return the number of distinct sets of condition kinds sent to an operation."""
        return len(self._asked[operation]) if operation in self._asked else 0

    def plainly(self, operation: str) -> int:
        """Return the number of requests to an operation without a query."""
        return self._plainly[operation]

    def has_never_succeeded(self, operation: str, target: str) -> bool:
        """Whether a target has responded to an operation with error statuses only."""
        statuses = self._answered.get((operation, target), set())
        return bool(statuses) and all(status[:1] in ("4", "5") for status in statuses)

    def only_answer(self, operation: str, target: str) -> str:
        """Return the error status that a target always responds with to an operation, else ""."""
        statuses = self._answered.get((operation, target), set())
        only = next(iter(statuses)) if len(statuses) == 1 else ""
        return only if only[:1] in ("4", "5") else ""

    def alike(
        self,
        status: str,
        *,
        kinds: frozenset[str] = frozenset(),
        operation: str | None = None,
        conditions: Conditions | None = None,
    ) -> int:
        """Return how often the targets agreed on a status code under conditions or kinds."""
        if conditions is not None:
            return self._alike_by_conditions[conditions, status]
        if operation is not None:
            return self._alike_by_operation[operation, kinds, status]
        return self._alike_by_kinds[kinds, status]

    def alike_notable(
        self, status: str, subject: str, details: Container[str] | None = None
    ) -> int:
        """How often the targets agreed on a status where one member was notable, and no more."""
        return sum(
            count
            for (conditions, answered), count in self._alike_by_conditions.items()
            if answered == status
            and conditions
            and all(
                (one.kind, one.subject) == ("notable", subject)
                and (details is None or one.detail in details)
                for one in conditions
            )
        )

    def alike_within(self, status: str, kinds: frozenset[str] | None = None) -> int:
        """Return how often the targets agreed on a status code, within `kinds` if given."""
        return sum(
            count
            for (found, answered), count in self._alike_by_kinds.items()
            if answered == status and (kinds is None or (found and found <= kinds))
        )

    def alike_at(self, operation: str, status: str) -> int:
        """How often the targets agreed on a status of an operation, whatever stood out."""
        return sum(
            count
            for (found, _, answered), count in self._alike_by_operation.items()
            if (found, answered) == (operation, status)
        )

    def rows(self) -> dict[str, list[list[Any]]]:
        """Return all counts as JSON data for `add`."""
        return {
            "kinds": [
                [sorted(kinds), status, count]
                for (kinds, status), count in self._alike_by_kinds.items()
            ],
            "operations": [
                [operation, sorted(kinds), status, count]
                for (operation, kinds, status), count in self._alike_by_operation.items()
            ],
            "conditions": [
                [[[one.kind, one.subject, one.detail] for one in conditions], status, count]
                for (conditions, status), count in self._alike_by_conditions.items()
            ],
            "answered": [[*key, sorted(statuses)] for key, statuses in self._answered.items()],
            "plainly": [list(item) for item in self._plainly.items()],
            "asked": [[key, sorted(map(sorted, ways))] for key, ways in self._asked.items()],
        }

    def add(self, rows: Mapping[str, list[list[Any]]]) -> None:
        """Add the counts of another run."""
        for kinds, status, count in rows["kinds"]:
            self._alike_by_kinds[frozenset(kinds), status] += count
        for operation, kinds, status, count in rows["operations"]:
            self._alike_by_operation[operation, frozenset(kinds), status] += count
        for conditions, status, count in rows["conditions"]:
            key = tuple(Condition(*one) for one in conditions)
            self._alike_by_conditions[key, status] += count
        for operation, target, statuses in rows["answered"]:
            self._answered[operation, target].update(statuses)
        for operation, count in rows["plainly"]:
            self._plainly[operation] += count
        for operation, ways in rows["asked"]:
            self._asked[operation].update(map(frozenset, ways))


def _blemishes(exchange: Exchange) -> tuple[bool, bool]:
    """Return the demerits of a success: notable conditions, and differing responses.

    Some servers' responses always differ, as with another charset in each header field.
    """
    return bool(exchange.conditions), any(exchange.differences.values())


def _has_other_status(exchange: Exchange) -> bool:
    found = chain.from_iterable(exchange.differences.values())
    return any(one.kind in ("status", "outcome") for one in found)
