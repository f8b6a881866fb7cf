"""Builds valid requests, sends them on behalf of users, and learns from the responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from lockstep.auth.actors import Actor, ActorBook
from lockstep.auth.calls import filled, own_values
from lockstep.drivers.walk.bodies import Style, with_own_names
from lockstep.drivers.walk.creators import created_by_users, entrances, families_of_users
from lockstep.drivers.walk.entity_tags import EntityTags
from lockstep.drivers.walk.items import families_for, fill
from lockstep.drivers.walk.knowledge import Knowledge
from lockstep.drivers.walk.media import Media, content, encoded, media_types
from lockstep.drivers.walk.optional_credentials import takes_user
from lockstep.drivers.walk.outcomes import is_forbidden, is_permitted
from lockstep.drivers.walk.parameters import Declared, declared, plain_value
from lockstep.drivers.walk.references import References
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.drivers.walk.values import in_future, later
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.naming import is_idempotency_key, is_plural, is_unique
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Request

_IF_MATCH = "if-match"
Progress = Callable[[str, int, int | None], None]
# The parameters of a path by their names.
Named = Mapping[str, str]


@dataclass(slots=True)
class Client:
    """Sends valid requests; what responses show is kept in `known`.

    Sending raises `ActorError` and `TargetLostError`.
    """

    exchanger: Exchanger
    actors: ActorBook | None
    progress: Progress
    known: Knowledge = field(init=False)
    sent: int = 0
    # The current activity with its progress, for people.
    doing: str = ""
    _labels: dict[str, str] = field(default_factory=dict)
    _declared: dict[str, list[Declared]] = field(default_factory=dict)
    _media: dict[str, list[Media]] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)
    # Operations that another user was tried for.
    _others: set[str] = field(default_factory=set)
    _tags: EntityTags = field(default_factory=EntityTags)
    # Operations whose bodies refer to resources without saying so: `payer`, not `payer_id`.
    referring: set[str] = field(default_factory=set)
    # The operations that name by its key what others make.
    _naming: set[str] = field(default_factory=set)
    _made: int = 0

    def __post_init__(self) -> None:
        self.known = Knowledge(self.document)
        self.known.people = frozenset(families_of_users(self.document, self.actors))
        if self.actors is not None and not self.actors.specs[0].calls:
            # Who has a key alone is nobody that the API knows by an id.
            created = created_by_users(self.document, self.entrances, by_anyone=False)
            self.known.kept = frozenset(created)

    @property
    def document(self) -> Document:
        """The document that defines the requests."""
        return self.exchanger.ledger.document

    @property
    def mine(self) -> str:
        """The name of the main user; empty if there are no users."""
        return self.actors.specs[0].name if self.actors else ""

    @property
    def other(self) -> str:
        """The name of another user, or of the same one if there is only one."""
        specs = self.actors.specs if self.actors else ()
        usual = [spec.name for spec in specs if not spec.is_extra]
        return usual[-1] if usual else ""

    def parameters(self, operation: Operation) -> list[Declared]:
        """Return the declared parameters of an operation."""
        if operation.name not in self._declared:
            self._declared[operation.name] = declared(self.document, operation)
        return self._declared[operation.name]

    def media(self, operation: Operation) -> list[Media]:
        """Return the media types of an operation's body, the preferred one first."""
        if operation.name not in self._media:
            self._media[operation.name] = media_types(self.document, operation)
        return self._media[operation.name]

    def actor(self, name: str) -> Actor | None:
        """Return the logged-in user with a name, or `None`."""
        if self.actors is None or not name:
            return None
        actor = self.actors.get(name)
        if self._labels.get(name) != actor.label:
            if name in self._labels:
                # A new user with the same name does not own the resources of the first.
                self.known.forget(name)
            self._labels[name] = actor.label
            self.known.introduce(name, actor.facts, self.known.people)
        return actor

    def number(self) -> int:
        """Return a number that was not returned before."""
        self._made += 1
        return self._made

    def template(
        self,
        operation: Operation,
        actor: str,
        style: Style = Style.PLAIN,
        media: Media | None = None,
    ) -> Any:
        """Return a valid body with placeholders, referring to existing resources, or `None`."""
        chosen = media or next(iter(self.media(operation)), None)
        if chosen is None or (media is None and operation.name in self.known.bodiless):
            return None
        value = content(self.document, chosen, style)
        if style is Style.PLAIN and chosen.has_members:
            value = self.known.recipes.get(chosen.key, value)
        if style in (Style.PLAIN, Style.WORDS) and chosen.has_members:
            value = with_own_names(self.document, chosen.schema, value)
            if isinstance(value, Mapping):
                value = {**value, **self.known.ample.get(chosen.key, {})}
            value = self._with_key(value, operation, actor)
        if chosen.key in self.known.addressed:
            self.actor(self.another(actor))
        referring = self.refer(value, operation, actor, style)
        return self.known.as_described(referring, chosen.key, self.another(actor))

    def another(self, actor: str) -> str:
        """Return the name of a user other than an actor."""
        return self.other if actor == self.mine else self.mine

    def refer(
        self, value: Any, operation: Operation, actor: str, style: Style = Style.PLAIN
    ) -> Any:
        """Return a body with the ids of the actor's resources in members that are references."""
        if self.known.in_future:
            value = in_future(value)
        about = self.document.families.about(operation.path)
        if "{" in operation.path:
            # What is put into something stays there, and the rest of the walk has to do with it.
            style = Style.PLAIN
        by_noun = operation.name in self.referring
        return References(self.document, self.known, actor, style, by_noun=by_noun).fill(
            value, about
        )

    def referred(self, operation: Operation, actor: str) -> Counter[str]:
        """Count the members of an operation's body that refer to resources, by their families."""
        chosen = next(iter(self.media(operation)), None)
        by_noun = operation.name in self.referring
        found = References(self.document, self.known, actor, Style.PLAIN, by_noun=by_noun)
        if chosen is not None and chosen.has_members:
            value = content(self.document, chosen, Style.PLAIN)
            value = self.known.recipes.get(chosen.key, value)
            found.fill(value, self.document.families.about(operation.path))
        return found.families

    def request(
        self,
        operation: Operation,
        values: Mapping[str, str],
        value: Any = None,
        *,
        media: Media | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        """Return an unauthenticated request with all required parameters of the operation."""
        path, sent, cookies = fill(operation.target, values), {}, []
        asked: dict[str, str] = {}
        whole = ""
        for parameter in self.parameters(operation):
            name = parameter.name
            issued = self.known.issued(operation, parameter, values)
            if parameter.location == "path" or not (parameter.required or issued):
                continue
            is_key = is_idempotency_key(name)
            text = issued or (self.key(parameter) if is_key else self._value(parameter))
            match parameter.location:
                case "header":
                    sent[name] = text
                case "query":
                    asked[name] = text
                case "querystring":
                    whole = quote(text, safe="")
                case "cookie":
                    cookies.append(f"{name}={quote(text)}")
        asked = {**later(asked, 0), **(query or {})}
        if not any(name.lower() == _IF_MATCH for name in headers or ()):
            sent |= self._condition(operation, values, path)
        sent |= {**self.known.extras.get(operation.name, {}), **(headers or {})}
        if cookies:
            sent["Cookie"] = "; ".join(cookies)
        data = None
        if value is not None:
            chosen = media or self.media(operation)[0]
            body = self.known.offered.keep(chosen.key, value, self.fill(value))
            data, media_type = encoded(self.document, chosen, body)
            sent["Content-Type"] = media_type
        parts = [part for part in (whole, urlencode(asked)) if part]
        target = ("&" if "?" in path else "?").join([path, "&".join(parts)] if parts else [path])
        return Request(operation.method, target, tuple(sent.items()), data, operation.name)

    def key(self, parameter: Declared) -> str:
        """An idempotency key that was not sent before."""
        unique = self.actors.unique() if self.actors else f"{self.number():08}"
        if parameter.schema.keys() & {"format", "pattern"}:
            return own_values("walker", unique)["uuid"]
        shortest = parameter.schema.get("minLength", 0)
        return f"lockstep-{unique}"[-parameter.schema.get("maxLength", 99) :].ljust(shortest, "k")

    def fill(self, value: Any) -> Any:
        """Return a body with unique values in place of placeholders, and unique times."""
        number = self.number()
        unique = self.actors.unique() if self.actors else f"{number:08}"
        return later(filled(value, own_values("walker", unique)), number)

    def act(self, operation: Operation, values: Named, value: Any, actor: str = "") -> Exchange:
        """Send the request with a body; see `request` and `send`. The main user is the default."""
        request = self.request(operation, values, value)
        return self.send(operation, values, request, actor or self.mine)

    def send(self, operation: Operation, values: Named, request: Request, actor: str) -> Exchange:
        """Send a request, authenticated if the operation allows it, and learn from the responses.

        If the main user is not permitted, another type of user sends it, if one is permitted.
        """
        exchange = self.send_as(self.signed(operation, request, actor), actor)
        if actor == self.mine and is_forbidden(exchange):
            exchange = (
                self._entitled(operation, request, actor)
                or self._by_another(operation, values, request)
                or exchange
            )
        self.tell(operation)
        if not exchange.parted:
            self.known.learn(operation, exchange, actor, values)
        return exchange

    def tell(self, operation: Operation) -> None:
        """Report the current activity."""
        label = f"{self.doing}: {operation.name}" if self.doing else operation.name
        self.progress(label, self.sent, None)

    def send_as(self, request: Request, actor: str) -> Exchange:
        """Send a request as it is; `actor` owns the resources that it may affect.

        Raises `LeftOutError` if its operation has used up its time.
        """
        self.exchanger.leave_out_slow(request)
        exchange = self.exchanger.send(request)
        if request.actor is not None and self.actors is not None:
            self.actors.notice(exchange, self.actors.get(request.actor.partition("#")[0]))
        self.sent += 1
        self._tags.learn(exchange)
        if exchange.parted:
            self.known.forget(actor)
        return exchange

    @contextmanager
    def setting_up(self, operation: Operation | None = None) -> Iterator[None]:
        """Mark requests in the block as setup for others, if another shard tests the operation."""
        before = self.exchanger.sets_up
        own = operation is not None and self.exchanger.ledger.share.owns(operation.name)
        self.exchanger.sets_up = before or not own
        try:
            yield
        finally:
            self.exchanger.sets_up = before

    def signed(self, operation: Operation, request: Request, actor: str) -> Request:
        """Return the request with a user's credentials, if the operation accepts any."""
        if not takes_user(self.document, operation):
            return request
        entitled = self.actors.entitled.get(operation.name) if self.actors else None
        return self.sign(request, entitled if entitled and actor == self.mine else actor)

    def sign(self, request: Request, actor: str) -> Request:
        """Return the request with a user's credentials."""
        who = self.actor(actor)
        if who is None or self.actors is None:
            return request
        return self.actors.authorise(request, who)

    def _entitled(self, operation: Operation, request: Request, actor: str) -> Exchange | None:
        """Repeat the request as the first other type of user with permission; tried once.

        Some operations are for the holder of a key, say, and others for a user with a session.
        """
        if self.actors is None or operation.name in self._asked:
            return None
        self._asked.add(operation.name)
        for name in (*self.actors.extras, *self.actors.otherwise_known(actor)):
            exchange = self.send_as(self.sign(request, name), actor)
            if not is_forbidden(exchange):
                self.actors.entitled[operation.name] = name
                return exchange
        return None

    def _by_another(self, operation: Operation, values: Named, request: Request) -> Exchange | None:
        """Repeat a request that its owner may not send, such as a vote, as another user, once."""
        if self.actors is None or self.other == self.mine or operation.name in self._others:
            return None
        own = self.known.has_made(operation.path, values, self.mine)
        if "{" not in operation.path:
            own = bool(self.referred(operation, self.mine))
        if operation.name in self.known.accepted or not own:
            return None
        self._others.add(operation.name)
        exchange = self.send_as(self.sign(request, self.other), self.mine)
        if not is_permitted(exchange):
            return None
        self.actors.entitled[operation.name] = self.other
        return exchange

    def plainly(
        self, method: str, operation: Operation, values: Mapping[str, str], actor: str
    ) -> Exchange:
        """Send a request with another method to the path of an operation, with its parameters."""
        request = replace(self.request(operation, values), method=method, operation=None)
        return self.send_as(self.signed(operation, request, actor), actor)

    @property
    def entrances(self) -> set[str]:
        """The names of the operations to register and to log in."""
        return entrances(self.document, self.actors)

    def _with_key(self, value: Any, operation: Operation, actor: str) -> Any:
        """A content with the key of what another operation has made: the code of a coupon."""
        if not isinstance(value, Mapping) or not self._names_another(operation):
            return value
        item = self.known.newest(self.document.families.about(operation.path), actor)
        shown = item.shown if item is not None and item.made else {}
        keys = {name: shown.get(name) for name in value if is_unique(name)}
        return {**value, **{name: key for name, key in keys.items() if isinstance(key, str)}}

    def _names_another(self, operation: Operation) -> bool:
        """Whether a path is about one of the things that are made at another path."""
        families, accepted = self.document.families, self.known.accepted
        last = operation.path.rpartition("/")[2]
        if "{" in operation.path or is_plural(last) or operation.name in self.entrances:
            return False
        if operation.name not in self._naming and operation.name not in accepted:
            about = families.about(operation.path)
            made = (self.document.operations.get(name) for name in accepted)
            posts = (one for one in made if one is not None and one.method == "POST")
            if any(families.about(one.path) == about for one in posts):
                self._naming.add(operation.name)
        return operation.name in self._naming

    def _value(self, parameter: Declared) -> str:
        """Return a valid value for a required parameter, from an existing resource if any."""
        if parameter.location == "query" and not parameter.schema.get("enum"):
            families = families_for("", parameter.name)
            for family in sorted(families):
                item = self.known.newest(family, self.mine)
                found = item.value(parameter.name) if item is not None else None
                if found is not None:
                    return found
        return plain_value(self.document, parameter)

    def condition(self, operation: Operation) -> str:
        """The header that an operation changes nothing without; empty if there is none."""
        asked = (each for each in self.parameters(operation) if each.name.lower() == _IF_MATCH)
        name = next((each.name for each in asked if each.required), "")
        return name or ("If-Match" if self._tags.is_asked_for(operation) else "")

    def _condition(
        self, operation: Operation, values: Mapping[str, str], path: str
    ) -> dict[str, str]:
        """The current tag of what a path names, where an operation changes nothing without it."""
        name = self.condition(operation)
        if not name:
            return {}
        reader = self.document.find("GET", operation.path)
        if reader is not None and (reader.path != operation.path or changes_state(reader)):
            reader = None
        if reader is not None and not self._tags.current(path):
            self.send(reader, values, self.request(reader, values), self.mine)
        tag = self._tags.current(path)
        return {name: tag} if tag else {}
