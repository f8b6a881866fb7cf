"""The version of a request that each target is sent: with its identifiers, tokens and headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lockstep.exchange.translation import Translator
from lockstep.transport.credentials import Identity
from lockstep.transport.messages import Request
from lockstep.transport.targets import Target


@dataclass(slots=True)
class Versions:
    """Translates the leader's requests and texts for its partners.

    With `rotates` the targets share one state: each request goes to the next one in turn, and
    nothing is translated. `identities` are the users who have logged in, by the actor of their
    requests.
    """

    targets: Sequence[Target]
    translator: Translator
    identities: Mapping[str, Identity]
    rotates: bool = False
    _turn: int = field(default=0, init=False)

    def of(self, request: Request) -> dict[str, Request]:
        """Return the request as each target gets it, by name."""
        if not self.rotates:
            return {target.name: self._of_target(request, target) for target in self.targets}
        target = self.next()
        return {target.name: target.dress(request)}

    def next(self) -> Target:
        """Return the next target in turn."""
        target = self.targets[self._turn % len(self.targets)]
        self._turn += 1
        return target

    def translate(self, request: Request, name: str) -> Request:
        """Return the request with one target's identifiers. Raises `KeyError` if it is unknown."""
        if self._is_leaders(name):
            return request
        return self.translator.request(request, name)

    def translate_text(self, text: str, name: str) -> str:
        """Return a text with the identifiers of one target."""
        return text if self._is_leaders(name) else self.translator.text(text, name)

    def _is_leaders(self, name: str) -> bool:
        return name == self.targets[0].name or self.rotates

    def _of_target(self, request: Request, target: Target) -> Request:
        translated = self.translate(request, target.name)
        identity = self.identities.get(request.actor or "")
        if identity is not None:
            leader = self.targets[0].name
            translated = identity.translate(request, translated, target.name, leader)
        return target.dress(translated)
