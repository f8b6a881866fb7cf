"""The users in whose name requests are sent."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.credentials import BEARER, Credential
from lockstep.exchange import Exchanger
from lockstep.messages import Request, Response, status_of
from lockstep.shapes import resolve
from lockstep.trace import Exchange


class ActorError(Exception):
    """An actor could not be registered or logged in."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that makes or admits an actor: an operationId and a JSON body.

    In its strings `${actor}` is the actor's name and `${unique}` a text that no other actor has.
    """

    operation: str
    json: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ActorSpec:
    """How one kind of actor comes to be.

    Without `register` the account exists already, and the actor only logs in. `weight` is its share
    of the fuzzed requests; operations in `avoid` are sent by others, those in `retire_after` end
    the actor's session when they succeed. `token` is a JSON pointer into the log-in answer,
    `credential` how the token is sent from then on.
    """

    name: str
    login: Call
    register: Call | None = None
    weight: float = 1.0
    avoid: frozenset[str] = frozenset()
    retire_after: frozenset[str] = frozenset()
    token: str = "/access_token"
    credential: Credential = BEARER


@dataclass(frozen=True, slots=True)
class Actor:
    """A user who is logged in.

    `token` is the leader's; `facts` holds what was sent to register and log in, and the answer to
    the log-in.
    """

    spec: ActorSpec
    label: str
    token: str
    facts: Mapping[str, Any]


@dataclass(slots=True)
class ActorBook:
    """Makes actors when they are needed and again when they are gone."""

    exchanger: Exchanger
    specs: tuple[ActorSpec, ...]
    rng: random.Random
    nonce: str
    _alive: dict[str, Actor] = field(default_factory=dict)
    _made: int = 0

    def spec(self, name: str) -> ActorSpec:
        """The actor's own specification, else that of the first one that can register."""
        for spec in self.specs:
            if spec.name == name:
                return spec
        for spec in self.specs:
            if spec.register is not None:
                return replace(spec, name=name)
        raise ActorError(f"nothing says how {name} comes to be")

    @property
    def credential(self) -> Credential:
        """Where a request that needs an actor carries its token."""
        return self.specs[0].credential

    def get(self, name: str) -> Actor:
        """A logged-in actor of this name; `ActorError` when that fails."""
        actor = self._alive.get(name)
        if actor is None:
            actor = self._alive[name] = self._make(self.spec(name))
        return actor

    def choose(self, operation: str, preferred: str | None = None) -> Actor:
        """An actor for a fuzzed request: mostly the preferred one, else one by weight."""
        specs = [spec for spec in self.specs if operation not in spec.avoid] or list(self.specs)
        names = [spec.name for spec in specs]
        if preferred in names and self.rng.random() < 0.8:
            return self.get(preferred)
        return self.get(self.rng.choices(names, [spec.weight for spec in specs])[0])

    def authorise(self, request: Request, actor: Actor) -> Request:
        """The request with the actor's credentials."""
        return replace(actor.spec.credential.put(request, actor.token), actor=actor.label)

    def notice(self, exchange: Exchange, actor: Actor) -> None:
        """Retire an actor whose session the exchange has ended, or shown to be over."""
        status = status_of(exchange.leader) or 0
        ended = exchange.label in actor.spec.retire_after and status < 300
        if (ended or status == 401) and self._alive.get(actor.spec.name) is actor:
            del self._alive[actor.spec.name]

    def forget_all(self) -> None:
        """Start over with new actors."""
        self._alive.clear()

    def unique(self) -> str:
        """A text that was not given out before; alike for every target."""
        self._made += 1
        return f"{self.nonce}{self._made:04}"

    def _make(self, spec: ActorSpec) -> Actor:
        values = {"actor": spec.name, "unique": self.unique()}
        label = f"{spec.name}#{self._made}"
        facts: dict[str, Any] = {}
        for call in filter(None, (spec.register, spec.login)):
            body = _substitute(call.json, values)
            answer = self._call(call.operation, body, label)
            facts |= body
        try:
            given = json.loads(answer.body)
            token = resolve(given, "#" + spec.token)
        except ValueError as error:
            raise ActorError(f"{label}: no token at {spec.token}: {error}") from error
        return Actor(spec, label, str(token), facts | given)

    def _call(self, name: str, body: Mapping[str, Any], label: str) -> Response:
        operation = self.exchanger.ledger.document.operations.get(name)
        if operation is None:
            raise ActorError(f"{label}: no operation {name} in the document")
        request = Request(
            method=operation.method,
            path=operation.path,
            headers=(("Content-Type", "application/json"),),
            body=json.dumps(body).encode(),
            operation=operation.name,
            actor=label,
        )
        exchange = self.exchanger.send(request, group=label)
        for target, outcome in exchange.outcomes.items():
            if not isinstance(outcome, Response) or outcome.status >= 300:
                shown = outcome.body[:300] if isinstance(outcome, Response) else outcome.reason
                status = status_of(outcome)
                raise ActorError(f"{label}: {operation.name} on {target}: {status} {shown!r}")
        answer = exchange.leader
        assert isinstance(answer, Response)
        return answer


def _substitute(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, str):
        for name, value in values.items():
            node = node.replace("${" + name + "}", value)
        return node
    if isinstance(node, Mapping):
        return {key: _substitute(value, values) for key, value in node.items()}
    return node
