"""Tries the ways to log in that a document shows, until one works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lockstep.auth.actors import Actor, ActorError, ActorSpec, accepted
from lockstep.auth.calls import send_call
from lockstep.auth.discovery import Way, find_credentials, find_log_in, guarded
from lockstep.auth.tokens import TokenError, find_tokens, read_token
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.transport.credentials import UNKNOWN, Credential, Identity
from lockstep.transport.messages import Request, Response, status_of

_REFUSED = (401, 403)
_MAX_TRIES = 12
_LABEL = "alice#0"


@dataclass(slots=True)
class Admission:
    """How users were found to log in; no `specs` where no way was found.

    `notes` say it for people.
    """

    specs: tuple[ActorSpec, ...] = ()
    notes: list[str] = field(default_factory=list)


def is_open(spec: ActorSpec) -> bool:
    """Whether it is yet to be found out where the token of a user is, or how it is sent."""
    return spec.credential == UNKNOWN or not (spec.token or spec.tokens)


def find_users(exchanger: Exchanger, nonce: str, drafts: tuple[ActorSpec, ...] = ()) -> Admission:
    """Find out what drafts leave open; without drafts, how the document lets users come in.

    Raises `ActorError` when a draft does not come in.
    """
    if drafts:
        found = tuple(settle(exchanger, d, nonce) if is_open(d) else d for d in drafts)
        sent = dict.fromkeys(str(spec.credential) for spec in found)
        return Admission(found, [f"users: {len(found)}, sent as `{'`, `'.join(sent)}`"])
    document = exchanger.ledger.document
    register, login = find_log_in(document)
    if register is None and login is None:
        return Admission(notes=[_unknown(document, "the document shows no way to log in")])
    draft = ActorSpec(
        "alice",
        login=login.call if login else None,
        register=register.call if register else None,
        weight=3,
        token="",
        credential=UNKNOWN,
    )
    try:
        spec = settle(exchanger, draft, nonce)
    except ActorError as error:
        return Admission(notes=[_unknown(document, str(error))])
    ways = [f"{word} by `{_shown(way)}`" for word, way in _named(register, login)]
    notes = [f"users: {', '.join(ways)}, sent as `{spec.credential}`"]
    return Admission((spec, replace(spec, name="bob", weight=1)), notes)


def settle(exchanger: Exchanger, draft: ActorSpec, nonce: str) -> ActorSpec:
    """Find out where the answer to a log-in has the token, or how it is sent, by trying.

    What the draft says is kept. Raises `ActorError` where a target lets the user not in, or takes
    no form of the token.
    """
    answers = {} if draft.tokens else _come_in(exchanger, draft, nonce)
    asking = guarded(exchanger.ledger.document)
    pairs = list(_pairs(exchanger, draft, answers))
    # More than one: the user may not be meant to use the first.
    closed = [op for op in asking[:3] if _asks(exchanger, op)]
    for source, credential in pairs[:_MAX_TRIES]:
        tokens = _tokens(exchanger, draft, answers, source)
        if not all(tokens.values()):
            continue
        identity = Identity(credential, tokens)
        if not closed or any(_is_accepted(exchanger, op, identity) for op in closed):
            return replace(draft, token=source, credential=credential)
    raise ActorError("no form of the token is accepted" if pairs else "no answer has a token")


def _come_in(exchanger: Exchanger, draft: ActorSpec, nonce: str) -> dict[str, Response]:
    """Register and log in; the last answer of every target."""
    unique = f"{nonce}0000"
    made = {"actor": draft.name, "unique": unique, "short": unique[-7:]}
    actor = Actor(draft, _LABEL, "", {}, made)
    values = {target.name: actor.values_at(target.name) for target in exchanger.targets}
    answers: dict[str, Response] = {}
    for call in filter(None, (draft.register, draft.login)):
        exchange = send_call(exchanger, call, values, _LABEL)
        answers = {
            name: accepted(exchange, name, outcome) for name, outcome in exchange.outcomes.items()
        }
    return answers


def _tokens(
    exchanger: Exchanger, draft: ActorSpec, answers: Mapping[str, Response], source: str
) -> dict[str, str]:
    """The token of every target, empty where there is none."""
    if draft.tokens:
        return draft.tokens_at(target.name for target in exchanger.targets)
    try:
        return {name: read_token(answer, source) for name, answer in answers.items()}
    except TokenError:
        return dict.fromkeys(answers, "")


def _is_accepted(exchanger: Exchanger, operation: Operation, identity: Identity) -> bool:
    exchanger.identities[_LABEL] = identity
    token = next(iter(identity.tokens.values()))
    signed = identity.credential.put(_bare(operation), token)
    return status_of(exchanger.send(replace(signed, actor=_LABEL)).leader) not in _REFUSED


def _pairs(
    exchanger: Exchanger, draft: ActorSpec, answers: Mapping[str, Response]
) -> Iterator[tuple[str, Credential]]:
    """Where the token may be with how it may be sent; cookies go with cookies."""
    forms = find_credentials(exchanger.ledger.document)
    if draft.credential != UNKNOWN:
        forms = [draft.credential]
    sources = find_tokens(next(iter(answers.values()))) if answers else [draft.token]
    if draft.token:
        sources = [draft.token]
    for form in forms:
        cookie = f"cookie:{form.name}"
        chosen = [cookie] if form.location == "cookie" and cookie in sources else sources
        yield from ((source, form) for source in chosen)
    if draft.credential == UNKNOWN:
        names = [source.removeprefix("cookie:") for source in sources if "cookie:" in source]
        yield from ((f"cookie:{name}", Credential("cookie", name, "{token}")) for name in names)


def _asks(exchanger: Exchanger, operation: Operation) -> bool:
    return status_of(exchanger.send(_bare(operation)).leader) in _REFUSED


def _bare(operation: Operation) -> Request:
    """A request of an operation with nothing in it but what its path needs."""
    path = operation.path
    for parameter in operation.parameters:
        if parameter.location == "path":
            path = path.replace("{" + parameter.name + "}", "1")
    if operation.method in ("GET", "DELETE"):
        return Request(operation.method, path, operation=operation.name)
    headers = (("Content-Type", "application/json"),)
    return Request(operation.method, path, headers, b"{}", operation.name)


def _named(register: Way | None, login: Way | None) -> Iterator[tuple[str, Way]]:
    if register is not None:
        yield "register", register
    if login is not None:
        yield "log in", login


def _shown(way: Way) -> str:
    return f"{way.operation.method} {way.operation.path}"


def _unknown(document: Document, why: str) -> str:
    return (
        f"{len(guarded(document))} operations ask for credentials, and {why}: they are compared "
        "without. `[[users]]` in lockstep.toml says how users log in"
    )
