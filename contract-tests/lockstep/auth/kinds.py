"""Users with other roles: those of a document's examples, and those that can register."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from lockstep.auth.actors import ActorSpec
from lockstep.auth.bodies import flat, is_password, members
from lockstep.auth.calls import Call, find_operation
from lockstep.auth.discovery import Entrance, body_schema, has_other_purpose
from lockstep.auth.entry import ActorError
from lockstep.auth.examples import is_account, shown_bodies
from lockstep.auth.search import Search
from lockstep.auth.tokens import TokenError
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation

# The maximum number to try: each costs a registration and a log-in.
_MOST = 4
# The share of generated requests of a client with a single scope.
_RARE = 0.1
_ROLE = re.compile(r".*(role|scope|kind|permission|access|tier|privilege)s?|type", re.IGNORECASE)
_OWN = re.compile(r"\b(me|self|session|password|user|account|profile)s?\b", re.IGNORECASE)
_PLAIN = re.compile(r"[^A-Za-z0-9]+")


def find_kinds(exchanger: Exchanger, usual: ActorSpec, nonce: str) -> list[ActorSpec]:
    """Return the users with other roles that can log in on every target.

    They log in like the `usual` ones; only the values sent differ.
    """
    document = exchanger.ledger.document
    proposed = [
        *_of_examples(document, usual),
        *_of_registration(document, usual),
        *_of_scopes(usual),
    ][:_MOST]
    found: list[ActorSpec] = []
    for spec in proposed:
        taken = {each.name for each in found}
        if spec.name not in taken and _comes_in(exchanger, spec, nonce):
            found.append(spec)
    return found


def is_existing(spec: ActorSpec) -> bool:
    """Whether a user logs in with one certain account, which is not registered."""
    login = spec.login if spec.register is None else None
    return login is not None and "${" not in json.dumps(login.json)


def _comes_in(exchanger: Exchanger, spec: ActorSpec, nonce: str) -> bool:
    search = Search(exchanger, spec, f"{nonce}{spec.name}")
    try:
        entry, _ = search.run([Entrance(spec.register, spec.login)])
        return all(entry.tokens(spec.token).values())
    except (ActorError, TokenError):
        return False


def _of_examples(document: Document, usual: ActorSpec) -> Iterator[ActorSpec]:
    """Yield the accounts in the document's examples of its log-in.

    Such an account exists only once: operations that change or delete it are sent by other users.
    """
    if usual.login is None:
        return
    operation = find_operation(document, usual.login.operation)
    if operation is None:
        return
    bodies = shown_bodies(document, operation, usual.login.json)
    for number, (name, body) in enumerate(bodies, 1):
        if body == usual.login.json or not is_account(body, usual.login.json):
            continue
        login = Call(usual.login.operation, body, usual.login.form)
        called = actor_name(name) or f"example{number}"
        avoided = usual.avoid | about_oneself(document)
        yield replace(
            usual, name=called, register=None, login=login, weight=1, avoid=avoided, is_extra=True
        )


def _of_registration(document: Document, usual: ActorSpec) -> Iterator[ActorSpec]:
    """Yield a user for each further enum value of a registration member that selects a role."""
    call = usual.register
    operation = find_operation(document, call.operation) if call is not None else None
    if call is None or operation is None:
        return
    schema = flat(document, body_schema(document, operation)[0])
    for name, member in schema.get("properties", {}).items():
        inner = flat(document, member)
        values = inner.get("enum", ())
        if not _ROLE.fullmatch(name) or not 2 <= len(values) <= _MOST:
            continue
        for value in values:
            if isinstance(value, str) and value != call.json.get(name):
                made = replace(call, json={**call.json, name: value})
                yield replace(usual, name=actor_name(value), register=made, weight=1, is_extra=True)


def _of_scopes(usual: ActorSpec) -> Iterator[ActorSpec]:
    """Yield a client for each scope that is requested, which gets that one alone.

    Most operations refuse them, so that they send few of the generated requests.
    """
    call = usual.login
    requested = str(call.json.get("scope", "")).split() if call is not None else []
    for scope in requested if len(requested) > 1 else ():
        login = replace(call, json={**call.json, "scope": scope}) if call is not None else None
        yield replace(usual, name=actor_name(scope), login=login, weight=_RARE, is_extra=True)


def about_oneself(document: Document) -> frozenset[str]:
    """Return the names of operations that may change or delete the user that sends them."""
    return frozenset(
        operation.name
        for operation in document.operations.values()
        if has_other_purpose(operation)
        or (operation.method != "GET" and _OWN.search(operation.path.replace("_", " ")))
        or (operation.method != "GET" and _takes_password(document, operation))
    )


def _takes_password(document: Document, operation: Operation) -> bool:
    return any(is_password(n) for n, _ in members(document, body_schema(document, operation)[0]))


def actor_name(text: str) -> str:
    """Return a name for an actor: lower-case letters, digits and hyphens."""
    return _PLAIN.sub("-", text).strip("-").lower()[:20]
