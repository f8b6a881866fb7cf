"""Tries sequences of actions on a resource, as many are allowed in some states only.

Schemas do not tell, for example, whether a paid order may be cancelled, or a cancelled one paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lockstep.auth.bodies import flat
from lockstep.drivers.walk.items import Item, parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.media import media_types
from lockstep.drivers.walk.member_changes import MemberChanges
from lockstep.drivers.walk.named import look_at_named
from lockstep.drivers.walk.outcomes import conflicts, succeeded
from lockstep.drivers.walk.ranges import book_again
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.transitions import state_members
from lockstep.drivers.walk.values import elsewhere
from lockstep.openapi.document import Document
from lockstep.openapi.naming import is_id
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Response

# Maximum length of a sequence, and number of actions per resource.
_LONGEST, _MOST_ACTS = 3, 10
# Maximum length of a sequence of actions that only the ones before them allow.
_DEEPEST = 6
# Maximum number of choices of the member that an action requires.
_MOST_CHOICES = 4
# How often actions that lead back to where they began are repeated, as that may be limited.
_ROUNDS = 4
# Maximum number of requests per type of resource, and for all types together.
_MOST_SENT, _MOST_IN_ALL = 120, 900


@dataclass(frozen=True, slots=True)
class Act:
    """An action on a resource: an operation, and the `state` that a member of its body selects."""

    operation: Operation
    member: str = ""
    state: str = ""

    @property
    def key(self) -> str:
        """The name of the operation, and of the state."""
        return f"{self.operation.name} {self.state}".rstrip()

    def body(self, template: Any) -> Any:
        """Return a body that selects the state, with the rest of a template but in a PATCH."""
        if not self.member:
            return template
        is_whole = isinstance(template, Mapping) and self.operation.method != "PATCH"
        return {**(template if is_whole else {}), self.member: self.state}

    @property
    def is_deletion(self) -> bool:
        """Whether the resource is gone afterwards."""
        return self.operation.method == "DELETE" and self.operation.path.endswith("}")


Acts = tuple[Act, ...]


def acts(document: Document) -> Iterator[Acts]:
    """Yield the actions on each type of resource that has several."""
    by_thing: dict[str, list[Operation]] = {}
    for operation in document.operations.values():
        around = operation.path[: operation.path.rfind("}") + 1]
        if around and operation.method not in SAFE_METHODS:
            by_thing.setdefault(around, []).append(operation)
    for around, found in by_thing.items():
        ordered = sorted(found, key=lambda each: _rank(each, around))
        able = [act for operation in ordered for act in _acts_of(document, operation)]
        # Changes of the resource alone are tried from state to state: see `Transitions`.
        if len(able) > 1 and (len(ordered) > 1 or ordered[0].method == "POST"):
            # Its deletion ends every sequence.
            yield (*able[:-1][: _MOST_ACTS - 1], able[-1])


def _acts_of(document: Document, operation: Operation) -> Iterator[Act]:
    """Yield an action for each state that a body can select, or the operation as one action."""
    media = next(iter(media_types(document, operation)), None)
    schema = flat(document, media.schema) if media is not None and media.has_members else {}
    noun = operation.path.rstrip("/").rpartition("/")[2]
    named = next(state_members(document, schema, of=noun), None)
    name, states = named or _only_choice(document, operation, schema) or ("", ("",))
    yield from (Act(operation, name, state) for state in states)


def _only_choice(
    document: Document, operation: Operation, schema: Mapping[str, Any]
) -> tuple[str, tuple[str, ...]] | None:
    """Return the one member that an action requires with its few choices: an outcome, a verdict."""
    required = schema.get("required")
    if operation.path.endswith("}") or not isinstance(required, list) or len(required) != 1:
        return None
    member = flat(document, schema.get("properties", {}).get(required[0], {}))
    choices = member.get("enum")
    texts = tuple(each for each in choices or () if isinstance(each, str))
    return (required[0], texts) if 1 < len(texts) <= _MOST_CHOICES else None


def _rank(operation: Operation, around: str) -> tuple[bool, bool]:
    """Sort key: actions before changes of the resource, its deletion last."""
    itself = operation.path.rstrip("/") == around
    return operation.method == "DELETE" and itself, itself


@dataclass(slots=True)
class States:
    """Performs actions on an actor's resources, in each order that these allow."""

    maker: Maker
    reader: Reader
    # The actions on a type of resource, by the name of the first one's operation.
    able: dict[str, Acts] = field(init=False)
    changes: MemberChanges = field(init=False)
    _sent: int = 0
    _seen: set[tuple[str, ...]] = field(default_factory=set)
    # Actions that were tried after what they may need.
    _needy: set[str] = field(default_factory=set)
    # Actions that lead back to the first one of them, where that is not possible at all times.
    _rounds: set[tuple[tuple[str, str], ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.changes = MemberChanges(self.maker, self.reader)
        able = acts(self.maker.client.document)
        self.able = {each[0].operation.name: each for each in able}

    def explore(self, first: Operation) -> None:
        """Perform actions on new resources, each in every state that the others lead to.

        `first` is the operation of the first one. A refused action changes nothing: the next one is
        tried on the same resource.
        """
        able = self._with_others(self.able[first.name])
        ending = min(self._sent + _MOST_SENT, _MOST_IN_ALL)
        # After single actions comes what only some actions allow, as nothing else leads to such
        # states, and what the resource is made of may run out.
        waiting: list[tuple[tuple[int, int], Acts]] = [((0, 0), ())]
        refused: list[Act] = []
        while waiting and self._sent < ending:
            waiting.sort(key=lambda each: each[0])
            before = waiting.pop(0)[1]
            left = list(able)
            while left and self._sent < ending:
                values = self._thing(first, before)
                if values is None:
                    return
                named = self._names(first, values)
                done = self._first(first, left, values, refused, is_first=not before)
                if done is None:
                    break
                for name in self._names(first, values) - named:
                    issue = partial(self._issue, first, (*before, done), name)
                    self.maker.issuing.learn(name, issue)
                length = len(before) + 1
                if done in before and done in refused:
                    self._go_round(before[before.index(done) :], values)
                if done in before or done.is_deletion:
                    continue
                if done.operation.method != "PATCH":
                    so_far = (*before, done)
                    state = frozenset((each.operation.name, each.state) for each in so_far)
                    self.changes.explore(first, values, state)
                leads_on = done in refused
                if length < (_DEEPEST if leads_on else _LONGEST):
                    rank = (0, 0) if length == 1 else (1, -length) if leads_on else (2, length)
                    waiting.append((rank, (*before, done)))

    def _with_others(self, able: Acts) -> Acts:
        """Return the actions, and those at other paths of the same resource: by its slug, say."""
        client = self.maker.client
        path = able[0].operation.path
        around = path[: path.rindex("}") + 1]
        item = next((each for each, _ in client.known.bind(around, client.mine, live=True)), None)
        if item is None or not item.made:
            return able
        others = [
            Act(operation)
            for operation in client.document.operations.values()
            if operation.method not in (*SAFE_METHODS, "DELETE")
            and not operation.path.startswith(around)
            and self._path_of(item, operation) is not None
        ]
        return (*able[:-1], *others, able[-1])

    def _path_of(self, item: Item, operation: Operation) -> Values | None:
        """Return the parameters of an operation's path if it has a single one, for a resource."""
        client = self.maker.client
        if len(parameters_of(operation.path)) != 1:
            return None
        bound = client.known.bind(operation.path, client.mine, live=True)
        return next((values for each, values in bound if each is item), None)

    def _translated(self, operation: Operation, values: Values) -> Values:
        """Return the parameters of an operation's path for the resource that others name."""
        if operation.path.count("{") == 0 or set(parameters_of(operation.path)) <= values.keys():
            return values
        bound = self.maker.client.known.bind(operation.path, self.maker.client.mine, live=True)
        called = (own for item, own in bound if item.is_called(values.values()))
        return next(called, values)

    def _names(self, operation: Operation, values: Values) -> set[str]:
        """Return the members by which a resource names others: not those that are null so far."""
        client = self.maker.client
        around = operation.path[: operation.path.rindex("}") + 1]
        bound = client.known.bind(around, client.mine)
        shown = (item.shown for item, known in bound if known == values)
        return {
            name
            for each in shown
            for name, value in each.items()
            if value is not None and is_id(name)
        }

    def _issue(self, operation: Operation, acts: Acts, name: str) -> str | None:
        """Act on a new resource, and return the identifier in a member of the last response."""
        client = self.maker.client
        with client.setting_up(operation):
            values = self._thing(operation, acts[:-1])
            exchange = self._act(acts[-1], values) if values is not None else None
        if exchange is None or not succeeded(exchange) or exchange.parted:
            return None
        body = json_of(exchange.leader.body) if isinstance(exchange.leader, Response) else None
        value = body.get(name) if isinstance(body, Mapping) else None
        return str(value) if isinstance(value, str | int) else None

    def _go_round(self, acts: Acts, values: Values) -> None:
        """Repeat actions that lead back to the first one, which has been done again already.

        How often that is possible may be limited: a job is tried three times, say.
        """
        names = tuple((act.operation.name, act.state) for act in acts)
        if names in self._rounds or len(acts) < 2:
            return
        self._rounds.add(names)
        for act in (*acts[1:], *acts * _ROUNDS):
            exchange = self._act(act, values)
            if not succeeded(exchange) or exchange.parted:
                return

    def _thing(self, operation: Operation, before: Acts) -> Values | None:
        """Return a new resource after some actions; `None` if one of them fails."""
        values = self._made(operation)
        if values is None or not all(succeeded(self._act(act, values)) for act in before):
            return None
        return values

    def _made(self, operation: Operation) -> Values | None:
        """Return a new resource without actions."""
        values = self.maker.live(operation, self.maker.client.mine, fresh=True)
        key = tuple((values or {}).values())
        if not key or key in self._seen:
            return None
        self._seen.add(key)
        self._sent += 1
        return values

    def _first(
        self,
        first: Operation,
        left: list[Act],
        values: Values,
        refused: list[Act],
        *,
        is_first: bool,
    ) -> Act | None:
        """Try actions, removing them from `left`, up to the first one that succeeds.

        The others are added to `refused`. `first` is an operation on the resource, and `is_first`
        is true if there were no actions on it before.
        """
        while left:
            act = left.pop(0)
            exchange = self._act(act, values)
            if conflicts(exchange) and not exchange.parted:
                exchange = self._after_needs(act, values) or exchange
            if exchange.parted:
                return None
            if succeeded(exchange):
                self._sent += 1
                own = self._translated(act.operation, values)
                self.reader.look_around(act.operation, own)
                self._sent += look_at_named(self.maker.client, exchange)
                self._sent += self.reader.look_within(act.operation, own)
                if own is not values:
                    self.reader.look_everywhere(first, values)
                if is_first:
                    book_again(self.maker.client, exchange)
                return act
            refused.append(act)
        return None

    def _after_needs(self, act: Act, values: Values) -> Exchange | None:
        """Try once what an action may need first: what is to be sold must have been received."""
        if act.key in self._needy:
            return None
        self._needy.add(act.key)
        client = self.maker.client
        again = partial(self._send, act, values)
        named = values, client.template(act.operation, client.mine)
        return self.maker.needs.find(act.operation, named, client.mine, again, act.key)

    def _act(self, act: Act, values: Values) -> Exchange:
        """Perform an action, after what it is known to need first."""
        client, needs = self.maker.client, self.maker.needs
        needs.meet(act.operation, (values, None), client.mine, act.key)
        exchange = self._send(act, values)
        if succeeded(exchange):
            needs.use_up(act.operation, act.key)
        return exchange

    def _send(self, act: Act, values: Values) -> Exchange:
        client = self.maker.client
        value = act.body(client.template(act.operation, client.mine))
        self._sent += 1
        values = self._translated(act.operation, values)
        # The same instant in two time zones, so that texts and instants are in different orders.
        value = elsewhere(value) if self._sent % 2 else value
        request = client.request(act.operation, values, value)
        return client.send(act.operation, values, request, client.mine)
