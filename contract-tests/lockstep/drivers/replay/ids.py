"""Finds live ids for recorded ones if only paths were recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote

from lockstep.exchange.exchanger import Exchanger
from lockstep.recordings import Step
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Request, Response, status_of


@dataclass(slots=True)
class IdFinder:
    """Replaces each id that is unknown to the leader by a listed one, one to one.

    An id belongs to the path before it: `/tasks/7` is looked up in the response to `/tasks`, among
    the members named like the parameter or `id`.
    """

    exchanger: Exchanger
    _listed: dict[str, list[str]] = field(default_factory=dict)
    _mapped: dict[tuple[str, str], str] = field(default_factory=dict)
    _missing: set[tuple[str, str]] = field(default_factory=set)

    def replace(self, step: Step, sent: Request, exchange: Exchange) -> Request:
        """Return the request with live ids, if the leader responds with 404 to recorded ones.

        The same request if there is nothing to replace or nothing was found.
        """
        found_then = status_of(step.answer) != 404 if step.answer is not None else True
        if not found_then or status_of(exchange.leader) != 404:
            return sent
        path, mark, query = sent.path.partition("?")
        template = self.exchanger.ledger.document.template(path)
        if template is None:
            return sent
        segments = path.split("/")
        for at, part in enumerate(template.split("/")):
            if part.startswith("{") and part.endswith("}"):
                prefix = "/".join(segments[:at])
                segments[at] = self._live(prefix, part[1:-1], segments[at], sent)
        return replace(sent, path="/".join(segments) + mark + query)

    def is_about_one(self, request: Request) -> bool:
        """Whether the path refers to a resource, which the targets may lack."""
        return "{" in (self.exchanger.ledger.document.template(request.path) or "")

    def summary(self) -> str:
        """Return a sentence on the number of replaced ids."""
        every = len(self._mapped) + len(self._missing)
        return f"{len(self._mapped):,} of {every:,} ids that the targets do not know were replaced"

    def _live(self, prefix: str, parameter: str, recorded: str, sent: Request) -> str:
        listed = self._list(prefix, parameter, sent)
        key = prefix, recorded
        if unquote(recorded) in listed:
            return recorded
        if key not in self._mapped:
            taken = {live for (place, _), live in self._mapped.items() if place == prefix}
            free = [value for value in listed if value not in taken]
            if not free:
                self._missing.add(key)
                return recorded
            self._mapped[key] = free[0]
        return quote(self._mapped[key], safe="")

    def _list(self, prefix: str, parameter: str, sent: Request) -> list[str]:
        """Return the ids that the leader lists at a path; cached, requested as the same user."""
        if prefix not in self._listed:
            document = self.exchanger.ledger.document
            answer = None
            if document.find("GET", prefix) is not None:
                answer = self.exchanger.send(Request("GET", prefix, sent.headers)).leader
            self._listed[prefix] = list(dict.fromkeys(_values(answer, parameter)))
        return self._listed[prefix]


def _values(answer: Any, parameter: str) -> list[str]:
    if not isinstance(answer, Response) or answer.status != 200:
        return []
    try:
        rows = _rows(json.loads(answer.body))
    except (ValueError, RecursionError):
        return []
    found = (row.get(parameter, row.get("id")) for row in rows)
    return [str(value) for value in found if isinstance(value, str | int)]


def _rows(node: Any) -> list[dict[str, Any]]:
    """Return the first list of objects in a response, which may be inside an envelope."""
    if isinstance(node, list):
        return [row for row in node if isinstance(row, dict)]
    if isinstance(node, dict):
        for member in node.values():
            if isinstance(member, list) and any(isinstance(row, dict) for row in member):
                return _rows(member)
    return []
