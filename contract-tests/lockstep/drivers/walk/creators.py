"""Finds operations that create what others refer to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from lockstep.auth.actors import ActorBook
from lockstep.auth.calls import find_operation
from lockstep.drivers.walk.items import USERS, Item, families_for, family_of, parameters_of
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation


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


def families_of_users(document: Document, actors: ActorBook | None) -> set[str]:
    """Return the families of users: those that are registered, and the usual ones."""
    apart = entrances(document, actors)
    calls = [spec.register for spec in (actors.specs if actors else ()) if spec.register]
    found = (find_operation(document, call.operation) for call in calls)
    registered = {family_of(operation.path) for operation in found if operation is not None}
    created = created_by_users(document, apart, by_anyone=actors is None)
    return (registered - {""}) | (USERS - set(created))


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


def families_made(
    document: Document, operation: Operation, item: Item, values: Mapping[str, str]
) -> set[str]:
    """The families of the item in the response to a POST, apart from that of its path.

    An item with another identifier than the path names is new: the copy of a form is a form.
    """
    last = next(reversed(parameters_of(operation.path)), "")
    is_new = bool(last) and item.value(last) not in (None, values.get(last))
    also = document.families.returned(operation) if is_new else set()
    return made_elsewhere(document, operation) | also
