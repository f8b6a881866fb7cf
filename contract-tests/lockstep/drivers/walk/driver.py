"""Walks through a document like a careful user: create, read, list, change, delete, read again.

It sends few requests, each with a reason, to states that generated ones rarely reach: lists with
elements, resources just changed, and those of another user.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from lockstep.auth.actors import ActorBook
from lockstep.auth.bodies import flat
from lockstep.auth.discovery import ends_account, find_log_in
from lockstep.drivers.walk.bodies import (
    Style,
    confused,
    single_changes,
    with_invalid_element,
    with_long_texts,
    with_own_names,
    without_blamed,
)
from lockstep.drivers.walk.by_example import attempt, by_example
from lockstep.drivers.walk.client import Client, Progress
from lockstep.drivers.walk.deletions import Deletions, inner_first
from lockstep.drivers.walk.elements import add_elements, lacks_elements
from lockstep.drivers.walk.entity_tags import NO_TAG, spellings
from lockstep.drivers.walk.identifiers import new_name
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.media import Media
from lockstep.drivers.walk.outcomes import is_invalid, succeeded
from lockstep.drivers.walk.patches import JSON_PATCH, patches
from lockstep.drivers.walk.reader import Reader, paths
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.drivers.walk.stages import stages
from lockstep.drivers.walk.states import States
from lockstep.drivers.walk.surroundings import Surroundings
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.sharding import Share
from lockstep.results.exchange import Exchange
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Response

__all__ = ["Maker", "Progress", "walk"]

# Maximum number of changes that are sent to an operation.
_MOST_CHANGES = 16
# Maximum number of creations with a long text.
_MOST_LONG = 2
_STYLES = (Style.WORDS, Style.FULL, Style.ODD, Style.BLANK)
# Limits the time spent on slow servers.
MOST_SECONDS = 600.0


def walk(exchanger: Exchanger, actors: ActorBook | None, progress: Progress) -> Maker:
    """Walk once; returns the maker, with all the knowledge of the walk.

    Raises `ActorError` and `TargetLostError`.
    """
    maker = Maker(Client(exchanger, actors, progress))
    _Walk(maker, Reader(maker)).run()
    return maker


@dataclass(slots=True)
class _Walk:
    maker: Maker
    reader: Reader
    around: Surroundings = field(init=False)
    states: States = field(init=False)
    ending: float = field(init=False)

    def __post_init__(self) -> None:
        self.states = States(self.maker, self.reader)
        self.ending = time.monotonic() + MOST_SECONDS
        self.around = Surroundings(self._document, self._share.owned, self.client.entrances)

    def run(self) -> None:
        self.client.actor(self._mine)
        self.client.actor(self._other)
        self._look_around()
        every = self._document.operations.values()
        self.client.exchanger.unrepeatable |= {op.name for op in every if changes_state(op)}
        needed = self.around.needed
        self._each("making", self._with("POST", also=needed), self._setting_up(self._make))
        self._each("naming", self._with("PUT", also=needed), self._setting_up(self._put))
        self._make_more()
        self._each("confusing", self._with("POST", "PUT", "PATCH"), self._confuse)
        self._each("retrying", self.maker.seek_again(), self._setting_up(self._make))
        others = self._with("GET", "POST", "PUT", "PATCH", also=needed)
        with by_example(self.maker, others) as never:
            send = self._setting_up(partial(attempt, self.maker))
            self._each("retrying with examples", never, send)
        empty = [op for op in self._with("POST", also=needed) if lacks_elements(self.maker, op)]
        self._each("adding elements", empty, self._setting_up(partial(add_elements, self.maker)))
        self._read_all()
        self._each("changing", self._with("PUT", "PATCH"), self._change)
        self._each("setting states", self._in_states(), self.states.explore)
        self._make_more()
        for doing, stage in stages(self.maker, self.reader):
            self._each(doing, self._own(stage.able()), stage.explore)
        self._read_all()
        deletions = Deletions(self.maker, self.reader)
        deleting = sorted(self._with("DELETE"), key=inner_first)
        self._each("deleting", deleting, deletions.explore)
        if self.client.exchanger.effects.sees_rows:
            # Orphans of other resources only show in the rows.
            around = [each for each in deleting if next(deletions.makers_in(each), None)]
            self._each("deleting related resources", around, deletions.delete_around)
        self._read_all()
        self._each("reading", self._with("GET", "HEAD", changing=True), self.reader.read)

    def _each(
        self, doing: str, operations: list[Operation], act: Callable[[Operation], object]
    ) -> None:
        """Call `act` with each operation, and report progress; a fault only ends that operation."""
        for number, operation in enumerate(operations, 1):
            if time.monotonic() > self.ending:
                left = f"{len(operations) - number + 1:,} of {len(operations):,} operations"
                self.maker.left_out.append(f"walk: {doing} {left} was left out for lack of time")
                return
            self.client.doing = f"{doing} {number:,} of {len(operations):,}"
            with self.client.exchanger.ledger.faults.about(f"walk, {operation.name}: left out"):
                act(operation)

    def _setting_up(self, act: Callable[[Operation], object]) -> Callable[[Operation], object]:
        """Wrap `act` to mark its requests as setup if another shard tests the operation."""

        def done(operation: Operation) -> object:
            with self.client.setting_up(operation):
                return act(operation)

        return done

    def _look_around(self) -> None:
        """Read the existing lists, as created resources may have to refer to their elements."""
        lists = self._with("GET", also=self.around.witnesses)
        plain = [each for each in lists if not parameters_of(each.path)]
        self._each("reading", plain, self._setting_up(lambda op: self._send(op, {}, self._mine)))

    @property
    def client(self) -> Client:
        return self.maker.client

    @property
    def _document(self) -> Document:
        return self.client.document

    @property
    def _mine(self) -> str:
        return self.client.mine

    @property
    def _other(self) -> str:
        return self.client.other

    @property
    def _share(self) -> Share:
        return self.client.exchanger.ledger.share

    def _with(
        self, *methods: str, changing: bool = False, also: Collection[str] = ()
    ) -> list[Operation]:
        """Return operations by method, outer paths first, except those to register and to log in.

        Operations with safe methods that seem to change something are returned only if `changing`.
        For a shard, they are its own, and those named in `also`.
        """
        ways = find_log_in(self._document)
        apart = {way.operation.name for way in ways if way is not None}
        found = [
            operation
            for operation in self._document.operations.values()
            if operation.method in methods
            and (self._share.owns(operation.name) or operation.name in also)
            and operation.name not in apart
            # Probes send it on behalf of another user.
            and not (operation.method == "POST" and ends_account(operation))
            and changes_state(operation) is changing
        ]
        return sorted(found, key=lambda operation: operation.path.count("/"))

    def _make(self, operation: Operation) -> None:
        """Create a resource in each style; other actions are repeated on the same resource."""
        self._post(operation, self._mine)
        if operation.name in self.around.around:
            self._post(operation, self._other)
            return
        media = self.client.media(operation)
        styles = (*_STYLES, Style.PLAIN) if media else (Style.PLAIN,) * 2
        for style in styles:
            self._post(operation, self._mine, style)
        for other in media[1:]:
            self._post(operation, self._mine, media=other)
        self._post_mixed(operation, media)
        self._post_long(operation, media)
        self._post(operation, self._mine, skipped=1)
        if media and parameters_of(operation.path):
            self._post(operation, self._other, Style.FULL, owner=self._mine)
        self._post(operation, self._other, owner=self._mine)
        self._post(operation, self._other)
        self.reader.list_after(operation)

    def _post(
        self,
        operation: Operation,
        actor: str,
        style: Style = Style.PLAIN,
        *,
        owner: str | None = None,
        skipped: int = 0,
        media: Media | None = None,
    ) -> None:
        """Send a POST within the owner's newest resource, or with `skipped` an older one."""
        found = paths(self.client, operation, owner if owner is not None else actor)
        for values, _ in islice(found, skipped, skipped + 1):
            if style is Style.PLAIN and media is None:
                self.maker.post(operation, values, actor, owner or "")
                continue
            value = self.client.template(operation, owner or actor, style, media)
            if value != self.client.template(operation, owner or actor):
                self.maker.needs.meet(operation, (values, value), actor)
            exchange = self._send(operation, values, actor, value, media=media)
            if media is None and not exchange.parted and is_invalid(exchange):
                exchange = self._post_less(operation, values, actor, value, exchange)
            if succeeded(exchange):
                self.maker.needs.use_up(operation)
                if not media:
                    self.maker.note(operation, style)

    def _post_mixed(self, operation: Operation, media: Sequence[Media]) -> None:
        """Create several resources at once, of which one is invalid, and read what exists then."""
        chosen = next((each for each in media if each.has_members), None)
        if chosen is None:
            return
        value = self.client.template(operation, self._mine, Style.WORDS)
        own = with_own_names(self._document, chosen.schema, value, every=True)
        mixed = with_invalid_element(self._document, chosen.schema, own)
        found = paths(self.client, operation, self._mine) if mixed is not None else ()
        for values, _ in islice(found, 1):
            self._send(operation, values, self._mine, mixed)
            self.reader.look_around(operation, values)

    def _post_long(self, operation: Operation, media: Sequence[Media]) -> None:
        """Create resources with a long text each."""
        chosen = next((each for each in media if each.has_members), None)
        for values, _ in islice(paths(self.client, operation, self._mine), 1 if chosen else 0):
            value = self.client.template(operation, self._mine)
            schema = chosen.schema if chosen is not None else None
            for text in islice(with_long_texts(self._document, schema, value), _MOST_LONG):
                self._send(operation, values, self._mine, text)

    def _post_less(
        self, operation: Operation, values: Values, actor: str, value: Any, refused: Exchange
    ) -> Exchange:
        """Create without what a refusal names, if that may be left out."""
        media, answer = next(iter(self.client.media(operation)), None), refused.leader
        if media is None or not media.has_members or not isinstance(answer, Response):
            return refused
        message = answer.body.decode("utf-8", "replace")
        less = without_blamed(self._document, media.schema, value, message)
        return refused if less == value else self._send(operation, values, actor, less)

    def _make_more(self) -> None:
        """Create what belongs to resources that clients have named, or that actions have made."""
        posts = filter(self.maker.is_untried, self._with("POST", also=self.around.needed))
        self._each("creating more resources", list(posts), self._setting_up(self._make))

    def _put(self, operation: Operation) -> None:
        """Create resources with identifiers chosen by the client, where possible."""
        names = parameters_of(operation.path)
        if not names or not operation.path.rstrip("/").endswith("}"):
            return
        if self.client.known.is_user(operation.path, names[-1]):
            return
        outer = next((v for v, _ in paths(self.client, operation, self._mine)), {})
        if len(names) > 1 and not outer:
            return
        media: list[Media | None] = [*self.client.media(operation)] or [None]
        for number, each in enumerate(media):
            for style in Style if number < 2 else (Style.PLAIN,):
                name = new_name(self.client, operation, style)
                values = {**outer, names[-1]: name}
                exchange = self.maker.put_as(operation, values, self._mine, style, each)
                self.reader.look(operation, values)
                if not succeeded(exchange) and style is Style.PLAIN:
                    self.maker.put_into(operation, self._mine)
                    return

    def _read_all(self) -> None:
        safe = self._with("GET", "HEAD", "OPTIONS", also=self.around.witnesses)
        self._each("reading", safe, self.reader.read)

    def _change(self, operation: Operation) -> None:
        # Existing resources may be in a state in which they cannot be changed.
        fresh = self.maker.live(operation, self._mine, fresh=True, whole=True)
        values = fresh or {}
        if fresh is not None:
            tag = self.reader.tag(operation, values)
            self._patch(operation, values)
            for change, media in islice(self._changes(operation), _MOST_CHANGES):
                if media is not None and not media.has_members:
                    # An operation with a raw body, such as an upload, may work only once per
                    # resource.
                    values = self.maker.live(operation, self._mine, fresh=True) or values
                self._send(operation, values, self._mine, change, media=media)
                values = self.client.known.present(operation.path, values, self._mine)
                self.reader.look(operation, values)
            if tag:
                plain = self.client.template(operation, self._mine)
                for condition in (tag, self.reader.tag(operation, values), NO_TAG):
                    self._change_if(operation, values, condition, plain)
                for condition in spellings(self.reader.tag(operation, values)):
                    self._change_if(operation, values, condition, plain)
            plain = self.client.template(operation, self._mine)
            if operation.method == "PUT":
                # Only resources that do not exist yet may be created so (RFC 9110, section 13.1.2).
                headers = {"If-None-Match": "*"}
                self._send(operation, values, self._mine, plain, headers=headers)
            self._send(operation, values, self._other, plain)
            self.reader.look_around(operation, values)

    def _change_if(self, operation: Operation, values: Values, tag: str, content: Any) -> None:
        self._send(operation, values, self._mine, content, headers={"If-Match": tag})

    def _patch(self, operation: Operation, values: Values) -> None:
        """Send JSON Patch documents, if the operation accepts them."""
        media = self.client.media(operation)
        patch = next((each for each in media if each.name == JSON_PATCH), None)
        seen = self.reader.look(operation, values) if patch is not None else None
        shown = json_of(seen.leader.body) if seen and isinstance(seen.leader, Response) else None
        if patch is None or not isinstance(shown, Mapping):
            return
        beside = [each for each in media if each.has_members and each is not patch]
        changeable = {
            name
            for each in beside
            for name in flat(self._document, each.schema).get("properties", {})
        }
        for change in patches(shown, changeable):
            self._send(operation, values, self._mine, change, media=patch)
            self.reader.look(operation, values)

    def _own(self, operations: Iterable[Operation]) -> list[Operation]:
        return [each for each in operations if self._share.owns(each.name)]

    def _in_states(self) -> list[Operation]:
        """Return the first action on each type of resource with several, except users."""
        own = self._own(able[0].operation for able in self.states.able.values())
        is_user = self.client.known.is_user
        return [each for each in own if not is_user(each.path, parameters_of(each.path)[-1])]

    def _changes(self, operation: Operation) -> Iterator[tuple[Any, Media | None]]:
        """Yield the bodies for a change: whole ones first, then one member at a time."""
        media = self.client.media(operation)
        if not media:
            yield None, None
            return
        yield self.client.template(operation, self._mine), media[0]
        if media[0].has_members:
            for change in single_changes(self._document, media[0].schema):
                yield self.client.refer(change, operation, self._mine), media[0]
        for other in media if not media[0].has_members else media[1:]:
            for style in Style:
                yield self.client.template(operation, self._mine, style, other), other

    def _confuse(self, operation: Operation) -> None:
        """Send members of another type."""
        media = next(iter(self.client.media(operation)), None)
        if media is None or media.kind != "json":
            return
        for values, _ in islice(paths(self.client, operation, self._mine), 1):
            for content in islice(confused(self._document, media.schema), _MOST_CHANGES):
                self._send(operation, values, self._mine, content)

    def _send(
        self,
        operation: Operation,
        values: Mapping[str, str],
        actor: str,
        value: Any = None,
        *,
        media: Media | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        request = self.client.request(
            operation, values, value, media=media, query=query, headers=headers
        )
        return self.client.send(operation, values, request, actor)
