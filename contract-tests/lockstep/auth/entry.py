"""Registers and logs in a user, and keeps the responses of the targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lockstep.auth.calls import PLACEHOLDERS, Call, find_operation, send_call
from lockstep.auth.schemes import csrf_header
from lockstep.auth.tokens import TokenError, read_basic, read_token
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.faults import ForeseenError
from lockstep.results.trace import Exchange
from lockstep.transport.cookies import CookieJar, is_csrf
from lockstep.transport.credentials import Identity
from lockstep.transport.messages import Outcome, Request, Response, status_of

# What servers say where a CSRF token is missing.
_CSRF_STATUSES = frozenset({400, 401, 403, 419, 422})


class ActorError(ForeseenError):
    """An actor could not be registered or logged in."""


class RefusedError(ActorError):
    """A target refused to log an actor in; `call` is the refused call, `status` its status."""

    def __init__(self, message: str, call: Call, status: int | None) -> None:
        super().__init__(message)
        self.call = call
        self.status = status


@dataclass(slots=True)
class Entry:
    """What logging a user in yielded, by target name.

    `answers` are those to the last call, `sent` is all that was sent, `jars` hold the cookies.
    """

    jars: dict[str, CookieJar]
    answers: dict[str, Response] = field(default_factory=dict)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def tokens(self, source: str) -> dict[str, str]:
        """The token of every target; `TokenError` if one has none. See `read_token`."""
        if source.startswith("basic:"):
            return {name: read_basic(sent, source) for name, sent in self.sent.items()}
        return {name: read_token(answer, source) for name, answer in self.answers.items()}


def new_entry(exchanger: Exchanger, values: Mapping[str, Mapping[str, str]] | None = None) -> Entry:
    """Nobody is in yet; where targets share one state they share the jar, too.

    `values` are an account's by target name: what it is known by, if nothing is sent to log in.
    """
    header = csrf_header(exchanger.ledger.document)
    names = [target.name for target in exchanger.targets]
    shared = CookieJar(header)
    jars = {name: shared if exchanger.rotates else CookieJar(header) for name in names}
    own = {
        name: {key: text for key, text in told.items() if key not in PLACEHOLDERS}
        for name, told in (values or {}).items()
    }
    return Entry(jars, sent=own)


def enter(
    exchanger: Exchanger,
    calls: Iterable[Call],
    values: Mapping[str, Mapping[str, str]],
    label: str,
    opening: str = "",
) -> Entry:
    """Send the calls that log a user in; `opening` is a path that is read first, for its token.

    Raises `RefusedError` if a target answers no 2xx, and `ActorError` for an operation that the
    document does not have.
    """
    entry = new_entry(exchanger, values)
    if opening:
        open_page(exchanger, entry, opening, label)
    for call in calls:
        let_in(exchanger, call, values, label, entry)
    return entry


def let_in(
    exchanger: Exchanger,
    call: Call,
    values: Mapping[str, Mapping[str, str]],
    label: str,
    entry: Entry,
) -> None:
    """Send one call, and keep its result in the entry. Raises as `enter` does."""
    try:
        exchange = send_call(exchanger, call, values, label, entry.jars)
    except LookupError as error:
        raise ActorError(f"{label}: {error}") from error
    operation = find_operation(exchanger.ledger.document, call.operation)
    redirects = {302, 303} & set(operation.statuses if operation is not None else ())
    entry.answers = {
        name: _accepted(exchange, name, outcome, call, redirects)
        for name, outcome in exchange.outcomes.items()
    }
    for name, sent in entry.sent.items():
        sent |= call.body(values[name])


def open_page(exchanger: Exchanger, entry: Entry, path: str, label: str) -> None:
    """Read a page that sets the CSRF cookie, or shows the token."""
    request = Request("GET", path, actor=label)
    requests = {name: jar.put(request) for name, jar in entry.jars.items()}
    _take(entry, exchanger.send_apart(requests, group=label).outcomes)


def follow(exchanger: Exchanger, exchange: Exchange, known: Identity) -> None:
    """Take the answers to a log-in that was replayed for the credentials of its user.

    `exchange` is one of the calls of the user that it is grouped for; `known` says how the user's
    token was found and sent before. For HTTP Basic, where nothing is given, all stays as it was.
    """
    label = exchange.group or ""
    if known.source.startswith("basic:"):
        exchanger.identities[label] = known
        return
    identity = exchanger.identities.get(label)
    if identity is None or identity is known:
        jars = new_entry(exchanger).jars
        identity = Identity(known.credential, {}, jars, known.source)
    tokens = dict(identity.tokens)
    for name, outcome in exchange.outcomes.items():
        if isinstance(outcome, Response):
            identity.jars[name].absorb(outcome)
            with suppress(TokenError):
                tokens[name] = read_token(outcome, known.source)
    identity.tokens = tokens
    exchanger.identities[label] = identity


def find_opening(exchanger: Exchanger, entry: Entry, refused: RefusedError) -> str:
    """The path of the page that must be read before a refused call, empty if none helps.

    Nothing of it is recorded. The entry's jars then hold what the page has set.
    """
    if refused.status not in _CSRF_STATUSES or any(jar.csrf for jar in entry.jars.values()):
        return ""
    for path in _pages(exchanger, refused.call):
        _take(entry, exchanger.ask(Request("GET", path)))
        if all(jar.csrf for jar in entry.jars.values()):
            return path
    return ""


def _pages(exchanger: Exchanger, call: Call) -> list[str]:
    """Where a CSRF token may be had: an operation of that name, the page of the form, the start."""
    document = exchanger.ledger.document
    told = [
        operation.path
        for operation in document.operations.values()
        if operation.method == "GET" and "{" not in operation.path and is_csrf(operation.path)
    ]
    operation = find_operation(document, call.operation)
    own = [operation.path] if operation is not None else []
    return list(dict.fromkeys([*told, *own, "/"]))


def _take(entry: Entry, outcomes: Mapping[str, Outcome]) -> None:
    for name, outcome in outcomes.items():
        if isinstance(outcome, Response):
            entry.jars[name].absorb(outcome)
            entry.jars[name].take_token(outcome)


def _accepted(
    exchange: Exchange, target: str, outcome: Outcome, call: Call, redirects: set[int]
) -> Response:
    """The response of a target that logged an actor in; `RefusedError` for any other.

    A form may be answered with a redirect, where the document has one.
    """
    if isinstance(outcome, Response) and (outcome.status < 300 or outcome.status in redirects):
        return outcome
    shown = outcome.body[:300] if isinstance(outcome, Response) else outcome.reason
    status = status_of(outcome)
    message = f"{exchange.request.actor}: {exchange.label} on {target}: {status} {shown!r}"
    raise RefusedError(message, call, status)
