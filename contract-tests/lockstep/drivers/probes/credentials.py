"""Probes without credentials, and with invalid ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from lockstep.drivers.probes.trial import Probe, Send, Trial
from lockstep.drivers.walk.identifiers import unknown
from lockstep.results.exchange import SAFE_METHODS
from lockstep.transport.credentials import Credential, Identity
from lockstep.transport.messages import Request

_OTHER_WORDS = ("Bearer", "Token", "Basic")
_SPOILT = 6


def credential_probes(trial: Trial) -> Iterator[Probe]:
    """Yield the probes for an operation that requires authentication."""
    operation, client = trial.operation, trial.maker.client
    if not operation.requires_auth or client.actors is None:
        return
    yield Probe(0, "no credentials", lambda: trial.send_unsigned(_plain(trial)))
    yield Probe(1, "a bad token", lambda: _with_token(trial, "bad"))
    yield Probe(2, "an empty token", lambda: _with_token(trial, ""))
    for name in client.actors.extras:
        yield Probe(2, f"as {name}", partial(_as_another, trial, name))
    yield from _csrf_probes(trial)
    credential = client.actors.credential
    if credential.location != "header" or " " not in credential.form:
        return
    word = credential.form.partition(" ")[0]
    other = next(each for each in _OTHER_WORDS if each.lower() != word.lower())
    for rank, name in ((3, other), (3, word.swapcase() if word.isupper() else word.lower())):
        changed = replace(credential, form=f"{name} {{token}}")
        yield Probe(rank, f"{name} before the token", _under(trial, changed))
    bare = replace(credential, form="{token}")
    yield Probe(4, "nothing before the token", _under(trial, bare))


def _csrf_probes(trial: Trial) -> Iterator[Probe]:
    """Without the CSRF token of the session and with a wrong one, where sessions have any."""
    identities = trial.maker.client.exchanger.identities.values()
    jars = (jar for identity in tuple(identities) for jar in identity.jars.values())
    if trial.operation.method not in SAFE_METHODS and any(jar.csrf for jar in jars):
        yield Probe(1, "no CSRF token", lambda: _with_csrf(trial, bad=False))
        yield Probe(2, "a bad CSRF token", lambda: _with_csrf(trial, bad=True))


def _with_csrf(trial: Trial, *, bad: bool) -> object:
    identity = _identity(trial)
    leader = trial.maker.client.exchanger.targets[0].name
    csrf = identity.jars[leader].csrf if identity is not None and leader in identity.jars else None
    if csrf is None:
        return None
    name, token = csrf

    def change(request: Request) -> Request:
        return (
            request.with_header(name, altered_token(token)) if bad else request.without_header(name)
        )

    return trial.send(_plain(trial), change=change)


def _as_another(trial: Trial, name: str) -> object:
    """Send a valid request as another type of user, unless it would delete the account."""
    actors = trial.maker.client.actors
    spec = next((each for each in actors.specs if each.name == name), None) if actors else None
    if spec is None or trial.operation.name in spec.avoid or trial.spares_user:
        return None
    return trial.send(_plain(trial), actor=name)


def _plain(trial: Trial) -> Request:
    """Return a request that is valid but for its credentials."""
    values = unknown(trial.maker.client, trial.operation) if trial.spares_user else None
    return trial.request(values=values)


def _with_token(trial: Trial, token: str) -> object:
    """Send a token that no target has issued: one of the same format, or an empty one."""
    client = trial.maker.client
    identity = _identity(trial)
    if client.actors is None:
        return None
    leader = client.exchanger.targets[0].name
    real = identity.token(leader) if identity is not None else "lockstep-token"
    sent = altered_token(real) if token else ""
    credential = identity.credential if identity is not None else client.actors.credential
    return trial.send_unsigned(credential.put(_plain(trial), sent))


def _under(trial: Trial, credential: Credential) -> Send:
    """Return a function that sends the real token in another format, if all targets get theirs."""

    def send() -> object:
        identity = _identity(trial)
        exchanger = trial.maker.client.exchanger
        if identity is None or trial.spares_user:
            return None
        leader = exchanger.targets[0].name
        request = credential.put(_plain(trial), identity.token(leader))
        for target in exchanger.targets:
            translated = exchanger.versions.translate(request, target.name)
            if credential.value(translated) != credential.form.format(
                token=identity.token(target.name)
            ):
                return None
        return trial.send_unsigned(request)

    return send


def _identity(trial: Trial) -> Identity | None:
    client = trial.maker.client
    actor = client.actor(trial.actor)
    return client.exchanger.identities.get(actor.label) if actor is not None else None


def altered_token(token: str) -> str:
    """Return a different token of the same format."""
    kept, end = token[:-_SPOILT], token[-_SPOILT:]
    changed = "".join("x" if each != "x" else "y" for each in end)
    return kept + changed
