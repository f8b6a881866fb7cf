"""Creates the resources that a request needs, on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.drivers.walk.amply import Amply
from lockstep.drivers.walk.bodies import Style, with_own_names
from lockstep.drivers.walk.client import Client, Named
from lockstep.drivers.walk.creators import creators, operation_on
from lockstep.drivers.walk.identifiers import new_name
from lockstep.drivers.walk.issuing import Issuing
from lockstep.drivers.walk.items import Item, parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.media import Media, content, recipes
from lockstep.drivers.walk.needs import Needs
from lockstep.drivers.walk.offers import Offers
from lockstep.drivers.walk.outcomes import (
    conflicts,
    is_forbidden,
    is_invalid,
    is_refused,
    succeeded,
)
from lockstep.drivers.walk.refusals import sent_as_described, sent_with_extras
from lockstep.drivers.walk.values import is_in_future
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange

# Maximum number of refusals after which a creation is not tried again.
_MAX_REFUSALS = 3
_DEEPEST = 4


@dataclass(slots=True)
class Maker:
    """Creates resources through a client; see `Client` for the errors raised by sending."""

    client: Client
    # Sentences on what was skipped for lack of time.
    left_out: list[str] = field(default_factory=list)
    # By the creation and the user.
    _refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    # Creations for which a successful variant was sought.
    sought: set[str] = field(default_factory=set)
    # Creations that succeeded when they referred to new resources.
    _freshly: set[str] = field(default_factory=set)
    # The families that the bodies of operations have referred to.
    _referred: dict[str, Counter[str]] = field(default_factory=dict)
    # Creations that have succeeded with every member, each with a unique text.
    whole: set[str] = field(default_factory=set)
    # By operation: a choice of its body, and which quantity of what it takes from is its limit.
    limited: dict[str, tuple[Mapping[str, Any], int]] = field(default_factory=dict)
    needs: Needs = field(init=False)
    issuing: Issuing = field(init=False)
    amply: Amply = field(init=False)
    offers: Offers = field(init=False)

    def __post_init__(self) -> None:
        self.needs = Needs(self.client, self._done)
        self.issuing = Issuing(self.client.document)
        self.amply = Amply(self.client, self.live)
        self.offers = Offers(self.client, self.live)

    def post(
        self, operation: Operation, values: Mapping[str, str], actor: str, owner: str = ""
    ) -> Exchange:
        """Send a creation; the first time it is refused, a successful variant is sought."""
        value = self.client.template(operation, owner or actor)
        self.needs.meet(operation, (values, value), actor)
        exchange = self._post(operation, values, actor, value)
        if is_refused(exchange) and operation.name in self._freshly:
            exchange = self._post_freshly(operation, values, actor) or exchange
        if conflicts(exchange) and operation.name in self.client.known.accepted:
            exchange = self.offers.take(operation, values, actor, self._post) or exchange
        if conflicts(exchange) and self.needs.may_differ(operation):
            # What it refers to is newer than what it succeeded with.
            exchange = self._with_needs(operation, values, actor) or exchange
        if succeeded(exchange):
            self.needs.use_up(operation)
        if not is_refused(exchange) or operation.name in self.sought:
            return exchange
        self.sought.add(operation.name)
        return (
            sent_with_extras(self.client, operation, values, actor, value)
            or self._by_recipe(operation, values, actor, owner, exchange)
            or self._by_reference(operation, values, actor)
            or self._offered(operation, values, actor)
            or self._by_words(operation, values, actor)
            or self._with_needs(operation, values, actor)
            or exchange
        )

    def forget(self) -> None:
        """Forget what was created, and what was refused to its users."""
        self.client.known.forget()
        self._refused.clear()

    def is_untried(self, operation: Operation) -> bool:
        """Whether a creation was not accepted for lack of a parent, or of what its body names."""
        client, known = self.client, self.client.known
        if operation.name in self.sought or operation.name in known.accepted:
            return False
        if not parameters_of(operation.path):
            return bool(client.referred(operation, client.mine))
        return next(known.bind(operation.path, client.mine), None) is not None

    def done_inside(self) -> Iterator[Operation]:
        """Yield the actions on a resource, and creations in one, that have succeeded."""
        for operation in self.client.document.operations.values():
            inside = "{" in operation.path and not operation.path.endswith("}")
            known = operation.name in self.client.known.accepted
            if operation.method == "POST" and known and inside:
                yield operation

    def seek_again(self) -> list[Operation]:
        """Return creations that never succeeded though variants were sought, to seek again."""
        found = [
            operation
            for operation in self.client.document.operations.values()
            if operation.name in self.sought and operation.name not in self.client.known.accepted
        ]
        self.sought -= {operation.name for operation in found}
        for media in (each for operation in found for each in self.client.media(operation)):
            # What an example refers to may exist by now.
            self.client.known.recipes.pop(media.key, None)
        return found

    def _by_recipe(
        self,
        operation: Operation,
        values: Mapping[str, str],
        actor: str,
        owner: str,
        refused: Exchange,
    ) -> Exchange | None:
        client, known = self.client, self.client.known
        media = next(iter(client.media(operation)), None)
        if media is None or media.key in known.recipes:
            return None
        valid = None
        for recipe in recipes(client.document, media):
            value = with_own_names(client.document, media.schema, recipe)
            value = client.refer(value, operation, owner or actor)
            exchange = self._post(operation, values, actor, value)
            if succeeded(exchange):
                known.recipes[media.key] = recipe
                known.in_future |= is_in_future(recipe)
                return exchange
            if valid is None and is_invalid(refused) and conflicts(exchange):
                valid = recipe
        # None succeeds: do not seek again. One that only the state refuses may succeed later.
        plain = content(client.document, media, Style.PLAIN)
        known.recipes[media.key] = plain if valid is None else valid
        return None

    def _by_reference(self, operation: Operation, values: Named, actor: str) -> Exchange | None:
        """Send a creation that refers to new resources in all members that may be references."""
        self.client.referring.add(operation.name)
        exchange = self._post_freshly(operation, values, actor)
        if exchange is None:
            self.client.referring.discard(operation.name)
        elif succeeded(exchange):
            self._freshly.add(operation.name)
            return exchange
        return None

    def _post_freshly(self, operation: Operation, values: Named, actor: str) -> Exchange | None:
        """Send a creation that refers to new, plain resources; `None` if it refers to none."""
        if not [*self.renew_referred(operation, actor)]:
            return None
        return self._post(operation, values, actor, self.client.template(operation, actor))

    def renew_referred(
        self, operation: Operation, actor: str
    ) -> Iterator[tuple[Operation, Values]]:
        """Create the resources that a body refers to anew, each plain.

        Yields their path parameters, each with an operation on the resource.
        """
        # Where all is forgotten, nothing is left to refer to.
        known = self._referred.get(operation.name, Counter())
        self._referred[operation.name] = self.client.referred(operation, actor) or known
        for family, count in self._referred[operation.name].items():
            holder = operation_on(self.client.document, family)
            for _ in range(count):
                made = self.live(holder, actor, fresh=True) if holder is not None else None
                if holder is not None and made is not None:
                    yield holder, made

    def _offered(self, operation: Operation, values: Named, actor: str) -> Exchange | None:
        """Send a creation with what a list offers, if it succeeds then."""
        exchange = self.offers.take(operation, values, actor, self._post)
        return exchange if exchange is not None and succeeded(exchange) else None

    def _by_words(self, operation: Operation, values: Named, actor: str) -> Exchange | None:
        """Send a creation with what only words tell of its members, if it succeeds then."""
        if operation.name in self.client.entrances:
            return None
        return sent_as_described(self.client, operation, values, actor)

    def _with_needs(self, operation: Operation, values: Named, actor: str) -> Exchange | None:
        """Send a creation after other actions on what it refers to, if it succeeds then."""

        def again() -> Exchange:
            return self._post(operation, values, actor, self.client.template(operation, actor))

        named = values, self.client.template(operation, actor)
        return self.needs.find(operation, named, actor, again)

    def _done(self, operation: Operation, values: Values, actor: str) -> Exchange | None:
        """Perform an action on a resource; `None` unless it succeeds on all targets."""
        exchange = self._do(operation, values, actor)
        if is_refused(exchange):
            exchange = self.amply.act(operation, actor, self._do) or exchange
        return exchange if succeeded(exchange) and not exchange.parted else None

    def put_into(self, operation: Operation, actor: str) -> Exchange | None:
        """Put something of another kind into what a path is in: a product into a cart.

        `None` if there is none, or if it is refused.
        """
        values = self.live(operation, actor)
        return self._done(operation, values, actor) if values is not None else None

    def put_around(self, operation: Operation, values: Values, actor: str) -> list[Operation]:
        """Put a thing into all that takes one of its kind: a product into the cart.

        Returns the operations that did so.
        """
        names = parameters_of(operation.path)
        if not names or not operation.path.endswith("}"):
            return []
        return [
            each
            for each in self.needs.filling
            if parameters_of(each.path) == names
            and not operation.path.startswith(each.path)
            and succeeded(self._do(each, values, actor))
        ]

    def _do(self, operation: Operation, values: Values, actor: str) -> Exchange:
        if operation.method == "POST":
            return self.post(operation, values, actor)
        return self.put_as(operation, values, actor)

    def put(
        self,
        operation: Operation,
        outer: Mapping[str, str],
        actor: str,
        style: Style = Style.PLAIN,
    ) -> Exchange:
        """Create a resource with an identifier chosen by the client."""
        last = parameters_of(operation.path)[-1]
        return self.put_as(
            operation, {**outer, last: new_name(self.client, operation)}, actor, style
        )

    def _whole(self, creator: Operation, outer: Mapping[str, str], actor: str) -> Exchange | None:
        """Create a resource with every member; `None` unless that is known to succeed."""
        if creator.name not in self.whole:
            return None
        if creator.method == "PUT":
            exchange = self.put(creator, outer, actor, Style.WORDS)
        else:
            value = self.client.template(creator, actor, Style.WORDS)
            self.needs.meet(creator, (outer, value), actor)
            exchange = self._post(creator, outer, actor, value)
            if succeeded(exchange):
                self.needs.use_up(creator)
        return exchange if succeeded(exchange) else None

    def put_as(
        self,
        operation: Operation,
        values: Mapping[str, str],
        actor: str,
        style: Style = Style.PLAIN,
        media: Media | None = None,
    ) -> Exchange:
        """Create a resource with a given identifier."""
        client = self.client
        value = client.template(operation, actor, style, media)
        request = client.request(operation, values, value, media=media)
        exchange = client.send(operation, values, request, actor)
        if succeeded(exchange) and not exchange.parted:
            if parameters_of(operation.path):
                client.known.name(operation, actor, values)
            self.note(operation, style)
        return exchange

    def note(self, operation: Operation, style: Style) -> None:
        """Record in which style a creation has succeeded."""
        if style is Style.WORDS:
            self.whole.add(operation.name)

    def live(
        self,
        operation: Operation,
        actor: str,
        *,
        fresh: bool = False,
        whole: bool = False,
        depth: int = 0,
    ) -> Values | None:
        """Return the path parameters of an operation for a resource that an actor owns.

        It is created if there is none yet, or if it is to be `fresh`, with every possible member if
        it is to be `whole`; `None` if that fails and nothing was seen either.
        """
        path, known = operation.path, self.client.known
        names = parameters_of(path)
        if not names or depth > _DEEPEST:
            return {} if not names else None
        self.client.actor(actor)
        is_user = known.is_user(path, names[-1])
        bound = known.bind(path, actor, live=True)
        own = next((values for item, values in bound if item.made or item.user), None)
        if (own is None or fresh) and not is_user:
            made = self._make(path, names[-1], actor, depth, whole=whole)
            own = made if made is not None else own
        if own is not None:
            return own
        return next((values for _, values in known.bind(path, actor, live=True)), None)

    def _make(self, path: str, name: str, actor: str, depth: int, *, whole: bool) -> Values | None:
        head = path[: path.rindex("{" + name + "}")]
        for creator in creators(self.client.document, head, name, self.client.entrances):
            able = self._refused[creator.name, actor] < _MAX_REFUSALS
            outer = self._outer(creator, head, actor, depth) if able else None
            if outer is None:
                continue
            make = self.put if creator.method == "PUT" else self.post
            with self.client.setting_up(creator):
                made = self._whole(creator, outer, actor) if whole else None
                exchange = made or make(creator, outer, actor)
                if is_forbidden(exchange) and actor != self.client.mine:
                    exchange = self._make_for(creator, outer, actor) or exchange
                if outer and conflicts(exchange) and creator.method == "POST":
                    # Of some resources a parent has one at a time: a running job.
                    outer = self.live(creator, actor, fresh=True, depth=depth + 1) or outer
                    exchange = self.post(creator, outer, actor)
            _, found = self._newest(path, actor)
            if succeeded(exchange) and not exchange.parted and found is not None:
                return found
            self._refused[creator.name, actor] += 1
        issued = self.issuing.new(path, name) if actor == self.client.mine else None
        return issued or self._make_so_called(path, actor, depth)

    def _make_for(self, creator: Operation, outer: Values, actor: str) -> Exchange | None:
        """Let who may create a resource do so for a user who may not: an operator for a rider."""
        client = self.client
        if client.actors is None or creator.name not in client.actors.entitled:
            return None
        value = client.template(creator, client.mine)
        request = client.request(creator, outer, value)
        exchange = client.send_as(client.signed(creator, request, client.mine), actor)
        if not exchange.parted:
            client.known.learn(creator, exchange, actor, outer)
        return exchange

    def _make_so_called(self, path: str, actor: str, depth: int) -> Values | None:
        """Create a resource that has another path by its slug or its code, say; `None` if none."""
        item, _ = self._newest(path, actor)
        family = self.client.document.families.of(item.family) if item is not None else ""
        holder = operation_on(self.client.document, family) if family else None
        if item is None or holder is None or holder.path == path:
            return None
        if self.live(holder, actor, fresh=True, depth=depth + 1) is None:
            return None
        newest, values = self._newest(path, actor)
        return values if newest is not item else None

    def _newest(self, path: str, actor: str) -> tuple[Item | None, Values | None]:
        """Return the newest resource that an actor has created, with its parameters of a path."""
        bound = self.client.known.bind(path, actor, live=True)
        made = ((item, values) for item, values in bound if item.made and not item.user)
        return next(made, (None, None))

    def _outer(self, creator: Operation, head: str, actor: str, depth: int) -> Values | None:
        """Return the path parameters of a creation's parent."""
        if creator.method == "POST":
            return self.live(creator, actor, depth=depth + 1)
        if not parameters_of(head):
            return {}
        inside = replace(creator, path=head[: head.rindex("}") + 1])
        return self.live(inside, actor, depth=depth + 1)

    def _post(self, operation: Operation, values: Named, actor: str, value: Any) -> Exchange:
        request = self.client.request(operation, values, value)
        return self.client.send(operation, values, request, actor)
