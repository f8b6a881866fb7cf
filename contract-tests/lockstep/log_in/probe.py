"""Tries the ways to log in that a document shows, until one works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lockstep.actors import ActorSpec
from lockstep.credentials import Credential, Identity
from lockstep.exchange import Exchanger
from lockstep.log_in.calls import send_call
from lockstep.log_in.discovery import Way, find_credentials, find_log_in, guarded
from lockstep.log_in.tokens import TokenError, find_tokens, read_token
from lockstep.messages import NoResponse, Request, Response, status_of
from lockstep.operations import Operation

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


def find_users(exchanger: Exchanger, nonce: str) -> Admission:
    """Register a user as the document has it, log in, and see how the token is to be sent."""
    document = exchanger.ledger.document
    asking = guarded(document)
    if not asking:
        return Admission()
    register, login = find_log_in(document)
    if register is None and login is None:
        return Admission(notes=[_unknown(asking, "the document shows no way to log in")])
    try:
        answers = _come_in(exchanger, (register, login), nonce)
    except _RefusedError as refusal:
        return Admission(notes=[_unknown(asking, str(refusal))])
    found = _working(exchanger, answers, asking)
    if found is None:
        return Admission(notes=[_unknown(asking, "no form of the token is accepted")])
    token, credential = found
    base = ActorSpec(
        "alice",
        login=login.call if login else None,
        register=register.call if register else None,
        token=token,
        credential=credential,
    )
    ways = [f"{word} by `{_shown(way)}`" for word, way in _named(register, login)]
    notes = [f"users: {', '.join(ways)}, sent as `{credential}`"]
    return Admission((replace(base, weight=3), replace(base, name="bob")), notes)


class _RefusedError(Exception):
    """A target did not let a user in."""


def _come_in(exchanger: Exchanger, ways: Sequence[Way | None], nonce: str) -> dict[str, Response]:
    """Register and log in; the last answer of every target."""
    unique = f"{nonce}0000"
    values = {"actor": "alice", "unique": unique, "short": unique[-7:]}
    answers: dict[str, Response] = {}
    for way in filter(None, ways):
        everywhere = {target.name: values for target in exchanger.targets}
        exchange = send_call(exchanger, way.call, everywhere, _LABEL)
        for name, outcome in exchange.outcomes.items():
            if isinstance(outcome, NoResponse):
                raise _RefusedError(f"`{_shown(way)}` is not answered by {name}: {outcome.reason}")
            if outcome.status >= 300:
                raise _RefusedError(f"`{_shown(way)}` answers {outcome.status} on {name}")
            answers[name] = outcome
    return answers


def _working(
    exchanger: Exchanger, answers: Mapping[str, Response], asking: Sequence[Operation]
) -> tuple[str, Credential] | None:
    """Where the token is and how it is sent, seen at an operation that refuses without one."""
    leader = next(iter(answers.values()))
    pairs = list(_pairs(exchanger, leader))
    closed = next((op for op in asking[:3] if _asks(exchanger, op)), None)
    if closed is None:
        return pairs[0] if pairs else None
    for source, credential in pairs[:_MAX_TRIES]:
        try:
            tokens = {name: read_token(answer, source) for name, answer in answers.items()}
        except TokenError:
            continue
        exchanger.identities[_LABEL] = Identity(credential, tokens)
        signed = credential.put(_bare(closed), next(iter(tokens.values())))
        exchange = exchanger.send(replace(signed, actor=_LABEL))
        if status_of(exchange.leader) not in _REFUSED:
            return source, credential
    return None


def _pairs(exchanger: Exchanger, answer: Response) -> Iterator[tuple[str, Credential]]:
    """Where the token may be with how it may be sent; cookies go with cookies."""
    sources = find_tokens(answer)
    for credential in find_credentials(exchanger.ledger.document):
        cookie = f"cookie:{credential.name}"
        if credential.location == "cookie" and cookie in sources:
            yield cookie, credential
            continue
        yield from ((source, credential) for source in sources)
    for source in sources:
        if source.startswith("cookie:"):
            yield source, Credential("cookie", source.partition(":")[2], "{token}")


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


def _unknown(asking: Sequence[Operation], why: str) -> str:
    return (
        f"{len(asking)} operations ask for credentials, and {why}: they are compared without. "
        "`[[users]]` in lockstep.toml says how users log in"
    )
