"""Finds the resources in the responses of an exchange, by their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.operations import Operation
from lockstep.openapi.scopes import Scopes
from lockstep.openapi.shapes import Generated
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Outcome

# Returns the server-generated values of a response.
Generate = Callable[[Operation | None, Outcome], Sequence[Generated]]
# The keys that a partner's differing response has in common with the leader's, by partner.
Shared = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class ShownResources:
    """Finds resources in responses; `table` matches identifiers of the partners."""

    scopes: Scopes
    table: SymbolTable
    generate: Generate

    def made(self, exchange: Exchange, generated: Sequence[Generated]) -> dict[str, str]:
        """Return the values of the leader's response by their keys."""
        path = exchange.request.path
        traced = filter(_is_traced, generated)
        return {
            key: each.value
            for each in traced
            for key in self.scopes.keys(each.family, each.value, path)
        }

    def by_partners(
        self, exchange: Exchange, operation: Operation | None
    ) -> tuple[frozenset[str], Shared]:
        """Return the resources in partners' differing responses, and the keys that both sides have.

        Common values were chosen by a client or derived from content, and need no counterpart.
        """
        things: set[str] = set()
        shared: dict[str, frozenset[str]] = {}
        for name in filter(exchange.differences.get, exchange.differences):
            items = list(filter(_is_traced, self.generate(operation, exchange.outcomes[name])))
            things |= set(self._origins(exchange, name, items))
            shared[name] = frozenset(self._unpaired(exchange, name, items))
        return frozenset(things), shared

    def usable(
        self, exchange: Exchange, generated: Sequence[Generated], shared: Shared
    ) -> list[Generated]:
        """Return the values for later requests; if responses differ, those that all have."""
        return [
            each
            for each in generated
            if all(
                self.table.to(name).images(each.value)
                or not keys.isdisjoint(self._keys(exchange, each))
                for name, keys in shared.items()
            )
        ]

    def _origins(self, exchange: Exchange, name: str, items: Sequence[Generated]) -> Iterator[str]:
        table = self.table.to(name)
        for each in items:
            # Short values, such as numbers, are matched within their family.
            kinds = (each.kind, each.family)
            origin = next(filter(None, (table.origin(kind, each.value) for kind in kinds)), None)
            if origin is not None:
                yield from self.scopes.keys(each.family, origin, exchange.request.path)

    def _unpaired(self, exchange: Exchange, name: str, items: Sequence[Generated]) -> Iterator[str]:
        for each in items:
            if self.table.to(name).origins(each.value) <= {each.value}:
                yield from self._keys(exchange, each)

    def _keys(self, exchange: Exchange, item: Generated) -> tuple[str, ...]:
        return self.scopes.keys(item.family, item.value, exchange.request.path)


def _is_traced(item: Generated) -> bool:
    # Request ids are unique to each response; no later request depends on one.
    return item.kind not in ("time", "elapsed") and not (
        item.kind == "id" and str(item.path[0]).startswith("x-")
    )
