"""An idempotency key that was used before: for another content, and by another user.

That the very same request is answered as the first one was is tried with all that is sent twice
(draft-ietf-httpapi-idempotency-key-header, section 2.6).
"""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.drivers.probes.trial import Probe, Trial
from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.openapi.naming import is_idempotency_key
from lockstep.transport.messages import Request

_USED = 7


def key_probes(trial: Trial) -> Iterator[Probe]:
    """The probes for an operation that takes an idempotency key."""
    client = trial.maker.client
    headers = [one for one in client.parameters(trial.operation) if one.location == "header"]
    name = next((one.name for one in headers if is_idempotency_key(one.name)), "")
    if not name:
        return
    if trial.media is not None and trial.media.has_members:
        yield Probe(_USED, f"{name} of another content", lambda: _changed(trial, name))
    if client.other != client.mine:
        yield Probe(_USED, f"{name} of another user", lambda: _anothers(trial, name))


def _changed(trial: Trial, name: str) -> object:
    """Send a valid request, then another valid content with the same key."""
    used = _used(trial, name)
    if used is None:
        return None
    client, operation = trial.maker.client, trial.operation
    plain = client.template(operation, trial.actor)
    styles = (client.template(operation, trial.actor, style) for style in (Style.WORDS, Style.FULL))
    other = next((content for content in styles if content != plain), None)
    if other is None:
        return None
    return trial.send(trial.request(other, headers={name: used.header(name) or ""}))


def _anothers(trial: Trial, name: str) -> object:
    """Send a valid request, then one of another user with the same key."""
    client, operation = trial.maker.client, trial.operation
    values = trial.maker.live(operation, client.other)
    if values is None or (parameters_of(operation.path) and not values):
        return None
    used = _used(trial, name)
    if used is None:
        return None
    content = client.template(operation, client.other)
    trial.maker.needs.meet(operation, (values, content), client.other)
    headers = {name: used.header(name) or ""}
    request = client.request(operation, values, content, headers=headers)
    return trial.send(request, values, actor=client.other)


def _used(trial: Trial, name: str) -> Request | None:
    """A request that has succeeded, with a key."""
    key = next(
        trial.maker.client.key(each)
        for each in trial.maker.client.parameters(trial.operation)
        if each.name == name
    )
    request = trial.request(headers={name: key})
    exchange = trial.send(request)
    return request if succeeded(exchange) and not exchange.parted else None
