"""Takes what a list offers: the free slots of a day, the seats of a show.

The elements of such a list are no resources: they have no identifier, but members that a creation
has as well. What is taken is offered no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat, kind_of_value
from lockstep.drivers.walk.amply import Live
from lockstep.drivers.walk.client import Client, Named
from lockstep.drivers.walk.items import families_for, parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.media import Media
from lockstep.drivers.walk.offered import Offer
from lockstep.drivers.walk.outcomes import is_refused, succeeded
from lockstep.drivers.walk.values import texts
from lockstep.openapi.document import Document
from lockstep.openapi.naming import is_id, noun, split
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import response_schema
from lockstep.results.exchange import Exchange
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Response

_MOST_KEPT = 12
# How often the lists are read for a creation, and with how many values at a time.
_MOST_READ, _MOST_WAYS = 12, 4
_MOST_TRIES = 3
_TIMES = frozenset({"date", "date-time", "time"})
_PLACES = frozenset({"slot", "seat", "spot", "table", "number"})
_DAYS_AHEAD = (1, 7, 8)
_LENGTH_OF_A_DAY = len("2026-01-01")
Post = Callable[[Operation, Named, str, Any], Exchange]


@dataclass(frozen=True, slots=True)
class _List:
    """A list in a response: its member, empty for the whole body, and those of its elements."""

    operation: Operation
    member: str
    shown: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Source:
    """An operation that lists what is offered, and the members that a creation takes of it."""

    operation: Operation
    member: str
    shared: frozenset[str]


@dataclass(slots=True)
class Offers:
    """Reads what is offered, which creations take from then on; see `Offered`."""

    client: Client
    live: Live
    _read: Counter[str] = field(default_factory=Counter)
    # All lists of the document whose elements are no resources, once they are needed.
    _lists: list[_List] | None = None
    # The creations that users were refused whatever they took.
    _refused: set[tuple[str, str]] = field(default_factory=set)

    def take(self, operation: Operation, values: Named, actor: str, post: Post) -> Exchange | None:
        """Send a creation with what is offered; `None` if nothing is."""
        exchange = None
        who = self.client.actor(actor)
        asking = operation.name, who.label if who is not None else ""
        media = next(iter(self.client.media(operation)), None)
        if media is None or not media.has_members or asking in self._refused:
            return None
        for _ in range(_MOST_TRIES):
            if not self._seek(operation, media, values, actor):
                return exchange
            exchange = post(operation, values, actor, self.client.template(operation, actor))
            if not is_refused(exchange):
                return exchange
        # It is not for lack of what is offered.
        self._refused.add(asking)
        return exchange

    def renew(self, operation: Operation, values: Named, actor: str) -> None:
        """Read what is offered for a creation again, if it has taken all of it."""
        media = next(iter(self.client.media(operation)), None)
        if media is not None and self.client.known.offered.is_known(media.key):
            self._seek(operation, media, values, actor)

    def _seek(self, operation: Operation, media: Media, values: Named, actor: str) -> bool:
        """Whether there is something to take; lists are read unless it is known."""
        offered = self.client.known.offered
        if not offered.has(media.key) and self._read[media.key] < _MOST_READ:
            self._read[media.key] += 1
            body = self.client.template(operation, actor)
            found = self._found(operation, media.schema, values, body, actor)
            offered.add(media.key, next(found, []))
        return offered.has(media.key)

    def _found(
        self, operation: Operation, schema: Any, values: Named, body: Any, actor: str
    ) -> Iterator[list[Offer]]:
        body = body if isinstance(body, Mapping) else {}
        merged = flat(self.client.document, schema)
        properties = merged.get("properties", {})
        for source in self._sources(operation, merged):
            named = self._named(source.operation, values, body, actor)
            for query in islice(self._queries(source.operation, body), _MOST_WAYS):
                if named is None:
                    break
                request = self.client.request(source.operation, named, query=query)
                exchange = self.client.send(source.operation, named, request, actor)
                answer = exchange.leader
                if not isinstance(answer, Response) or not succeeded(exchange) or exchange.parted:
                    continue
                around = {name: text for name, text in named.items() if name in properties}
                offered = list(_offered(source, json_of(answer.body), around, properties))
                if offered:
                    yield offered[:_MOST_KEPT]

    def _sources(self, creation: Operation, body: Mapping[str, Any]) -> Iterator[_Source]:
        """Yield the lists that may offer what a creation with a body of this schema takes."""
        if self._lists is None:
            self._lists = list(_lists(self.client.document))
        members, required = body.get("properties", {}), frozenset(body.get("required", ()))
        for each in self._lists:
            shared = each.shown.keys() & members.keys()
            telling = any(_is_offer(name, each.shown[name]) for name in shared)
            if telling and shared & required and each.operation.path != creation.path:
                yield _Source(each.operation, each.member, frozenset(shared))

    def _named(
        self, source: Operation, values: Named, body: Mapping[str, Any], actor: str
    ) -> Values | None:
        """Return the path parameters: those of the creation, what its body names, or any."""
        named = dict(values)
        for name in parameters_of(source.path):
            families = families_for(source.path, name)
            told = (
                text
                for member, text in body.items()
                if isinstance(text, str) and {member, noun(member), split(member)[0]} & families
            )
            named[name] = values.get(name) or next(told, "")
        if all(named.get(name) for name in parameters_of(source.path)):
            return {name: named[name] for name in parameters_of(source.path)}
        return self.live(source, actor, fresh=False)

    def _queries(self, source: Operation, body: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        """Yield queries for the days of a body and the next ones, where a day is asked for."""
        asked = [
            each.name
            for each in self.client.parameters(source)
            if each.location == "query" and each.schema.get("format") == "date"
        ]
        if not asked:
            yield {}
            return
        days = dict.fromkeys(filter(None, map(_day, texts(body))))
        today = datetime.now(UTC).date()
        days |= dict.fromkeys(today + timedelta(days=ahead) for ahead in _DAYS_AHEAD)
        # Another day is the first one each time.
        turn = (self._read.total() - 1) % len(days)
        for day in [*days][turn:] + [*days][:turn]:
            yield dict.fromkeys(asked[:1], day.isoformat())


def _lists(document: Document) -> Iterator[_List]:
    """Yield the lists whose elements are no resources."""
    for operation in document.operations.values():
        if operation.method != "GET":
            continue
        answer = flat(document, response_schema(operation, 200, "application/json") or {})
        for member, each in (("", answer), *answer.get("properties", {}).items()):
            listed = flat(document, each)
            shown = flat(document, listed.get("items", {})).get("properties", {})
            if kind_of_value(listed) == "array" and shown and not any(map(is_id, shown)):
                plain = {name: flat(document, schema) for name, schema in shown.items()}
                yield _List(operation, member, plain)


def _is_offer(name: str, schema: Mapping[str, Any]) -> bool:
    """Whether a member is a time, or a place that only one can take."""
    return schema.get("format") in _TIMES or noun(name) in _PLACES


def _offered(
    source: _Source, body: Any, around: Mapping[str, Any], members: Mapping[str, Any]
) -> Iterator[Offer]:
    """Yield the members that a creation takes, with those that all elements have in common."""
    common = body if isinstance(body, Mapping) else {}
    told = {
        name: each for name, each in common.items() if name in members and isinstance(each, str)
    }
    listed = common.get(source.member) if source.member else body
    for element in listed if isinstance(listed, list) else ():
        if isinstance(element, Mapping):
            own = {name: element[name] for name in source.shared if element.get(name) is not None}
            yield {**around, **told, **own}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:_LENGTH_OF_A_DAY])
    except ValueError:
        return None
