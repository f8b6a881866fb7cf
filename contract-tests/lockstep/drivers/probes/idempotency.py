"""An idempotency key that was used before: for another content, elsewhere, and by another user.

That the very same request is answered as the first one was is tried with all that is sent twice
(draft-ietf-httpapi-idempotency-key-header, section 2.6).
"""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.drivers.probes.trial import Probe, Trial
from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.outcomes import conflicts, succeeded
from lockstep.drivers.walk.parameters import Declared
from lockstep.openapi.naming import is_idempotency_key
from lockstep.openapi.operations import Operation

_USED = 7


def key_probes(trial: Trial) -> Iterator[Probe]:
    """The probes for an operation that takes an idempotency key."""
    client, key = trial.maker.client, trial.key
    if key is None:
        return
    if trial.media is not None and trial.media.has_members:
        yield Probe(_USED, f"{key.name} of another content", lambda: _changed(trial, key))
    if parameters_of(trial.operation.path):
        yield Probe(_USED, f"{key.name} of another resource", lambda: _elsewhere(trial, key))
    other = _next_with_key(trial)
    if other is not None:
        yield Probe(_USED, f"{key.name} of another operation", lambda: _at(other, trial, key))
    if client.other != client.mine:
        yield Probe(_USED, f"{key.name} of another user", lambda: _anothers(trial, key))


def _changed(trial: Trial, key: Declared) -> object:
    """Send a valid request, then another valid content with the same key."""
    used = _used(trial, key)
    if not used:
        return None
    client, operation = trial.maker.client, trial.operation
    plain = client.template(operation, trial.actor)
    styles = (client.template(operation, trial.actor, style) for style in (Style.WORDS, Style.FULL))
    other = next((content for content in styles if content != plain), None)
    if other is None:
        return None
    return trial.send(trial.request(other, headers={key.name: used}))


def _elsewhere(trial: Trial, key: Declared) -> object:
    """Send a valid request, then one about another resource with the same key."""
    used = _used(trial, key)
    if not used:
        return None
    values = trial.values(fresh=True)
    return trial.send(trial.request(headers={key.name: used}), values)


def _next_with_key(trial: Trial) -> Trial | None:
    """The next operation of the document, after the last one the first, that takes such a key."""
    every = list(trial.maker.client.document.operations.values())
    at = every.index(trial.operation)
    others = (each for each in (*every[at + 1 :], *every[:at]) if _takes_key(each))
    trials = (Trial(trial.maker, each) for each in others)
    return next((each for each in trials if each.key is not None and not each.spares_user), None)


def _takes_key(operation: Operation) -> bool:
    return any(is_idempotency_key(parameter.name) for parameter in operation.parameters)


def _at(other: Trial, trial: Trial, key: Declared) -> object:
    """Send a valid request, then one to another operation with the same key."""
    used = _used(trial, key)
    if not used or other.key is None:
        return None
    return other.send(other.request(headers={other.key.name: used}))


def _anothers(trial: Trial, key: Declared) -> object:
    """Send a valid request, then one of another user with the same key."""
    client, operation = trial.maker.client, trial.operation
    used = _used(trial, key)
    values = trial.maker.live(operation, client.other) if used else None
    if values is None or (parameters_of(operation.path) and not values):
        return None
    trial.refer_to_new(client.other)
    content = client.template(operation, client.other)
    trial.maker.needs.meet(operation, (values, content), client.other)
    request = client.request(operation, values, content, headers={key.name: used})
    return trial.send(request, values, actor=client.other)


def _used(trial: Trial, key: Declared) -> str:
    """The key of a request that has succeeded; empty if it has not."""
    text = trial.maker.client.key(key)
    exchange = trial.send(trial.request(headers={key.name: text}))
    if conflicts(exchange) and trial.renews_users():
        text = trial.maker.client.key(key)
        exchange = trial.send(trial.request(headers={key.name: text}))
    return text if succeeded(exchange) and not exchange.parted else ""
