"""Takes from a resource as much as it has, a little more, and the rest after a part of it.

What a request takes is limited by what the resource shows: the balance of an account, the pieces of
a product in stock, what is left of a reservation. No schema tells that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat
from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.filtered_lists import read_lists_about
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.named import look_at_named
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.quantities import Quantity, quantity_in
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.drivers.walk.selection import accepted_posts
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.results.grounding import list_elements
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Response

# Maximum number of choices of an enum, of quantities of a resource, and of reads after a change.
_MOST_CHOICES, _MOST_LIMITS, _MOST_READ = 3, 3, 6
_ONE = Decimal(1)
# Maximum number of actions that are tried so that a resource has something to take.
_MOST_FILLED = 4
# Maximum number of requests in all, except those that create resources.
_MOST_SENT = 400


@dataclass(frozen=True, slots=True)
class _Taking:
    """A request to take a quantity of `resources`, which are given as operations and parameters."""

    operation: Operation
    quantity: Quantity
    resources: list[tuple[Operation, Values]]
    values: Values
    body: Mapping[str, Any]


@dataclass(slots=True)
class Limits:
    """Tries the quantities of requests at what the resources have that they are taken from."""

    maker: Maker
    reader: Reader
    _sent: int = field(default=0)

    @property
    def _document(self) -> Document:
        return self.maker.client.document

    def able(self) -> Iterator[Operation]:
        """Yield the operations that succeeded before and may take a quantity of a resource."""
        client = self.maker.client
        for operation in accepted_posts(client):
            if not self._quantity(operation):
                continue
            inside = "{" in operation.path and not operation.path.endswith("}")
            if inside or client.referred(operation, client.mine):
                yield operation

    def explore(self, operation: Operation) -> None:
        """Find what limits a quantity on one resource, then take it in two parts from another."""
        first = self._new(operation, {})
        if first is not None:
            # What new resources need for it is sought when it is refused.
            self.maker.post(operation, first.values, self.maker.client.mine)
        for choice in islice(self._choices(operation), _MOST_CHOICES):
            taking = self._new(operation, choice)
            limit = self._limit(taking, choice) if taking is not None else None
            if limit is None or self._sent > _MOST_SENT:
                continue
            again = self._new(operation, choice)
            if again is not None:
                half = again.quantity.halved(limit)
                for number in (half, limit, limit - half):
                    if number > 0:
                        self._take(again, number)
                self._use_used_up(again)

    def all_of_it(self, operation: Operation) -> tuple[Values, Mapping[str, Any]] | None:
        """Return the parameters and the body to take all that new resources have.

        `None` for an operation that nothing limits, as far as was found out before.
        """
        limited = self.maker.limited.get(operation.name)
        taking = self._new(operation, limited[0]) if limited is not None else None
        shown = self._shown(taking) if taking is not None else []
        if taking is None or limited is None or len(shown) <= limited[1]:
            return None
        quantity = taking.quantity
        return taking.values, {**taking.body, quantity.name: quantity.write(shown[limited[1]])}

    def _limit(self, taking: _Taking, choice: Mapping[str, Any]) -> Decimal | None:
        """Return the quantity that can be taken while a little more cannot, if there is any."""
        for rank, number in enumerate(self._shown(taking)[:_MOST_LIMITS]):
            # There may be whole pieces only.
            for more in dict.fromkeys((taking.quantity.unit, max(taking.quantity.unit, _ONE))):
                if self._take(taking, number + more):
                    # There may be no limit, or a job that finds it later.
                    self._take(taking, taking.quantity.halved(number))
                    return None
            if self._take(taking, number):
                self.maker.limited[taking.operation.name] = choice, rank
                return number
        return None

    def _use_used_up(self, taking: _Taking) -> None:
        """Try all actions on resources of which nothing is left."""
        for around, values in taking.resources:
            for each in islice(self._acts(around), _MOST_FILLED):
                exchange = self._act(each, values)
                if succeeded(exchange) and not exchange.parted:
                    self._read(around, values)
            self._lower(around, values)

    def _lower(self, around: Operation, values: Values) -> None:
        """Change a quantity of a resource to less than what was taken of it."""
        client = self.maker.client
        for each in self._document.operations.values():
            if each.path != around.path or each.method not in ("PUT", "PATCH"):
                continue
            quantity = self._quantity(each)
            whole = client.template(each, client.mine) if each.method == "PUT" else {}
            if quantity is None or not isinstance(whole, Mapping):
                continue
            for number in (Decimal(0), quantity.unit):
                changed = {**whole, quantity.name: quantity.write(number)}
                if succeeded(self._send(each, values, changed)):
                    self._read(around, values)

    def _take(self, taking: _Taking, number: Decimal) -> bool:
        """Take a quantity, and read what that changes; whether it succeeded."""
        value = {**taking.body, taking.quantity.name: taking.quantity.write(number)}
        exchange = self._send(taking.operation, taking.values, value)
        if not succeeded(exchange) or exchange.parted:
            return False
        for around, values in taking.resources:
            self._read(around, values)
        self._sent += look_at_named(self.maker.client, exchange)
        return True

    def _new(self, operation: Operation, choice: Mapping[str, Any]) -> _Taking | None:
        """Return a request about new resources that have something to take, if there are any."""
        client, quantity = self.maker.client, self._quantity(operation)
        if quantity is None:
            return None
        values: Values | None = {}
        resources = []
        if "{" in operation.path:
            values = self.maker.live(operation, client.mine, fresh=True)
            around = replace(operation, path=operation.path[: operation.path.rindex("}") + 1])
            resources = [(around, values or {})]
        else:
            resources = list(self.maker.renew_referred(operation, client.mine))
        body = client.template(operation, client.mine)
        if values is None or not resources or not isinstance(body, Mapping):
            return None
        taking = _Taking(operation, quantity, resources, values, {**body, **choice})
        for around, named in resources:
            self._fill(quantity, around, named)
        self.maker.needs.meet(operation, (values, taking.body), client.mine)
        return taking

    def _fill(self, quantity: Quantity, around: Operation, values: Values) -> None:
        """Do to a resource what other operations do until it has something to take."""
        if self._shown_by(quantity, around, values):
            return
        for each in islice(self._acts(around), _MOST_FILLED):
            self._act(each, values)
            if self._shown_by(quantity, around, values):
                return

    def _acts(self, around: Operation) -> Iterator[Operation]:
        """Yield the actions on a resource that have succeeded before."""
        for each in self._document.operations.values():
            inside = each.path.startswith(f"{around.path}/")
            alone = inside and parameters_of(each.path) == parameters_of(around.path)
            if alone and each.method == "POST" and each.name in self.maker.client.known.accepted:
                yield each

    def _act(self, operation: Operation, values: Values) -> Exchange:
        client = self.maker.client
        style = Style.WORDS if operation.name in self.maker.whole else Style.PLAIN
        return self._send(operation, values, client.template(operation, client.mine, style))

    def _read(self, around: Operation, values: Values) -> None:
        for reader in (*self._readers(around), *self._above(around)):
            self._send(reader, values, None)
        self._sent += len(read_lists_about(self.maker.client, around, values))

    def _shown(self, taking: _Taking) -> list[Decimal]:
        """Return the quantities that the resources show, the largest first."""
        shown = (self._shown_by(taking.quantity, *each) for each in taking.resources)
        return sorted({number for each in shown for number in each}, reverse=True)

    def _shown_by(self, quantity: Quantity, around: Operation, values: Values) -> list[Decimal]:
        reader = next(self._readers(around), None)
        seen = [self._send(reader, values, None)] if reader is not None else []
        seen += read_lists_about(self.maker.client, around, values)
        found: list[Decimal] = []
        for exchange in seen:
            answer = exchange.leader
            body = json_of(answer.body) if isinstance(answer, Response) else None
            for shown in (body, *list_elements(answer)):
                found += quantity.shown_in(shown)
        return found

    def _readers(self, around: Operation) -> Iterator[Operation]:
        """Yield the reads of a resource, and of what is in it as a whole."""
        inside = (
            each
            for each in self._document.operations.values()
            if each.method == "GET"
            and (each.path == around.path or each.path.startswith(f"{around.path}/"))
            and parameters_of(each.path) == parameters_of(around.path)
            and not changes_state(each)
        )
        yield from islice(sorted(inside, key=lambda each: len(each.path)), _MOST_READ)

    def _above(self, around: Operation) -> Iterator[Operation]:
        """Yield the reads of the resources that a resource is in."""
        path = around.path[: around.path.rindex("{")] if "{" in around.path else ""
        while "}" in path:
            path = path[: path.rindex("}") + 1]
            reader = self._document.find("GET", path)
            if reader is not None and reader.path == path and not changes_state(reader):
                yield reader
            path = path[: path.rindex("{")]

    def _quantity(self, operation: Operation) -> Quantity | None:
        media = next(iter(self.maker.client.media(operation)), None)
        takes = media is not None and media.has_members and media.kind == "json"
        return quantity_in(self._document, media.schema) if media is not None and takes else None

    def _choices(self, operation: Operation) -> Iterator[Mapping[str, Any]]:
        """Yield the choices of the first enum of a body: a deposit, a withdrawal."""
        media = self.maker.client.media(operation)[0]
        properties = flat(self._document, media.schema).get("properties", {})
        for name, schema in properties.items():
            values = [each for each in flat(self._document, schema).get("enum", ()) if each]
            if len(values) > 1:
                yield from ({name: each} for each in values)
                return
        yield {}

    def _send(self, operation: Operation, values: Values, value: Any) -> Exchange:
        self._sent += 1
        return self.maker.client.act(operation, values, value)
