"""Grants another user access, and performs as that user all actions on the resource.

Schemas do not tell, for example, whether a viewer may write, or an editor delete what another user
has written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from lockstep.auth.actors import ActorError
from lockstep.auth.bodies import flat
from lockstep.drivers.walk.items import Item, families_for, made, parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.inference.forms import is_random
from lockstep.openapi.document import Document
from lockstep.openapi.naming import split, words
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Response

# Maximum number of roles, from the enum members of a body, and of ways to grant access.
_MOST_ROLES, _MOST_WAYS = 4, 3
# Maximum number of requests in all, except those that read what has changed.
_MOST_SENT = 400
# Of operations that may accept what is offered, and what those are called that do not.
_MOST_TRIED = 4
_DECLINING = frozenset({"decline", "reject", "refuse", "deny", "cancel", "revoke", "resend"})
# Members by whom something is done, whatever the schema says of them.
_PEOPLE = frozenset({"assignee", "assigned", "reviewer", "approver", "member", "user", "lead"})
# A user who is registered if none other is known.
_THIRD = "guest"
_ORDER = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(slots=True)
class Sharing:
    """Grants another user access to an actor's resources, and tries all operations within."""

    maker: Maker
    reader: Reader
    _sent: int = 0
    _done: int = 0

    @property
    def _document(self) -> Document:
        return self.maker.client.document

    def able(self) -> Iterator[Operation]:
        """Yield the operations that grant access: they refer to a user, and have a parent."""
        client = self.maker.client
        if client.mine == client.other or self._user() is None:
            return
        for operation in self._document.operations.values():
            if (
                operation.method in ("POST", "PUT")
                and _around(operation)
                and self._names(operation)
            ):
                yield operation

    def explore(self, operation: Operation) -> None:
        """Grant each role on a new resource, and send all operations within as the other user."""
        if self._done >= _MOST_WAYS:
            return
        self._done += 1
        for role in islice(self._roles(operation), _MOST_ROLES):
            around = replace(operation, path=_around(operation))
            thing = self.maker.live(around, self.maker.client.mine, fresh=True)
            if thing is None or self._sent > _MOST_SENT:
                return
            inside = [op for op in self._inside(around.path) if op.name != operation.name]
            # A user whose access is removed can try nothing else, so that this comes last.
            inside.sort(key=lambda op: op.method == "DELETE" and op.path == operation.path)
            # Nested resources must exist before another user tries to change them.
            known = {op.name: self._values(op, thing) for op in inside}
            given = self._give(operation, thing, role)
            if not succeeded(given):
                continue
            self._accept(operation, thing, given)
            entrusted = [op for op in inside if self._entrust(op, known[op.name])]
            for each in inside:
                values = known[each.name] and self._values(each, thing)
                if values is not None:
                    self._try(each, values)
            self._remove_third(operation, thing, role)
            self._take_back(operation, thing)
            for each in entrusted:
                self._read(each.path, known[each.name] or {})

    def _try(self, operation: Operation, values: Values) -> None:
        client = self.maker.client
        exchange = self._send(operation, values, client.template(operation, client.mine))
        if operation.method not in ("GET", "HEAD") and succeeded(exchange):
            self.reader.look_around(operation, values)

    def _accept(self, operation: Operation, thing: Values, given: Exchange) -> None:
        """Take what was given, twice, where the other user has to agree to it: an invitation, say.

        It is asked for by what the response shows and nobody knew before, in a path or in a body.
        """
        client, user = self.maker.client, self._user()
        if given.parted or user is None or not isinstance(given.leader, Response):
            return
        item = made(operation.path, given.leader, client.mine, thing)
        if item is None:
            return
        known = {*thing.values(), *map(str, user.shown.values())}
        others = (each for each in self._document.operations.values() if each is not operation)
        ways = ((each, self._taking(each, thing, item, known)) for each in others)
        able = [(each, way) for each, way in ways if way is not None]
        for each, (values, named) in sorted(able, key=lambda one: _declines(one[0]))[:_MOST_TRIED]:
            value = client.template(each, client.other)
            value = {**value, **named} if isinstance(value, Mapping) else value
            if succeeded(self._send(each, values, value)):
                self._send(each, values, value)
                return

    def _taking(
        self, operation: Operation, thing: Values, item: Item, known: set[str]
    ) -> tuple[Values, dict[str, str]] | None:
        """Values of a path and members with which something is done to an item, if they name it."""
        if operation.method not in ("POST", "PUT") or operation.path.endswith("}"):
            return None
        values = {name: thing[name] for name in parameters_of(operation.path) if name in thing}
        for name in parameters_of(operation.path):
            if name in thing:
                continue
            found = item.exact(name)
            if found is None and families_for(operation.path, name) & item.families:
                found = item.value(name)
            if found is None or found in known:
                return None
            values[name] = found
        shown = {name: item.exact(name) for name in self._properties(operation)}
        named = {k: v for k, v in shown.items() if v and v not in known and is_random(v)}
        return (values, named) if named or len(values) > len(thing.keys() & values.keys()) else None

    def _entrust(self, operation: Operation, values: Values | None) -> bool:
        """Make something that names the other user, as one to whom it is assigned."""
        client, user = self.maker.client, self._user()
        if operation.method != "POST" or values is None or user is None:
            return False
        names = [name for name in self._properties(operation) if _PEOPLE & set(words(name))]
        value = client.template(operation, client.mine)
        called = {name: user.value(name) for name in names}
        if not names or not all(called.values()) or not isinstance(value, Mapping):
            return False
        self._sent += 1
        return succeeded(client.act(operation, values, {**value, **called}))

    def _read(self, path: str, values: Values) -> None:
        """Read what is at a path, as the usual user."""
        client, reader = self.maker.client, self._document.find("GET", path)
        if reader is not None and reader.path == path and not changes_state(reader):
            client.act(reader, values, None)

    def _remove_third(self, operation: Operation, thing: Values, role: Mapping[str, Any]) -> None:
        """Grant a third user access, and let the other one revoke it, and then the owner."""
        removal, third = self._removal(_around(operation)), self._third()
        if removal is None or third is None or not succeeded(self._give(operation, thing, role)):
            return
        if not succeeded(self._give(operation, thing, role, third)):
            return
        values = {**thing, (name := parameters_of(removal.path)[-1]): self._called(name, third)}
        if values.keys() >= set(parameters_of(removal.path)):
            self._send(removal, values, None)
            self.maker.client.act(removal, values, None)

    def _removal(self, around: str) -> Operation | None:
        """Return the operation that takes a user out of a resource."""
        return next(filter(self._removes_user, self._inside(around)), None)

    def _third(self) -> Item | None:
        """Return a user beside the two that have to do with a resource; `None` if there is none."""
        client = self.maker.client
        if client.actors is None:
            return None
        own = {client.mine, client.other}
        name = next((one.name for one in client.actors.specs if one.name not in own), _THIRD)
        try:
            client.actor(name)
        except ActorError:
            return None
        return next((item for item in client.known.items if item.user == name), None)

    def _take_back(self, operation: Operation, thing: Values) -> None:
        """Revoke the other user's access, if a path identifies the user."""
        client, around = self.maker.client, _around(operation)
        removal = self._removal(around)
        reader = self._document.find("GET", around)
        if removal is None:
            return
        values = {**thing, (name := parameters_of(removal.path)[-1]): self._called(name)}
        if not values.keys() >= set(parameters_of(removal.path)):
            return
        client.act(removal, values, None)
        if reader is not None and reader.path == around:
            self._send(reader, thing, None)

    def _removes_user(self, operation: Operation) -> bool:
        """Whether an operation takes a user out of the thing that it is below."""
        names = parameters_of(operation.path)
        is_last = operation.path.endswith("}") and len(names) > 1
        is_user = is_last and self.maker.client.known.is_user(operation.path, names[-1])
        return operation.method == "DELETE" and is_user and bool(self._called(names[-1]))

    def _give(
        self,
        operation: Operation,
        thing: Values,
        role: Mapping[str, Any],
        user: Item | None = None,
    ) -> Exchange:
        """Grant access to the other user, or to the one given."""
        client = self.maker.client
        names = [name for name in parameters_of(operation.path) if name not in thing]
        values = {**thing, **{name: self._called(name, user) for name in names}}
        value = client.template(operation, client.mine)
        if isinstance(value, Mapping):
            named = {name: self._called(name, user) for name in self._members(operation)}
            value = {**value, **{k: v for k, v in named.items() if v}, **role}
        self._sent += 1
        return client.act(operation, values, value)

    def _send(self, operation: Operation, values: Values, value: Any) -> Exchange:
        client = self.maker.client
        self._sent += 1
        request = client.request(operation, values, value)
        return client.send_as(client.sign(request, client.other), client.other)

    def _inside(self, around: str) -> list[Operation]:
        """Return the operations on a resource and within it: reads first, deletions last."""
        found = [
            operation
            for operation in self._document.operations.values()
            if operation.method in _ORDER
            and (operation.path == around or operation.path.startswith(f"{around}/"))
            and (operation.method != "GET" or not changes_state(operation))
        ]
        return sorted(found, key=lambda op: (_ORDER.index(op.method), -op.path.count("/")))

    def _values(self, operation: Operation, thing: Values, depth: int = 3) -> Values | None:
        """Return path parameters for an operation within a resource; creates missing parents."""
        missing = [name for name in parameters_of(operation.path) if name not in thing]
        if not missing:
            return thing
        client, mine = self.maker.client, self.maker.client.mine
        if client.known.is_user(operation.path, missing[-1]):
            return {**thing, missing[-1]: self._called(missing[-1])} if len(missing) == 1 else None
        found = self._bound(operation, thing)
        if found is not None or depth == 0:
            return found
        collection = operation.path[: operation.path.rindex("{")].rstrip("/")
        creator = self._document.find("POST", collection)
        if creator is None or creator.path != collection:
            return None
        outer = self._values(creator, thing, depth - 1)
        if outer is None:
            return None
        with client.setting_up(creator):
            self.maker.post(creator, outer, mine)
        return self._bound(operation, thing)

    def _bound(self, operation: Operation, thing: Values) -> Values | None:
        client = self.maker.client
        bound = client.known.bind(operation.path, client.mine, live=True)
        return next((values for _, values in bound if thing.items() <= values.items()), None)

    def _roles(self, operation: Operation) -> Iterator[dict[str, Any]]:
        """Yield the members of a body that set the role, one per choice."""
        choices = [
            (name, each)
            for name, member in self._properties(operation).items()
            for each in flat(self._document, member).get("enum", ())
        ]
        yield from ({name: each} for name, each in choices)
        if not choices:
            yield {}

    def _names(self, operation: Operation) -> bool:
        """Whether an operation refers to a user, at the end of its path or in its body."""
        names = parameters_of(operation.path)
        last = operation.path.rstrip("/").endswith("}") and len(names) > 1
        if last and self.maker.client.known.is_user(operation.path, names[-1]):
            return operation.method == "PUT"
        return operation.method == "POST" and any(map(self._called, self._members(operation)))

    def _members(self, operation: Operation) -> Iterator[str]:
        return (name for name in self._properties(operation) if self._called(name))

    def _properties(self, operation: Operation) -> Mapping[str, Any]:
        media = next(iter(self.maker.client.media(operation)), None)
        properties = flat(self._document, media.schema).get("properties") if media else None
        return properties if isinstance(properties, Mapping) else {}

    def _called(self, name: str, user: Item | None = None) -> str:
        """Return the value of the other user, or of the one given, for a name.

        It is empty if the name does not refer to a user.
        """
        user = user or self._user()
        if user is None:
            return ""
        about = split(name)[0] or name
        named = user.value(name) if about in user.families else None
        return user.exact(name) or named or ""

    def _user(self) -> Item | None:
        client = self.maker.client
        client.actor(client.other)
        return next((item for item in client.known.items if item.user == client.other), None)


def _declines(operation: Operation) -> bool:
    """Whether an operation is called as if it declined what is offered."""
    return bool(_DECLINING & {*words(operation.path), *words(operation.name)})


def _around(operation: Operation) -> str:
    """Return the path of the resource that access is granted to, empty if there is none."""
    path = operation.path.rstrip("/")
    path = path[: path.rindex("{")] if path.endswith("}") else path
    return path[: path.rfind("}") + 1]
