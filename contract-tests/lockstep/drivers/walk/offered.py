"""What lists offer to those who create something, until it is taken: slots, seats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lockstep.results.exchange import SAFE_METHODS
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Outcome, Request, status_of

_CONFLICT = 409
Offer = Mapping[str, Any]


@dataclass(slots=True)
class Offered:
    """The members of bodies that lists have offered, by the key of a body's media type."""

    _left: dict[str, list[Offer]] = field(default_factory=dict)

    def add(self, key: str, offers: list[Offer]) -> None:
        """Record what a list offers."""
        self._left[key] = [*offers]

    def has(self, key: str) -> bool:
        """Whether anything is left."""
        return bool(self._left.get(key))

    def into(self, value: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Return a body that takes the first offer."""
        return {**value, **next(iter(self._left.get(key, ())), {})}

    def keep(self, key: str, value: Any, filled: Any) -> Any:
        """Return a body as it is filled in, apart from what it takes: that must not be changed."""
        if not isinstance(value, Mapping) or not isinstance(filled, Mapping):
            return filled
        for offer in self._left.get(key, ()):
            if _within(offer, value):
                return {**filled, **offer}
        return filled

    def is_known(self, key: str) -> bool:
        """Whether anything has been offered."""
        return key in self._left

    def notice(self, request: Request, outcome: Outcome) -> None:
        """Forget what a request has taken, or would have taken if it had still been there."""
        status = status_of(outcome) or 0
        if request.method in SAFE_METHODS or not any(self._left.values()):
            return
        body = json_of(request.body or b"")
        if isinstance(body, Mapping) and (status < 300 or status == _CONFLICT):
            for key, offers in self._left.items():
                self._left[key] = [each for each in offers if not _within(each, body)]


def _within(offer: Offer, body: Mapping[str, Any]) -> bool:
    return all(name in body and body[name] == each for name, each in offer.items())
