"""Probes with values issued at log-in, such as refresh tokens, sent once and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat, is_password
from lockstep.drivers.probes.trial import LEAVER, Probe, Trial
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.openapi.naming import kind_of

_REDEEMED = 7
# Maximum number of values of a discriminating member, such as `grant_type`.
_MOST_CHOICES = 4


def issued_value_probes(trial: Trial) -> Iterator[Probe]:
    """Yield a probe for each member that takes a value issued at log-in."""
    properties = _properties(trial)
    for name in properties:
        if kind_of(name) == "token" and not is_password(name):
            yield Probe(_REDEEMED, f"{name} twice", partial(_redeem, trial, name))


def _redeem(trial: Trial, name: str) -> object:
    """Redeem an issued value in the way that succeeds; then send the same request again."""
    client = trial.maker.client
    who = client.actor(LEAVER)
    given = who.facts.get(name) if who is not None else None
    if not isinstance(given, str) or not given:
        return None
    for content in islice(_contents(trial, name, given), _MOST_CHOICES):
        request = trial.request(content)
        first = trial.send(request, actor=LEAVER)
        if succeeded(first) and not first.parted:
            return trial.send(request, actor=LEAVER)
        if first.parted:
            return None
    return None


def _contents(trial: Trial, name: str, given: str) -> Iterator[dict[str, Any]]:
    """Yield bodies with an issued value, one per value of an enum member, the likeliest first.

    Of the other members only the required ones are sent: with a password it would be another
    request.
    """
    media, document = trial.media, trial.maker.client.document
    schema = flat(document, media.schema) if media is not None else {}
    required = schema.get("required", ())
    template = trial.template()
    known = template if isinstance(template, Mapping) else {}
    plain = {k: v for k, v in known.items() if k in required} | {name: given}
    choices = [
        (member, each)
        for member, declared in _properties(trial).items()
        for each in flat(document, declared).get("enum", ())
    ]
    yield from (
        {**plain, member: each}
        for member, each in sorted(choices, key=lambda choice: choice[1] != name)
    )
    if not choices:
        yield plain


def _properties(trial: Trial) -> Mapping[str, Any]:
    media = trial.media
    if media is None or not media.has_members:
        return {}
    properties = flat(trial.maker.client.document, media.schema).get("properties")
    return properties if isinstance(properties, Mapping) else {}
