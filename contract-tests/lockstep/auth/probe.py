"""Tries the ways to log in that a document shows, until one works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from lockstep.auth.actors import ActorSpec
from lockstep.auth.advice import CLIENT, user_lines
from lockstep.auth.calls import Call, find_operation
from lockstep.auth.discovery import Entrance, find_entrances, guarded
from lockstep.auth.entry import ActorError, Entry, new_entry
from lockstep.auth.examples import described_keys
from lockstep.auth.guarded import Probes
from lockstep.auth.kinds import about_oneself, actor_name, find_kinds, is_existing
from lockstep.auth.oauth import client_entrances, is_client, registered_clients
from lockstep.auth.schemes import forms_of, schemes_for, schemes_of
from lockstep.auth.search import Search
from lockstep.auth.trial import Settled, Trial
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.transport.credentials import UNKNOWN

# The maximum number of literals in the document's texts that are tried as a key.
_MOST_KEYS = 3


@dataclass(slots=True)
class Admission:
    """How users can log in; no `specs` if no way was found.

    `notes` are messages for the report. `guarded_works` is true if an operation that requires
    credentials returned 2xx on every target.
    """

    specs: tuple[ActorSpec, ...] = ()
    notes: list[str] = field(default_factory=list)
    guarded_works: bool = False


def is_open(spec: ActorSpec) -> bool:
    """Whether the location of a user's token, or how it is sent, is still to be determined."""
    return spec.credential == UNKNOWN or not (spec.token or spec.tokens)


def find_users(exchanger: Exchanger, nonce: str, drafts: tuple[ActorSpec, ...] = ()) -> Admission:
    """Complete the configured users; without any, determine how the document lets users log in.

    Raises `ActorError` if a configured user cannot log in.
    """
    if drafts:
        settled = [
            settle(exchanger, draft, nonce) if is_open(draft) else Settled(draft, works=False)
            for draft in drafts
        ]
        specs = tuple(each.spec for each in settled)
        sent = dict.fromkeys(str(spec.credential) for spec in specs)
        notes = [f"users: {len(specs)}, sent as `{'`, `'.join(sent)}`"]
        return Admission(specs, notes, any(each.works for each in settled))
    document = exchanger.ledger.document
    keys = _with_keys(exchanger, nonce)
    entrances = tuple(registered_clients(exchanger) or find_entrances(document))
    draft = ActorSpec("alice", weight=3, token="", credential=UNKNOWN, entrances=entrances)
    reason, found = "the document shows no way to log in", None
    try:
        found = settle(exchanger, draft, nonce, is_configured_user=False) if entrances else None
    except ActorError as error:
        reason = str(error)
    if found is None and not keys:
        return Admission(notes=[_unknown(document, reason)])
    if found is None:
        return Admission(tuple(keys), [_note_on_keys(keys)], guarded_works=True)
    spec = found.spec
    ways = [("register", spec.register), ("log in", spec.login)]
    parts = [f"{word} by `{_shown(document, call)}`" for word, call in ways if call is not None]
    notes = [f"users: {', '.join(parts)}, sent as `{spec.credential}`"]
    extras = find_kinds(exchanger, spec, nonce)
    if extras:
        names = ", ".join(f"`{each.name}`" for each in extras)
        notes[0] += f"; other kinds, from the document: {names}"
    notes += [_note_on_keys(keys)] if keys else []
    if is_existing(spec):
        # Another name would be the same account.
        spec = replace(spec, avoid=spec.avoid | about_oneself(document))
        others = [replace(each, is_extra=False) for each in (*extras[:1], *keys)]
        usual = sorted((spec, *others), key=lambda each: -_opened(document, each))
        return Admission((*usual, *extras[1:]), notes, found.works or bool(keys))
    extras += [replace(each, is_extra=True) for each in keys]
    return Admission((spec, replace(spec, name="bob", weight=1), *extras), notes, found.works)


def _with_keys(exchanger: Exchanger, nonce: str) -> list[ActorSpec]:
    """Return a user for each key in the document's texts that every target accepts."""
    found: list[ActorSpec] = []
    for name, form, key in islice(described_keys(exchanger.ledger.document), _MOST_KEYS):
        draft = ActorSpec(actor_name(name), token="", tokens={"*": key}, credential=form)
        try:
            settled = settle(exchanger, draft, nonce, is_configured_user=False)
        except ActorError:
            continue
        if settled.is_proven and all(each.name != draft.name for each in found):
            found.append(settled.spec)
    return found


def _note_on_keys(keys: Sequence[ActorSpec]) -> str:
    sent = dict.fromkeys(str(spec.credential) for spec in keys)
    return f"users: keys from the document's texts, sent as `{'`, `'.join(sent)}`"


def _opened(document: Document, spec: ActorSpec) -> int:
    """Return how many operations take the kind of credentials that a user has."""
    schemes = schemes_of(document)
    accepted = {name for name, one in schemes.items() if spec.credential in forms_of(document, one)}
    return sum(
        not accepted.isdisjoint(schemes_for(document, operation)) for operation in guarded(document)
    )


def settle(
    exchanger: Exchanger, draft: ActorSpec, nonce: str, *, is_configured_user: bool = True
) -> Settled:
    """Determine by trial how a user logs in, where the token is returned, and how it is sent.

    What the draft specifies is kept. A log-in works if an operation that requires credentials
    returns 2xx on every target; with `is_configured_user`, it is enough that none rejects the
    user. Raises `ActorError` if a target rejects the user, or nothing works.
    """
    entry, spec = _come_in(exchanger, draft, nonce)
    trial = Trial(exchanger, spec, entry, Probes(exchanger, f"{nonce}0000"))
    return trial.run(is_configured_user=is_configured_user)


def _come_in(exchanger: Exchanger, draft: ActorSpec, nonce: str) -> tuple[Entry, ActorSpec]:
    """Register and log in, in the first way that every target accepts."""
    if draft.tokens:
        return new_entry(exchanger), draft
    ways: Sequence[Entrance] = draft.entrances or (Entrance(draft.register, draft.login),)
    if is_client(draft.value_names):
        ways = client_entrances(exchanger, draft.login)
        if not ways:
            raise ActorError(f"no target documents its token endpoint. {CLIENT}")
    return Search(exchanger, draft, nonce).run(ways)


def _shown(document: Document, call: Call) -> str:
    operation = find_operation(document, call.operation)
    return f"{operation.method} {operation.path}" if operation is not None else call.operation


def _unknown(document: Document, why: str) -> str:
    count = len(guarded(document))
    asking = "1 operation requires" if count == 1 else f"{count} operations require"
    text, _, lines = why.partition("\n")
    reason, _, sentence = text.rpartition(". ") if lines else (text, "", "")
    advice = f"{sentence}\n{lines}" if lines else user_lines(document)
    return f"{asking} credentials, and {reason}: they are compared without credentials. {advice}"
