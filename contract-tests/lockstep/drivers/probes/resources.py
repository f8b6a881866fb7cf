"""Probes with another user's resource, an unknown or deleted one; and repeated requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat
from lockstep.auth.discovery import ends_account, manages_access
from lockstep.drivers.probes.members import invalid, member_at
from lockstep.drivers.probes.trial import LEAVER, Probe, Send, Trial
from lockstep.drivers.walk.bodies import with_member, with_own_names
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.outcomes import conflicts, succeeded
from lockstep.drivers.walk.parameters import Declared
from lockstep.drivers.walk.values import unknown_value
from lockstep.openapi.naming import is_unique, without_separators
from lockstep.openapi.operations import Operation

_ANOTHERS, _UNKNOWN, _DELETED, _TWICE, _TAKEN, _ONESELF = 5, 6, 8, 7, 9, 7

_MOST_CREATED = 5


def resource_probes(trial: Trial) -> Iterator[Probe]:
    """Yield the probes for the resource in an operation's path, and for what it creates."""
    names = parameters_of(trial.operation.path)
    client = trial.maker.client
    if names:
        yield Probe(_UNKNOWN, "an unknown resource", lambda: _unknown(trial, names[-1]))
        if trial.media is not None and trial.media.has_members:
            yield Probe(
                _UNKNOWN,
                "an unknown resource, invalid",
                lambda: _unknown(trial, names[-1], wrong=True),
            )
        if len(names) > 1:
            yield Probe(_DELETED, "in an unknown resource", lambda: _unknown(trial, names[0]))
        if client.known.is_user(trial.operation.path, names[-1]):
            yield Probe(_ONESELF, "oneself", lambda: _oneself(trial))
        elif client.other != client.mine and client.actors is not None:
            yield Probe(_ANOTHERS, "another user's resource", lambda: _anothers(trial))
            if trial.media is not None and trial.media.has_members:
                yield Probe(
                    _ANOTHERS,
                    "another user's resource, invalid",
                    lambda: _anothers(trial, wrong=True),
                )
        deleter = _deleter(trial)
        if deleter is not None:
            yield Probe(_DELETED, "a deleted resource", lambda: _deleted(trial, deleter))
    if trial.operation.method not in ("GET", "HEAD", "OPTIONS", "TRACE"):
        yield Probe(_TWICE, "twice", lambda: _twice(trial))
    if trial.actor == LEAVER and ends_account(trial.operation):
        yield Probe(_ONESELF, "a user with resources", lambda: _with_resources(trial))
    yield from _taken(trial)


def _with_resources(trial: Trial) -> object:
    """Send a request that may delete the user, after creating resources as this user."""
    client = trial.maker.client
    creations = (
        operation
        for operation in client.document.operations.values()
        if operation.method == "POST"
        and "{" not in operation.path
        and operation.name in client.known.accepted
        and operation.name not in client.entrances
        and not (manages_access(operation) or ends_account(operation))
    )
    for creation in islice(creations, _MOST_CREATED):
        trial.maker.post(creation, {}, trial.actor)
    return trial.send(trial.request())


def _wrong(trial: Trial, *, wrong: bool) -> Any:
    media = trial.media
    if not wrong or media is None:
        return None
    return invalid(trial.maker.client.document, media.schema, trial.template())


def _unknown(trial: Trial, name: str, *, wrong: bool = False) -> object:
    values = trial.values()
    declared = _declared(trial, name)
    if name not in values or declared is None:
        return None
    unknown = {**values, name: unknown_value(values[name], declared)}
    if unknown == values:
        return None
    return trial.send(trial.request(_wrong(trial, wrong=wrong), unknown), unknown)


def _anothers(trial: Trial, *, wrong: bool = False) -> object:
    client = trial.maker.client
    own = trial.maker.live(trial.operation, trial.actor)
    if own is None:
        return None
    return trial.send(trial.request(_wrong(trial, wrong=wrong), own), own, actor=client.other)


def _oneself(trial: Trial) -> object:
    path = trial.operation.path
    bound = trial.maker.client.known.bind(path, trial.actor, live=True)
    own = next((values for item, values in bound if item.user == trial.actor), None)
    return trial.send(trial.request(values=own), own) if own is not None else None


def _deleted(trial: Trial, deleter: Operation) -> object:
    """Delete one of the user's resources, and send the request for it."""
    client = trial.maker.client
    values = trial.values(fresh=True)
    around = {name: values[name] for name in parameters_of(deleter.path) if name in values}
    content = client.template(deleter, trial.actor)
    gone = client.send(deleter, around, client.request(deleter, around, content), trial.actor)
    if not succeeded(gone) or gone.parted:
        return None
    trial.send(trial.request(values=values), values)
    return trial.values(fresh=True)


