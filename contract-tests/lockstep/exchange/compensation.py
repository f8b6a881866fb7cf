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
from lockstep.transport.messages import Outcome, Request, Response, status_of
from lockstep.transport.targets import Target

Shown = Callable[[Operation | None, ParsedAnswer], Iterator[Generated]]
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
        return all(self._delete(exchange, target) for target in self._targets)

    def _delete(self, exchange: Exchange, target: Target) -> bool:
        outcome = exchange.outcomes[target.name]
        sent = exchange.requests[target.name]
        succeeded = (status_of(outcome) or 599) < 300
        item = self._item(sent, outcome, target) if succeeded else self._itself(sent.path)
        if item is None:
            # What was not created need not be deleted.
            return not succeeded
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

    def _item(self, sent: Request, outcome: Outcome, target: Target) -> str | None:
        """Return the path of the resource that a successful request wrote to or created."""
        existing = self._itself(sent.path)
        if existing is not None or not isinstance(outcome, Response):
            return existing
        location = outcome.header("location")
        if location is not None:
            found = self._linked(location, target)
            if found is not None:
                return found
        return self._made(sent, outcome)

    def _itself(self, path: str) -> str | None:
        """Return the request path, or its parent if it is an action, if it can be deleted."""
        plain = path.partition("?")[0]
        for candidate in (plain, plain.rpartition("/")[0]):
            operation = self._document.find("DELETE", candidate)
            if operation is not None and operation.path.endswith("}"):
                return candidate
        return None

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

    def _made(self, sent: Request, outcome: Response) -> str | None:
        operation = self._document.find(sent.method, sent.path)
        collection = sent.path.partition("?")[0]
        candidate = self._document.find("DELETE", f"{collection}/x")
        if candidate is None or not candidate.path.endswith("}"):
            return None
        name = candidate.path.rpartition("{")[2].rstrip("}")
        family = next((p.family for p in candidate.parameters if p.name == name), "")
        shown = list(self._shown(operation, ParsedAnswer(outcome)))
        fitting = [i for i in shown if i.kind == "id" and (not family or i.family == family)]
        if not fitting:
            return None
        value = min(fitting, key=lambda item: len(item.path)).value
        return f"{collection}/{quote(value, safe='')}"
