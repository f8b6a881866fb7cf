"""Combines the values of parameters and members of operations that compute their response.

What a conversion, a price or a date returns depends on its request alone, and a fault in it shows
only for certain values, or for two of them together.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, combinations, pairwise, zip_longest
from typing import Any

from lockstep.auth.bodies import flat, kind_of_value
from lockstep.auth.calls import filled, own_values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.media import Media, encoded
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.parameters import plain_value, with_query
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.drivers.walk.telling_values import (
    A_FREE_TEXT,
    A_LOCAL_TIME,
    CLOCK_CHANGES,
    DATES,
    ClockChange,
    is_zone,
    samples,
    telling_values,
)
from lockstep.openapi.naming import is_id, is_unique
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.results.grounding import list_elements
from lockstep.transport.messages import Request, Response

# Maximum number of requests to an operation, and to one that lists resources.
_MOST, _MOST_OF_LIST = 150, 24
# Maximum number of requests if none has succeeded.
_MOST_REFUSED = 16
# Number of successful requests with a value that are remembered, and of changes in them.
_FEW, _MOST_CHANGES = 8, 4
_PARTS_OF_DATES = ("year", "month", "day")
# Stands for a member that is not sent; the number of members that are tried so.
_LEFT_OUT, _MOST_LEFT_OUT = object(), 3
# The rank of values that have not succeeded yet.
_LAST = 100

# A slot: the place of a value in a request (`path`, `query`, `member` or `body`), and its name.
Slot = tuple[str, str]
# The values of slots that differ from the plain request.
Row = dict[Slot, Any]


@dataclass(slots=True)
class _Trial:
    """What is sent to an operation: its slots with their values, and what has succeeded so far."""

    operation: Operation
    media: Media | None
    slots: dict[Slot, list[Any]] = field(default_factory=dict)
    # Slots with all the values that a client can choose among.
    choices: set[Slot] = field(default_factory=set)
    works: dict[tuple[Slot, str], list[Row]] = field(default_factory=lambda: defaultdict(list))
    sent: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Combinations:
    """Sends one telling value after another to computing operations, then two at a time."""

    maker: Maker
    # The trials of able operations that have not been explored yet.
    _trials: dict[str, _Trial] = field(default_factory=dict)
    # The same for each run, as a difference should be found again.
    _rng: random.Random = field(default_factory=lambda: random.Random(0))

    def able(self) -> Iterator[Operation]:
        """Yield the operations that may compute their response, and have values to combine."""
        client = self.maker.client
        for operation in client.document.operations.values():
            if operation.method not in ("GET", "POST") or operation.name in client.entrances:
                continue
            if changes_state(operation) or operation.name in client.exchanger.unrepeatable:
                continue
            creates = operation.method == "POST" and self._creates(operation)
            if creates or self._names_resource(operation):
                continue
            trial = self._trials[operation.name] = self._trial(operation)
            if len(trial.slots) > 1:
                yield operation

    def explore(self, operation: Operation) -> None:
        """Send the plain request, each value alone, and pairs of values, the most telling first."""
        trial = self._trials.pop(operation.name, None) or self._trial(operation)
        first = self._send(trial, {})
        if operation.method == "POST" and not _is_same(first, self._send(trial, {})):
            return
        is_list = next(list_elements(first.leader), None) is not None
        most = _MOST_OF_LIST if is_list else _MOST
        alone = chain(_coupled(trial), _alone(trial), self._instead(trial))
        for changes in chain(alone, self._pairs(trial)):
            row = self._around(trial, changes)
            key = repr(sorted(row.items(), key=repr))
            if key in trial.sent:
                continue
            if len(trial.sent) >= (most if trial.works else _MOST_REFUSED):
                return
            trial.sent.add(key)
            exchange = self._send(trial, row)
            if succeeded(exchange) and len(row) <= _MOST_CHANGES:
                for slot, value in row.items():
                    trial.works[slot, repr(value)] = [row, *trial.works[slot, repr(value)]][:_FEW]

    def _instead(self, trial: _Trial) -> Iterator[Row]:
        """Yield what has been refused alone, in place of an optional member of the plain body.

        There may be either a `count` or an `until`.
        """
        client = self.maker.client
        template = client.template(trial.operation, client.mine)
        plain = template if isinstance(template, Mapping) else {}
        schema = flat(client.document, trial.media.schema) if trial.media is not None else {}
        optional = [name for name in plain if name not in schema.get("required", ())]
        for slot, values in trial.slots.items():
            works = any(trial.works.get((slot, repr(value))) for value in values)
            if slot[0] == "member" and slot[1] not in plain and not works:
                for name in optional[:_MOST_LEFT_OUT]:
                    yield {slot: values[0], ("member", name): _LEFT_OUT}

    def _names_resource(self, operation: Operation) -> bool:
        """Whether a path parameter refers to what a client has made, or to an element of a list."""
        client, parts = self.maker.client, operation.path.split("/")
        heads = {"/".join(parts[:at]) for at, part in enumerate(parts) if part.startswith("{")}
        every = client.document.operations.values()
        bound = client.known.bind(operation.path, client.mine)
        return any(item.made for item, _ in bound) or any(each.path in heads for each in every)

    def _creates(self, operation: Operation) -> bool:
        """Whether the document says that an operation creates a resource."""
        statuses = {str(code) for code in operation.definition.get("responses", {})}
        inside = f"{operation.path.rstrip('/')}/{{"
        every = self.maker.client.document.operations.values()
        return bool(statuses & {"201", "202", "204"}) or any(
            each.path.startswith(inside) for each in every
        )

    def _trial(self, operation: Operation) -> _Trial:
        client = self.maker.client
        document, media = client.document, next(iter(client.media(operation)), None)
        trial = _Trial(operation, media)
        for each in client.parameters(operation):
            if each.location in ("path", "query") and not is_id(each.name):
                values = telling_values(document, each.schema, each.name)
                texts = [each.text(value) for value in values if value is not None]
                usual = each.text(each.schema.get("default", ""))
                if "enum" not in each.schema and usual in texts:
                    texts.remove(usual)
                _add(trial, (each.location, each.name), texts, each.schema)
        schema = flat(document, media.schema) if media is not None else {}
        if media is not None and media.kind == "text":
            _add(trial, ("body", ""), telling_values(document, {"type": "string", **schema}), {})
        elif media is not None and media.kind == "json":
            for name, declared in schema.get("properties", {}).items():
                member = flat(document, declared)
                if not is_id(name) and not is_unique(name) and not member.get("readOnly"):
                    _add(trial, ("member", name), telling_values(document, member, name), member)
        chosen = [str(value) for slot in trial.choices for value in trial.slots[slot]]
        known = samples([operation.path, *chosen, *(name for _, name in trial.slots)])
        for slot, values in trial.slots.items():
            if A_FREE_TEXT in values:
                trial.slots[slot] = [*known, *values]
        if any(map(is_zone, chain.from_iterable(trial.slots.values()))):
            for slot, values in trial.slots.items():
                if A_LOCAL_TIME in values:
                    trial.slots[slot] = [*CLOCK_CHANGES, *values]
        return trial

    def _around(self, trial: _Trial, changes: Row) -> Row:
        """Return a request that has succeeded with one of the values, with all of them.

        It is one with the value that has succeeded most rarely: that goes with few others. One with
        the same for two slots is preferred: how a number is rounded shows if it is not converted.
        """
        values = ((slot, repr(value)) for slot, value in changes.items())
        known = [rows for value in values if (rows := trial.works.get(value))]
        fewest = min(map(len, known), default=0)
        rarest = [row for rows in known if len(rows) == fewest for row in rows]
        telling = [row for row in rarest if _LEFT_OUT in row.values() or _has_same(trial, row)]
        start = self._rng.choice(telling or rarest) if rarest and len(changes) > 1 else {}
        return {**start, **changes}

    def _pairs(self, trial: _Trial) -> Iterator[Row]:
        """Yield pairs of the values of two slots, or of what is chosen together and a value."""
        coupled = list(_coupled(trial))
        choices = {slot for row in coupled for slot in row}
        groups = [[row for row in coupled if set(row) == both] for both in _sets(coupled)]
        groups += [
            [{slot: value} for value in values]
            for slot, values in trial.slots.items()
            if slot not in choices
        ]
        ranked = [
            (self._rank(trial, *one) + self._rank(trial, *other), {**one[1], **other[1]})
            for some, others in combinations([list(enumerate(group)) for group in groups], 2)
            for one in some
            for other in others
        ]
        yield from (row for _, row in sorted(ranked, key=lambda each: each[0]))

    def _rank(self, trial: _Trial, number: int, row: Row) -> float:
        """Return a low number for a telling value; all values of a choice tell as much."""
        works = all(trial.works.get((slot, repr(value))) for slot, value in row.items())
        is_choice = trial.choices.issuperset(row)
        rank = self._rng.random() * 2 if is_choice else number + self._rng.random()
        return rank if works else rank + _LAST

    def _send(self, trial: _Trial, row: Row) -> Exchange:
        client, operation = self.maker.client, trial.operation
        zone = next((row[slot] for slot in trial.slots if is_zone(row.get(slot))), "")
        row = {k: v.local_time(zone) if isinstance(v, ClockChange) else v for k, v in row.items()}
        values = {
            each.name: str(row.get(("path", each.name), plain_value(client.document, each)))
            for each in client.parameters(operation)
            if each.location == "path"
        }
        request = client.request(operation, values)
        for (place, name), value in row.items():
            if place == "query":
                request = with_query(request, name, str(value))
        if trial.media is not None:
            request = self._with_body(trial, trial.media, row, request)
        return client.send(operation, values, request, client.mine)

    def _with_body(self, trial: _Trial, media: Media, row: Row, request: Request) -> Request:
        """Return the request with a body, whose times are sent as they are."""
        client = self.maker.client
        template = client.template(trial.operation, client.mine)
        members = {name: value for (place, name), value in row.items() if place == "member"}
        content = template
        if isinstance(template, Mapping):
            every = {**template, **members}
            content = {name: value for name, value in every.items() if value is not _LEFT_OUT}
        content = row.get(("body", ""), content)
        unique = client.actors.unique() if client.actors else f"{client.number():08}"
        data, name = encoded(client.document, media, filled(content, own_values("walker", unique)))
        return replace(request.with_header("Content-Type", name), body=data)


def _add(trial: _Trial, slot: Slot, values: list[Any], schema: Mapping[str, Any]) -> None:
    if values:
        trial.slots[slot] = values
        if "enum" in schema or kind_of_value(schema) == "boolean":
            trial.choices.add(slot)


def _alone(trial: _Trial) -> Iterator[Row]:
    """Yield the values of each slot in turn."""
    coupled = {slot for row in _coupled(trial) for slot in row}
    columns = [
        [{slot: value} for value in values]
        for slot, values in trial.slots.items()
        if slot not in coupled
    ]
    yield from (row for turn in zip_longest(*columns) for row in turn if row is not None)


def _coupled(trial: _Trial) -> Iterator[Row]:
    """Yield values of slots that belong together: the parts of a date, and those of one enum.

    Of the units of a conversion, for example, few go with another: those that are the same, and
    maybe neighbours.
    """
    parts = {slot[1].lower(): slot for slot in trial.slots}
    if parts.keys() >= {*_PARTS_OF_DATES}:
        slots = [parts[name] for name in _PARTS_OF_DATES]
        for date in DATES:
            numbers = map(int, date.split("-"))
            pairs = zip(slots, numbers, strict=True)
            yield {slot: each if slot[0] == "member" else str(each) for slot, each in pairs}
    for (one, values), (other, others) in combinations(trial.slots.items(), 2):
        if values == others and len(values) > 2 and {one, other} <= trial.choices:
            yield from ({one: value, other: value} for value in values)
            yield from ({one: a, other: b} for a, b in pairwise(values))


def _has_same(trial: _Trial, row: Row) -> bool:
    chosen = [repr(value) for slot, value in row.items() if slot in trial.choices]
    return len(set(chosen)) < len(chosen)


def _sets(rows: list[Row]) -> list[set[Slot]]:
    """Return the different sets of slots of some rows."""
    found: list[set[Slot]] = []
    found += (set(row) for row in rows if set(row) not in found)
    return found


def _is_same(one: Exchange, other: Exchange) -> bool:
    """Whether the leader gave the same successful response twice."""
    first, second = one.leader, other.leader
    if not isinstance(first, Response) or not isinstance(second, Response):
        return False
    return (first.status, first.body) == (second.status, second.body)
