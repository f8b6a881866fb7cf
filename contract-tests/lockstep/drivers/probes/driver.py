"""Sends probes: a few requests per operation, each with a reason.

Each has a single fault: the credentials, the resource, a member, a parameter, or the path.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice

from lockstep.auth.actors import ActorError
from lockstep.drivers.probes.credentials import credential_probes
from lockstep.drivers.probes.idempotency import key_probes
from lockstep.drivers.probes.issued_values import issued_value_probes
from lockstep.drivers.probes.members import variants
from lockstep.drivers.probes.messages import message_probes
from lockstep.drivers.probes.origins import Origins
from lockstep.drivers.probes.parameters import parameter_probes
from lockstep.drivers.probes.paths import path_probes
from lockstep.drivers.probes.ranges import range_probes
from lockstep.drivers.probes.resources import resource_probes
from lockstep.drivers.probes.sizes import size_probes
from lockstep.drivers.probes.trial import LEAVER, PROBER, Probe, Trial, begin_anew
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.repeatable import changes_state

MOST_OF_ONE = 100
MOST = 2_500
# Limits the time spent on slow servers.
MOST_SECONDS = 60.0


def probe(maker: Maker, origins: Sequence[str] = ()) -> list[str]:
    """Send the probes, the most informative first, with new users and the knowledge of the walk.

    `origins` are those of web applications. Returns sentences on skipped probes. Raises
    `ActorError` and `TargetLostError`.
    """
    client = maker.client
    begin_anew(maker)
    every = sorted(_chosen(maker, origins), key=lambda each: each.rank)
    ending = time.monotonic() + MOST_SECONDS
    chosen = every[: client.exchanger.ledger.share.shard.part(MOST)]
    for number, each in enumerate(chosen, 1):
        if time.monotonic() > ending:
            left = len(every) - number + 1
            return [f"probes: {left:,} of {len(every):,} were left out for lack of time"]
        client.doing = f"{number:,} of {len(chosen):,}, {each.reason}"
        with client.exchanger.ledger.faults.about(f"probe, {each.reason}: not sent or not judged"):
            each.send()
    left = len(every) - len(chosen)
    note = f"probes: {left:,} of {len(every):,} were left out, the least informative ones"
    return [note] if left else []


def _chosen(maker: Maker, origins: Sequence[str]) -> Iterator[Probe]:
    """Yield the most informative probes of all operations."""
    faults = maker.client.exchanger.ledger.faults
    for operation in maker.client.document.operations.values():
        owned = maker.client.exchanger.ledger.share.owns(operation.name)
        if changes_state(operation) or not owned:
            continue
        with faults.about(f"probes, {operation.name}: left out"):
            trial = Trial(maker, operation)
            found = sorted(_of(trial), key=lambda each: each.rank)
            yield from (_careful(trial, each) for each in islice(found, MOST_OF_ONE))
    with faults.about("probes of unknown paths: left out"):
        yield from path_probes(maker)
    with faults.about("probes of other origins: left out"):
        yield from Origins(maker, origins).probes()


def _of(trial: Trial) -> Iterator[Probe]:
    yield from credential_probes(trial)
    if trial.spares_user:
        return
    yield from resource_probes(trial)
    yield from key_probes(trial)
    yield from range_probes(trial)
    yield from size_probes(trial)
    yield from issued_value_probes(trial)
    yield from message_probes(trial)
    yield from parameter_probes(trial)
    yield from member_probes(trial)


def member_probes(trial: Trial) -> Iterator[Probe]:
    """Yield the probes for each member of an operation's body."""
    media = trial.media
    if media is None or not media.has_members:
        return
    document = trial.maker.client.document
    prose = str(trial.operation.definition.get("description", ""))
    # Built when it is sent, as the resources that it refers to may have been deleted by then.
    for number, each in enumerate(variants(document, media.schema, trial.template(), prose)):

        def send(number: int = number) -> object:
            found = variants(document, media.schema, trial.template(), prose)
            changed = next(islice(found, number, None), None)
            return trial.send(trial.request(changed.value)) if changed is not None else None

        yield Probe(each.rank, each.reason, send)


def _careful(trial: Trial, probe: Probe) -> Probe:
    """Wrap a probe to give up if a separate user can no longer log in."""
    if trial.actor not in (LEAVER, PROBER):
        return probe

    def send() -> object:
        try:
            return probe.send()
        except ActorError:
            return None

    return Probe(probe.rank, probe.reason, send)
