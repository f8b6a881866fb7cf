"""Walks through a document as a careful user would: make, read, list, change, delete, look again.

Few requests, each with a reason, where generated ones rarely lead: to lists that hold something, to
what changed a moment ago, to what belongs to somebody else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from lockstep.auth.actors import ActorBook
from lockstep.auth.calls import filled
from lockstep.auth.discovery import body_schema, find_log_in
from lockstep.drivers.walk.bodies import Style, body, confused, single_changes
from lockstep.drivers.walk.items import Item, bind, fill, made
from lockstep.drivers.walk.queries import queries
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.results.trace import Exchange
from lockstep.transport.messages import Request, Response

# Of what an operation is tried on.
_FEW = 3
_MOST_QUERIES = 24
_MOST_CHANGES = 16

Progress = Callable[[str, int, int | None], None]


def walk(exchanger: Exchanger, actors: ActorBook | None, progress: Progress) -> None:
    """Walk once; raises `ActorError` and `TargetLostError`."""
    _Walk(exchanger, actors, progress).run()


def _inner_first(operation: Operation) -> tuple[bool, int]:
    """What is inside something goes before it; what names nothing, the session say, comes last."""
    return "{" not in operation.path, -operation.path.count("/")


@dataclass(slots=True)
class _Walk:
    exchanger: Exchanger
    actors: ActorBook | None
    progress: Progress
    items: list[Item] = field(default_factory=list)
    _sent: int = 0

    def run(self) -> None:
        for operation in self._with("POST"):
            for style in (*Style, Style.PLAIN):
                self._post(operation, self._mine, style)
            self._post(operation, self._mine, Style.PLAIN, skipped=1)
            self._post(operation, self._other, Style.PLAIN, owner=self._mine)
            self._post(operation, self._other, Style.PLAIN)
        for operation in self._with("POST", "PUT", "PATCH"):
            self._confuse(operation)
        self._read_all()
        for operation in self._with("PUT", "PATCH"):
            self._change(operation)
        self._read_all()
        for operation in sorted(self._with("DELETE"), key=_inner_first):
            self._delete(operation)
        self._read_all()

    @property
    def _document(self) -> Document:
        return self.exchanger.ledger.document

    @property
    def _mine(self) -> str:
        return self.actors.specs[0].name if self.actors else ""

    @property
    def _other(self) -> str:
        return self.actors.specs[-1].name if self.actors else ""

    def _with(self, *methods: str) -> list[Operation]:
        """The operations of some methods, outer paths first, those that make users left out."""
        ways = find_log_in(self._document)
        apart = {way.operation.name for way in ways if way is not None}
        found = [
            operation
            for operation in self._document.operations.values()
            if operation.method in methods and operation.name not in apart
        ]
        return sorted(found, key=lambda operation: operation.path.count("/"))

    def _post(
        self,
        operation: Operation,
        actor: str,
        style: Style,
        *,
        owner: str | None = None,
        skipped: int = 0,
    ) -> None:
        """Make something; what is no collection is done again and again to the same item.

        Where a path names an item it is the newest of the owner, with `skipped` an older one.
        """
        paths = self._paths(operation, owner if owner is not None else actor)
        for path, values, _ in islice(paths, skipped, skipped + 1):
            exchange = self._send(operation, path, actor, self._body(operation, style))
            answer = exchange.leader
            if isinstance(answer, Response) and answer.status < 300:
                item = made(operation.path, answer, actor, values)
                self.items += [item] if item is not None else []

    def _read_all(self) -> None:
        for operation in self._with("GET"):
            for path, _, item in islice(self._paths(operation, self._mine), _FEW):
                told = queries(self._document, operation, item or self._newest())
                for query in islice(told, _MOST_QUERIES):
                    asked = f"{path}?{urlencode(query)}" if query else path
                    self._send(operation, asked, self._mine)
                for stranger in {self._other, ""} - {self._mine}:
                    self._send(operation, path, stranger)

    def _change(self, operation: Operation) -> None:
        for path, _, _ in islice(self._paths(operation, self._mine), 1):
            tag = self._tag(path)
            schema, _ = body_schema(self._document, operation)
            changes = islice(single_changes(self._document, schema), _MOST_CHANGES)
            for change in ({}, *changes) if schema is None else changes:
                self._send(operation, path, self._mine, change)
                self._look(path)
            if tag:
                plain = self._body(operation, Style.PLAIN)
                for condition in (tag, self._tag(path), '"0"'):
                    headers = {"If-Match": condition}
                    self._send(operation, path, self._mine, plain, headers)
            self._send(operation, path, self._other, self._body(operation, Style.PLAIN))
            self._look(path)

    def _confuse(self, operation: Operation) -> None:
        """Send members of another type."""
        schema, is_form = body_schema(self._document, operation)
        if schema is None or is_form:
            return
        for path, _, _ in islice(self._paths(operation, self._mine), 1):
            for content in islice(confused(self._document, schema), _MOST_CHANGES):
                self._send(operation, path, self._mine, content)

    def _delete(self, operation: Operation) -> None:
        for path, _, _ in islice(self._paths(operation, self._mine), 1):
            for actor in dict.fromkeys((self._other, self._mine)):
                self._send(operation, path, actor)
                self._look(path)
            self._send(operation, path, self._mine)

    def _look(self, path: str) -> Exchange | None:
        """Read what a path names, if it can be read."""
        operation = self._document.find("GET", path)
        return self._send(operation, path, self._mine) if operation is not None else None

    def _tag(self, path: str) -> str:
        """The entity tag of what a path names, empty where it has none."""
        seen = self._look(path)
        answer = seen.leader if seen is not None else None
        return (answer.header("etag") or "") if isinstance(answer, Response) else ""

    def _newest(self) -> Item | None:
        return self.items[0] if self.items else None

    def _paths(
        self, operation: Operation, actor: str
    ) -> Iterator[tuple[str, dict[str, str], Item | None]]:
        """Paths of an operation to what an actor made, with what their parameters hold."""
        if "{" not in operation.path:
            yield operation.path, {}, None
            return
        mine = [item for item in self.items if item.actor == actor]
        for item, values in bind(operation.path, mine):
            yield fill(operation.path, values), values, item

    def _body(self, operation: Operation, style: Style) -> Any:
        schema, _ = body_schema(self._document, operation)
        return body(self._document, schema, style) if schema is not None else None

    def _send(
        self,
        operation: Operation,
        path: str,
        actor: str,
        content: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Exchange:
        sent = dict(headers or {})
        data = None
        if content is not None:
            _, is_form = body_schema(self._document, operation)
            data, media_type = self._encoded(content, is_form=is_form)
            sent["Content-Type"] = media_type
        request = Request(operation.method, path, tuple(sent.items()), data, operation.name)
        who = self.actors.get(actor) if actor and self.actors else None
        if who is not None and self.actors is not None and operation.requires_auth:
            request = self.actors.authorise(request, who)
        exchange = self.exchanger.send(request)
        if request.actor and who is not None and self.actors is not None:
            self.actors.notice(exchange, who)
        self._sent += 1
        self.progress(operation.name, self._sent, None)
        return exchange

    def _encoded(self, content: Any, *, is_form: bool) -> tuple[bytes, str]:
        unique = self.actors.unique() if self.actors else f"{self._sent:08}"
        values = {"actor": "walker", "unique": unique, "short": unique[-7:]}
        ready = filled(content, values)
        if is_form:
            return urlencode(ready).encode(), "application/x-www-form-urlencoded"
        return json.dumps(ready, ensure_ascii=False).encode(), "application/json"