def _deleter(trial: Trial) -> Operation | None:
    """Return the operation that deletes the target resource or its parent, except users."""
    client, path = trial.maker.client, trial.operation.path
    operations = client.document.operations.values()
    # The longest path belongs to the resource itself.
    for operation in sorted(operations, key=lambda each: -len(each.path)):
        names = parameters_of(operation.path)
        if operation.method != "DELETE" or not names or not operation.path.endswith("}"):
            continue
        around = path == operation.path or path.startswith(f"{operation.path}/")
        if around and not client.known.is_user(operation.path, names[-1]):
            return operation
    return None


def _twice(trial: Trial) -> object:
    """Send an identical request twice."""
    if trial.spares_user:
        return None
    values: Values = dict(trial.values())
    request = trial.request(values=values)
    first = trial.send(request, values)
    return trial.send(request, values) if not first.parted else None


def _taken(trial: Trial) -> Iterator[Probe]:
    """Yield probes with a taken value for each member that often must be unique."""
    media = trial.media
    if media is None or not media.has_members or trial.spares_user:
        return
    template = trial.template()
    for path in _unique_members(template, ()):
        if trial.is_creation:
            yield from _all_again(trial, path, template)
        else:
            yield Probe(_TAKEN, f"{path[-1]} is taken", _of_another(trial, path))
    if trial.is_creation and isinstance(template, Mapping):
        # What it need not have, it may still have to have alone.
        for name, example in _examples_of_unique(trial, media.schema):
            if name not in template:
                yield from _all_again(trial, (name,), {**template, name: example})


def _all_again(trial: Trial, path: tuple[str, ...], template: Any) -> Iterator[Probe]:
    spellings: Mapping[str, Callable[[str], str]] = {
        "": str,
        " in different letter case": str.swapcase,
        " without its separators": without_separators,
    }
    for how, change in spellings.items():
        yield Probe(_TAKEN, f"{path[-1]} is taken{how}", _again(trial, path, template, change))


def _examples_of_unique(trial: Trial, schema: Any) -> Iterator[tuple[str, str]]:
    document = trial.maker.client.document
    for name, declared in flat(document, schema).get("properties", {}).items():
        member = flat(document, declared)
        examples = (member.get("example"), *(member.get("examples") or ()))
        example = next((each for each in examples if isinstance(each, str)), None)
        if example is not None and is_unique(name) and not member.get("readOnly"):
            yield name, example


def _again(
    trial: Trial, path: tuple[str, ...], template: Any, change: Callable[[str], str]
) -> Send:
    """Return a function that sends two creations, the second with a value of the first.

    The value is transformed by `change`. A log-in is sent with all of the user's identifiers.
    """

    def send() -> object:
        client = trial.maker.client
        first = client.fill(template)
        taken = member_at(first, path)
        if change is not str and change(taken) == taken:
            return None
        exchange = trial.send(trial.request(first))
        # One of the document's examples may be taken already.
        if exchange.parted or not (succeeded(exchange) or conflicts(exchange)):
            return None
        schema = trial.media.schema if trial.media is not None else None
        enters = trial.call is not None and trial.operation.name in client.entrances
        other = first
        if not (enters and change is not str):
            other = with_own_names(client.document, schema, trial.template(), every=True)
        return trial.send(trial.request(with_member(other, path, change(taken))))

    return send


def _of_another(trial: Trial, path: tuple[str, ...]) -> Send:
    def send() -> object:
        client = trial.maker.client
        values = trial.values()
        other = client.actor(client.other)
        about = client.document.families.about(trial.operation.path)
        items = [
            item
            for item in reversed(client.known.items)
            if item not in client.known.gone
            and ((other is not None and item.user == client.other) or about in item.families)
        ]
        for item in items:
            taken = item.shown.get(path[-1])
            if isinstance(taken, str) and taken and taken not in values.values():
                value = with_member(trial.template(), path, taken)
                return trial.send(trial.request(value))
        return None

    return send


def _unique_members(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, member in node.items() if isinstance(node, Mapping) else ():
        if isinstance(member, Mapping) and not path:
            yield from _unique_members(member, (name,))
        elif isinstance(member, str) and is_unique(name):
            yield (*path, name)


def _declared(trial: Trial, name: str) -> Declared | None:
    parameters = trial.maker.client.parameters(trial.operation)
    return next((each for each in parameters if (each.location, each.name) == ("path", name)), None)
