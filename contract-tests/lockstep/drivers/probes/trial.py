"""The context of probes for one operation: valid requests for its resources, and their changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lockstep.auth.bodies import is_password, with_current_password
from lockstep.auth.calls import Call, find_operation
from lockstep.auth.discovery import ends_account, manages_access
from lockstep.drivers.walk.entity_tags import NO_TAG
from lockstep.drivers.walk.identifiers import unknown
from lockstep.drivers.walk.items import families_for, parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.media import Media
from lockstep.drivers.walk.parameters import Declared
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.openapi.naming import is_idempotency_key
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Request, Response, status_of

Change = Callable[[Request], Request]
Send = Callable[[], object]

# Users for requests that may end a session or an account, and for repeated log-ins.
LEAVER, PROBER = "leaver", "prober"
_OWN = frozenset({"me", "self", "session", "token", "password", "user", "account", "profile"})


@dataclass(frozen=True, slots=True)
class Probe:
    """A request with a reason; `rank` is low for an informative one."""

    rank: int
    reason: str
    send: Send


def begin_anew(maker: Maker) -> None:
    """Forget all users and what responses showed; new users log in as they are needed."""
    if maker.client.actors is not None:
        maker.client.actors.forget_all()
    maker.forget()


def unchanged(request: Request) -> Request:
    """Return the request unchanged."""
    return request


@dataclass(slots=True)
class Trial:
    """Sends requests to one operation that are valid but for a change.

    They refer to existing resources of the user; used-up ones are replaced. With `spares_user`, no
    valid request is sent on behalf of a user, as it would delete the user.
    """

    maker: Maker
    operation: Operation
    actor: str = field(init=False)
    spares_user: bool = field(init=False)
    call: Call | None = field(init=False)
    _values: Values | None = None

    def __post_init__(self) -> None:
        client = self.maker.client
        specs = client.actors.specs if client.actors else ()
        registers = any(spec.register is not None for spec in specs)
        own = self._is_own()
        self.actor = LEAVER if own and registers else client.mine
        self.spares_user = own and bool(specs) and not registers
        self.call = self._entrance(registers=registers)

    @property
    def media(self) -> Media | None:
        """The media type of the request body; `None` if the operation takes no body."""
        return next(iter(self.maker.client.media(self.operation)), None)

    @property
    def key(self) -> Declared | None:
        """The header parameter for an idempotency key, if there is one."""
        declared = self.maker.client.parameters(self.operation)
        headers = (each for each in declared if each.location == "header")
        return next((each for each in headers if is_idempotency_key(each.name)), None)

    @property
    def is_creation(self) -> bool:
        """Whether the operation creates a resource on each request."""
        return self.operation.method == "POST" and self.media is not None

    def values(self, *, fresh: bool = False) -> Values:
        """Return path parameters of an existing resource, else of one that never existed."""
        gone = self._values is not None and self.maker.client.known.is_gone(
            self.operation.path, self._values
        )
        if self._values is None or fresh or gone:
            found = self.maker.live(self.operation, self.actor, fresh=True, whole=True)
            self._values = unknown(self.maker.client, self.operation) if found is None else found
            self.maker.needs.meet(self.operation, (self._values, None), self.actor)
        return self._values

    def use(self, values: Values) -> None:
        """Let requests be about the resources of these path parameters, which lack nothing."""
        self._values = values

    def template(self) -> Any:
        """Return a valid body with placeholders; `None` if the operation takes no body."""
        if self.call is None:
            content = self.maker.client.template(self.operation, self.actor)
            if self.actor == LEAVER:
                content = with_current_password(content, self._password())
            self.maker.needs.meet(self.operation, ({}, content), self.actor)
            return content
        return dict(self.call.json)

    def request(
        self,
        value: Any = None,
        values: Mapping[str, str] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        """Return an unauthenticated request; valid without arguments."""
        content = self.template() if value is None else value
        known = values if values is not None else self.values()
        condition = self.maker.client.condition(self.operation)
        if self.actor == LEAVER and condition and condition not in (headers or {}):
            # The path of one's own account is that of another user's, with another tag.
            headers = {condition: self.tag(known) or NO_TAG, **(headers or {})}
        return self.maker.client.request(
            self.operation, known, content, query=query, headers=headers
        )

    def renews_users(self) -> bool:
        """Begin with new users, where a request succeeds that the known ones cannot send any more.

        Returns whether that may be so: who rides a bike cannot take another one.
        """
        client = self.maker.client
        specs = client.actors.specs if client.actors else ()
        able = any(spec.register is not None for spec in specs)
        if not able or self.operation.name not in client.known.accepted:
            return False
        begin_anew(self.maker)
        self._values = None
        self.refer_to_new()
        return True

    def refer_to_new(self, actor: str = "") -> None:
        """Create what a body refers to anew, for a user other than the actor if one is given."""
        for _ in self.maker.renew_referred(self.operation, actor or self.actor):
            pass

    def tag(self, values: Mapping[str, str]) -> str:
        """Return the entity tag that the actor reads of a resource; empty if it has none."""
        client, operation = self.maker.client, self.operation
        reader = client.document.find("GET", operation.path)
        if reader is None or reader.path != operation.path or changes_state(reader):
            return ""
        read = client.send(reader, values, client.request(reader, values), self.actor)
        answer = read.leader
        return (answer.header("etag") or "") if isinstance(answer, Response) else ""

    def send(
        self,
        request: Request,
        values: Mapping[str, str] | None = None,
        *,
        change: Change = unchanged,
        actor: str | None = None,
    ) -> Exchange:
        """Authenticate, change and send a request."""
        client = self.maker.client
        known = values if values is not None else self.values()
        who = self.actor if actor is None else actor
        signed = change(self.signed(request, who))
        exchange = client.send_as(signed, who)
        client.tell(self.operation)
        if not exchange.parted and signed.operation is not None:
            client.known.learn(self.operation, exchange, who, known)
        self._renew(exchange)
        return exchange

    def signed(self, request: Request, actor: str) -> Request:
        """Return the request with a user's credentials; with none for the empty name."""
        return self.maker.client.signed(self.operation, request, actor) if actor else request

    def send_unsigned(self, request: Request) -> Exchange:
        """Send a request without credentials."""
        return self.send(request, actor="")

    def _renew(self, exchange: Exchange) -> None:
        """Discard resources that were used up or have diverged."""
        statuses = [status_of(outcome) or 599 for outcome in exchange.outcomes.values()]
        done = min(statuses) < 300
        method = self.operation.method
        used = done and (method == "DELETE" or (method == "POST" and not self.is_creation))
        # An operation with a raw body, such as an upload, may work only once per resource.
        used |= done and method == "PATCH" and self.media is not None and not self.media.has_members
        if done:
            self.maker.needs.use_up(self.operation)
        if exchange.parted or used or (done and max(statuses) >= 300):
            self._values = None
        elif done and method in ("PUT", "PATCH") and self._values is not None:
            known = self.maker.client.known
            self._values = known.present(self.operation.path, self._values, self.actor)

    def _password(self) -> str:
        """The password that the actor was registered with; empty without one."""
        who = self.maker.client.actor(self.actor)
        facts = who.facts.items() if who is not None else ()
        found = (text for name, text in facts if is_password(name) and isinstance(text, str))
        return next(found, "")

    def _is_own(self) -> bool:
        """Whether an operation is about the user's own account or session."""
        operation = self.operation
        if manages_access(operation) or ends_account(operation):
            return True
        if operation.method not in ("PUT", "PATCH", "DELETE"):
            return False
        path, known = operation.path, self.maker.client.known
        names = parameters_of(path)
        if names:
            return path.endswith("}") and known.is_user(path, names[-1])
        users = {word for item in known.items if item.user for word in item.families}
        return bool(families_for(path + "/{id}", "id") & (users | _OWN))

    def _entrance(self, *, registers: bool) -> Call | None:
        """Return the call to register or to log in; the log-in uses a separate user."""
        client = self.maker.client
        for spec in client.actors.specs if client.actors else ():
            for call in spec.calls:
                if find_operation(client.document, call.operation) is not self.operation:
                    continue
                prober = client.actor(PROBER) if call is spec.login and registers else None
                if call is spec.login and (prober is None or spec.values_for):
                    self.spares_user = True
                    return call
                own = prober.values_at("") if prober is not None else {}
                return Call(call.operation, call.body(own), call.form)
        return None
