"""The users that requests are sent as."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.auth.calls import Call, own_values
from lockstep.auth.discovery import Entrance
from lockstep.auth.entry import ActorError, enter, new_entry
from lockstep.auth.tokens import TokenError
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.exchange import Exchange
from lockstep.transport.credentials import BEARER, Credential, Identity
from lockstep.transport.messages import Request, status_of

__all__ = ["Actor", "ActorBook", "ActorError", "ActorSpec", "Call"]

# The number of consecutive log-ins after which a rejected session is no longer renewed.
MAX_RENEWALS = 3


@dataclass(frozen=True, slots=True)
class ActorSpec:
    """How one kind of actor is registered and logged in.

    Without `register` the account exists already, and the actor only logs in; without `login` the
    response to the registration contains the token. `weight` is the actor's share of the generated
    requests; operations in `avoid` are sent by other actors, those in `retire_after` end the
    actor's session when they succeed. `token` is the location of the token in the response (see
    `read_token`), `credential` is how it is sent; an empty `token` and `UNKNOWN` are not determined
    yet. `opening` is a path that is requested first because it sets the CSRF cookie. `values` are
    substituted in the bodies, those of one target are in `values_for`. With `tokens`, by target
    name or `*`, there is no log-in. `entrances` are alternative log-ins to try. An `is_extra` actor
    has a role other than the usual users', and is dropped once it can no longer log in.
    """

    name: str
    login: Call | None = None
    register: Call | None = None
    weight: float = 1.0
    avoid: frozenset[str] = frozenset()
    retire_after: frozenset[str] = frozenset()
    token: str = "/access_token"
    credential: Credential = BEARER
    values: Mapping[str, str] = field(default_factory=dict)
    values_for: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    opening: str = ""
    entrances: tuple[Entrance, ...] = ()
    is_extra: bool = False

    @property
    def calls(self) -> tuple[Call, ...]:
        """The requests that log the actor in."""
        return tuple(filter(None, (self.register, self.login)))

    @property
    def value_names(self) -> set[str]:
        """The names of the values that the account has on any target."""
        return {*self.values, *(name for own in self.values_for.values() for name in own)}

    def tokens_at(self, targets: Iterable[str]) -> dict[str, str]:
        """Return the fixed token of each target, empty if there is none."""
        return {name: self.tokens.get(name) or self.tokens.get("*", "") for name in targets}


@dataclass(frozen=True, slots=True)
class Actor:
    """A logged-in user.

    `token` is the leader's; `facts` holds what was sent to register and log in, and the responses.
    `values` belong to this actor only, and `issued` by target name the id and secret of a client
    that was registered there.
    """

    spec: ActorSpec
    label: str
    token: str
    facts: Mapping[str, Any]
    values: Mapping[str, str] = field(default_factory=dict)
    issued: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def values_at(self, target: str) -> dict[str, str]:
        """Return the values for the bodies sent to one target."""
        own = {**self.spec.values, **self.spec.values_for.get(target, {})}
        return {**self.values, **own, **self.issued.get(target, {})}


@dataclass(slots=True)
class ActorBook:
    """Creates actors on demand, and recreates them when their session ends; thread-safe."""

    exchanger: Exchanger
    specs: tuple[ActorSpec, ...]
    rng: random.Random
    nonce: str
    # Shared by all books of a run, so that labels are unique.
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    # Mapping from operation name to the actor that may send it where the usual users may not;
    # shared.
    entitled: dict[str, str] = field(default_factory=dict)
    _alive: dict[str, Actor] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _refused: Counter[str] = field(default_factory=Counter)
    _made: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def spec(self, name: str) -> ActorSpec:
        """Return the actor's specification, or that of the first actor that can register."""
        for spec in self.specs:
            if spec.name == name:
                return spec
        for spec in self.specs:
            if spec.register is not None:
                return replace(spec, name=name)
        raise ActorError(f"no actor is configured as {name}, and none can be registered")

    @property
    def credential(self) -> Credential:
        """How a request that needs an actor carries its token."""
        return self.specs[0].credential

    def get(self, name: str) -> Actor:
        """Return a logged-in actor of this name; raise `ActorError` if the log-in fails."""
        with self._lock:
            actor = self._alive.get(name)
            if actor is not None and name in self._ended:
                actor = self._renew(actor)
            if actor is None:
                actor = self._made_or_usual(self.spec(name))
            self._ended.discard(name)
            self._alive[name] = actor
            return actor

    def choose(self, operation: str, preferred: str | None = None) -> Actor:
        """Return an actor for a generated request: usually the preferred one, else by weight."""
        specs = [spec for spec in self.specs if operation not in spec.avoid] or list(self.specs)
        names = [spec.name for spec in specs]
        preferred = self.entitled.get(operation, preferred)
        if preferred in names and self.rng.random() < 0.8:
            return self.get(preferred)
        return self.get(self.rng.choices(names, [spec.weight for spec in specs])[0])

    def authorise(self, request: Request, actor: Actor) -> Request:
        """Return the request with the actor's credentials: the token, cookies, a CSRF token."""
        identity = self.exchanger.identities.get(actor.label)
        if identity is None:
            signed = actor.spec.credential.put(request, actor.token)
        else:
            signed = identity.put(request, self.exchanger.targets[0].name)
        return replace(signed, actor=actor.label)

    def notice(self, exchange: Exchange, actor: Actor) -> None:
        """Retire an actor whose session the exchange ended or showed to be expired.

        An actor whose resources differ between the targets is replaced with a new one.
        """
        name = actor.spec.name
        with self._lock:
            if self._alive.get(name) is not actor:
                return
            status = status_of(exchange.leader) or 0
            parted = exchange.parted and actor.spec.register is not None
            if parted or (exchange.label in actor.spec.retire_after and status < 300):
                del self._alive[name]
            elif 401 not in map(status_of, exchange.outcomes.values()):
                self._refused[name] = 0
            elif self._refused[name] < MAX_RENEWALS and not actor.spec.tokens:
                self._refused[name] += 1
                self._ended.add(name)

    def forget_all(self) -> None:
        """Discard all actors; new ones are created on demand."""
        with self._lock:
            self._alive.clear()
            self._ended.clear()

    def unique(self) -> str:
        """Return a text that was not returned before; equal for all targets."""
        with self._lock:
            self._made += 1
            return f"{self.nonce}{self._made:04}"

    def _renew(self, actor: Actor) -> Actor | None:
        """Return the actor with a new session; `None` if it must be created anew."""
        if actor.spec.login is None:
            return None
        try:
            return self._come_in(actor, (actor.spec.login,))
        except ActorError as error:
            if actor.spec.register is not None or actor.spec.is_extra:
                return None
            raise ActorError(
                f"{error}. A request may have changed the password or the account: list such "
                "operations in `avoid`"
            ) from error

    @property
    def extras(self) -> list[str]:
        """The names of the actors with other roles."""
        return [spec.name for spec in self.specs if spec.is_extra]

    def otherwise_known(self, name: str) -> list[str]:
        """The names of the usual actors whose credentials are sent in another way than these."""
        usual = [spec for spec in self.specs if not spec.is_extra]
        own = {spec.credential for spec in usual if spec.name == name}
        return [spec.name for spec in usual if own and spec.credential not in own]

    def _made_or_usual(self, spec: ActorSpec) -> Actor:
        try:
            return self._make(spec)
        except ActorError:
            if not spec.is_extra:
                raise
            self.specs = tuple(each for each in self.specs if each.name != spec.name)
            return self.get(self.specs[0].name)

    def _make(self, spec: ActorSpec) -> Actor:
        unique = self.unique()
        label = f"{spec.name}#{next(self.numbers)}"
        actor = Actor(spec, label, "", {}, own_values(spec.name, unique))
        if spec.tokens:
            return self._known(actor)
        return self._come_in(actor, spec.calls)

    def _known(self, actor: Actor) -> Actor:
        tokens = actor.spec.tokens_at(target.name for target in self.exchanger.targets)
        jars = new_entry(self.exchanger).jars
        self.exchanger.identities[actor.label] = Identity(actor.spec.credential, tokens, jars)
        return replace(actor, token=next(iter(tokens.values())))

    def _come_in(self, actor: Actor, calls: tuple[Call, ...]) -> Actor:
        spec = actor.spec
        names = [target.name for target in self.exchanger.targets]
        values = {name: actor.values_at(name) for name in names}
        entry = enter(self.exchanger, calls, values, actor.label, spec.opening)
        try:
            found = entry.tokens(spec.token)
        except TokenError as error:
            raise ActorError(f"{actor.label}: {error}") from error
        first = next(iter(found.values()))
        # Targets that share state accept the token that any of them issued.
        tokens = {name: found.get(name, first) for name in names}
        identity = Identity(spec.credential, tokens, entry.jars, spec.token)
        self.exchanger.identities[actor.label] = identity
        facts = {**actor.facts, **entry.sent[names[0]], **entry.shown}
        # A log-in alone, to renew a session, is issued nothing.
        issued = {name: entry.issued.get(name) or actor.issued.get(name, {}) for name in names}
        return replace(actor, token=first, facts=facts, issued=issued)
