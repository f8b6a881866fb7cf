"""Restores equal states after a write that succeeded on some targets only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, unquote_plus

from lockstep.compare.parsed import ParsedAnswer
from lockstep.inference.links import Links
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import Generated
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Request, Response, status_of
from lockstep.transport.targets import Target

Shown = Callable[[Operation | None, ParsedAnswer], Iterator[Generated]]
_CREATED = 201
_GONE = (404, 410)


class Compensation:
    """Deletes what exists, or has changed, on one side only, if the document documents how."""

    def __init__(self, document: Document, targets: list[Target], shown: Shown) -> None:
        """`shown` yields the server-generated values of a response."""
        self._document = document
        self._targets = targets
        self._shown = shown
        self.sent = 0

    def undo(self, exchange: Exchange) -> bool:
        """Delete on every target what a request wrote. Returns whether it is now gone on all."""
        if exchange.request.method == "DELETE":
            return False
        return all(
            path is not None and (not path or self._delete(exchange, target, path))
            for target, path in zip(self._targets, self._paths(exchange), strict=True)
        )

    def _paths(self, exchange: Exchange) -> list[str | None]:
        """What is to be deleted on each target: empty for nothing, `None` if that is not known.

        It is what was made, where it was, else what the request wrote to, everywhere.
        """
        made = [
            self._made(exchange, target) if _succeeded(exchange, target) else ""
            for target in self._targets
        ]
        if None not in made:
            return made
        return [
            self._itself(exchange.requests[target.name])
            # A thing that was not made need not be deleted.
            or (None if _succeeded(exchange, target) else "")
            for target in self._targets
        ]

    def _delete(self, exchange: Exchange, target: Target, item: str) -> bool:
        sent = exchange.requests[target.name]
        path = item + self._credential(sent)
        kept = tuple(
            (name, value)
            for name, value in sent.headers
            if name.lower() not in ("content-type", "content-length", "if-match", "if-none-match")
        )
        self.sent += 1
        answer = target.send(replace(sent, method="DELETE", path=path, headers=kept, body=None))
        status = status_of(answer) or 599
        return status < 300 or status in _GONE

    def _credential(self, sent: Request) -> str:
        """Return the undeclared query parameters of a request, such as a user's API key."""
        operation = self._document.find(sent.method, sent.path)
        declared = {each.name for each in operation.parameters} if operation is not None else set()
        pairs = sent.path.partition("?")[2].split("&")
        kept = [
            each for each in pairs if each and unquote_plus(each.partition("=")[0]) not in declared
        ]
        return f"?{'&'.join(kept)}" if kept else ""

    def _made(self, exchange: Exchange, target: Target) -> str | None:
        """The path of what a request made in a collection, if it did so."""
        sent, outcome = exchange.requests[target.name], exchange.outcomes[target.name]
        if not isinstance(outcome, Response):
            return None
        location = outcome.header("location")
        found = self._linked(location, target) if location is not None else None
        if found is not None:
            return found
        collection = sent.path.partition("?")[0]
        if self._deletable(f"{collection}/x") is not None:
            return self._shown_in(sent, outcome, collection)
        itself = self._itself(sent)
        if itself is None or outcome.status != _CREATED:
            return None
        # What is made of a thing may be another one beside it, such as its copy.
        collection, _, name = itself.rpartition("/")
        return self._shown_in(sent, outcome, collection, apart=name)

    def _itself(self, sent: Request) -> str | None:
        """The deletable path that a request path is, or is an action of.

        What `POST` does to a thing, `DELETE` at the same path undoes.
        """
        plain = sent.path.partition("?")[0]
        same = self._document.find("DELETE", plain)
        if same is not None and sent.method == "POST" and "{" in same.path:
            return plain
        candidates = (plain, plain.rpartition("/")[0])
        return next((one for one in candidates if self._deletable(one) is not None), None)

    def _deletable(self, path: str) -> Operation | None:
        """The operation that deletes one thing at a path."""
        operation = self._document.find("DELETE", path)
        return operation if operation is not None and operation.path.endswith("}") else None

    def _linked(self, location: str, target: Target) -> str | None:
        links = Links(self._document, self._document.families, target.base_url)
        link = links.read(links.localised(location))
        if link is None:
            return None
        path = link.template
        for named in link.named:
            start, end = path.index("{"), path.index("}") + 1
            path = path[:start] + quote(named.value, safe="") + path[end:]
        return path if self._document.find("DELETE", path) else None

    def _shown_in(
        self, sent: Request, outcome: Response, collection: str, apart: str = ""
    ) -> str | None:
        """The path of the thing in a collection whose identifier a response shows.

        It is not the one whose identifier is set `apart`, as it is in a path.
        """
        operation = self._document.find(sent.method, sent.path)
        candidate = self._deletable(f"{collection}/x")
        if candidate is None:
            return None
        name = candidate.path.rpartition("{")[2].rstrip("}")
        family = next((p.family for p in candidate.parameters if p.name == name), "")
        fitting = [
            item
            for item in self._shown(operation, ParsedAnswer(outcome))
            if item.kind == "id"
            and (not family or item.family == family)
            and quote(item.value, safe="") != apart
        ]
        if not fitting:
            return None
        value = min(fitting, key=lambda item: len(item.path)).value
        return f"{collection}/{quote(value, safe='')}"


def _succeeded(exchange: Exchange, target: Target) -> bool:
    return (status_of(exchange.outcomes[target.name]) or 599) < 300
