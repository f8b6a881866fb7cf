"""Finds operations that create what others refer to, and the prerequisites of a shard."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lockstep.auth.actors import ActorBook
from lockstep.auth.bodies import body_template
from lockstep.auth.calls import find_operation
from lockstep.drivers.walk.items import families_for, family_of, parameters_of
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation

# Maximum number of operations that may create one resource.
_FEW = 2


def entrances(document: Document, actors: ActorBook | None) -> set[str]:
    """Return the names of the operations to register and to log in."""
    calls = [call for spec in (actors.specs if actors else ()) for call in spec.calls]
    found = (find_operation(document, call.operation) for call in calls)
    return {operation.name for operation in found if operation is not None}


def creators(
    document: Document, head: str, name: str, apart: Collection[str]
) -> Iterator[Operation]:
    """Yield the operations that may create what a parameter after the head of a path refers to.

    `apart` are those to register and to log in, which create nothing else.
    """
    collection, itself = head.rstrip("/"), head + "{" + name + "}"
    of = document.families.of
    named = families_for(itself, name)
    wanted = named | set(map(of, named))
    operations = document.operations.values()
    posts = [op for op in operations if op.method == "POST" and op.name not in apart]
    direct = [op for op in posts if op.path.rstrip("/") == collection]
    elsewhere = [op for op in posts if op not in direct and not op.path.startswith(itself)]
    puts = [op for op in operations if op.method == "PUT" and op.path == itself]
    named_so = [op for op in elsewhere if {family_of(op.path), of(family_of(op.path))} & wanted]
    yield from (*direct, *puts, *named_so)
    if not direct and not named_so:
        # What is called otherwise: a checkout returns an order.
        yield from (op for op in elsewhere if made_elsewhere(document, op) & wanted)


def operation_on(document: Document, family: str) -> Operation | None:
    """Return an operation on a resource of a family, the first one in the document."""
    about = document.families.about
    found = (op for op in document.operations.values() if op.path.endswith("}"))
    return next((op for op in found if about(op.path) == family), None)


def created_by_users(
    document: Document, apart: Collection[str], *, by_anyone: bool
) -> Iterator[str]:
    """Yield the families of what logged-in users, or anyone, create at the root of the API.

    `apart` are the operations to register and to log in.
    """
    for operation in document.operations.values():
        if operation.name in apart or not (by_anyone or operation.requires_auth):
            continue
        names = parameters_of(operation.path)
        named = operation.method == "PUT" and len(names) == 1 and operation.path.endswith("}")
        if named or (operation.method == "POST" and not names):
            yield family_of(operation.path)


def made_elsewhere(document: Document, operation: Operation) -> set[str]:
    """The families of what a POST returns, unless its path names one of them.

    An act on a thing returns that thing; a checkout, say, returns an order that is new.
    """
    families = document.families
    named = {
        word
        for name in parameters_of(operation.path)
        for word in families_for(operation.path, name)
    }
    return families.returned(operation) - named - set(map(families.of, named))


@dataclass(slots=True)
class Surroundings:
    """Operations that those of a shard depend on, and those that show their effects.

    `beside` create the elements of the shard's lists, `around` the resources in its paths;
    `witnesses` read what its writes may change.
    """

    document: Document
    owned: Collection[str]
    apart: Collection[str]
    beside: set[str] = field(default_factory=set)
    around: set[str] = field(default_factory=set)
    witnesses: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for operation in self.document.operations.values():
            if operation.name in self.owned:
                self._make_lists(operation)
                self._make_named(operation)
                self._find_witnesses(operation)
        for members in (self.beside, self.around, self.witnesses):
            members.difference_update(self.owned, self.apart)
        self.around -= self.beside

    @property
    def needed(self) -> set[str]:
        """The names of all operations that must come before."""
        return self.beside | self.around

    def _make_lists(self, operation: Operation) -> None:
        if operation.method not in ("GET", "HEAD"):
            return
        families = self.document.families
        family = families.about(operation.path)
        for maker in self.document.operations.values():
            if maker.method != "POST" or maker.name in self.beside:
                continue
            same = maker.path.rstrip("/") == operation.path.rstrip("/")
            outer = "{" not in operation.path and families.of(family_of(maker.path)) == family
            if same or outer:
                self.beside.add(maker.name)
                self._make_named(maker)

    def _make_named(self, operation: Operation) -> None:
        path = operation.path
        for name in parameters_of(path):
            head = path[: path.index("{" + name + "}")]
            found = creators(self.document, head, name, self.apart)
            for maker in islice(found, _FEW):
                if maker.name not in self.around:
                    self.around.add(maker.name)
                    self._make_named(maker)

    def _find_witnesses(self, operation: Operation) -> None:
        if operation.method in ("GET", "HEAD", "OPTIONS"):
            return
        families = self.document.families
        touched = set(self._referred(operation))
        for reader in self.document.operations.values():
            if reader.method != "GET":
                continue
            around = operation.path == reader.path or operation.path.startswith(f"{reader.path}/")
            if around or families.about(reader.path) in touched:
                self.witnesses.add(reader.name)

    def _referred(self, operation: Operation) -> Iterator[str]:
        """Yield the families of the resources that a body refers to."""
        families = self.document.families
        body = self.document.resolve(operation.definition.get("requestBody", {}))
        content = body.get("content", {}) if isinstance(body, Mapping) else {}
        schema = next((one.get("schema") for one in content.values()), None)
        template = body_template(self.document, schema) if schema is not None else None
        owner = families.about(operation.path)
        for name in _names(template):
            role = families.role(name, owner)
            if role is not None and role.kind == "id":
                yield role.family.partition(".")[0]


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for name, member in node.items():
            yield name
            yield from _names(member)
    elif isinstance(node, list):
        for element in node:
            yield from _names(element)
