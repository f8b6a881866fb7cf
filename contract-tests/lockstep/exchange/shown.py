"""Which things the answers of an exchange show, by the keys under which they are remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.operations import Operation
from lockstep.openapi.scopes import Scopes
from lockstep.openapi.shapes import Generated
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Outcome

# The values that servers have made in an answer.
Generate = Callable[[Operation | None, Outcome], Sequence[Generated]]
# The keys that the answer of each partner shows as the leader's does, where the two differ.
Shared = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class ShownThings:
    """Reads the things in answers; `table` says what each partner calls them."""

    scopes: Scopes
    table: SymbolTable
    generate: Generate

    def made(self, exchange: Exchange, generated: Sequence[Generated]) -> dict[str, str]:
        """The values of the leader's answer by their keys."""
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
        """What the answers show that differ from the leader's: its things, and the shared keys.

        A shared one is of a value that a client chose, or that follows from the content: nothing
        has to stand for it.
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
        """What later requests may name: of answers that differ, only what every target has."""
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
        for each in items:
            origin = self.table.to(name).origin(each.kind, each.value)
            if origin is not None:
                yield from self.scopes.keys(each.family, origin, exchange.request.path)

    def _unpaired(self, exchange: Exchange, name: str, items: Sequence[Generated]) -> Iterator[str]:
        for each in items:
            if self.table.to(name).origins(each.value) <= {each.value}:
                yield from self._keys(exchange, each)

    def _keys(self, exchange: Exchange, item: Generated) -> tuple[str, ...]:
        return self.scopes.keys(item.family, item.value, exchange.request.path)


def _is_traced(item: Generated) -> bool:
    # Every answer has a request id of its own; no later request depends on one.
    return item.kind not in ("time", "elapsed") and not (
        item.kind == "id" and str(item.path[0]).startswith("x-")
    )
