"""Registers and logs in a user, and keeps the responses of the targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lockstep.auth.calls import PLACEHOLDERS, Call, find_operation, send_call
from lockstep.auth.discovery import issued_in
from lockstep.auth.schemes import csrf_header
from lockstep.auth.tokens import TokenError, read_basic, read_token
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.exchange import Exchange
from lockstep.results.faults import ForeseenError
from lockstep.transport.cookies import CookieJar, is_csrf
from lockstep.transport.credentials import Identity
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Outcome, Request, Response, status_of

# The status codes that servers return for a missing CSRF token.
_CSRF_STATUSES = frozenset({400, 401, 403, 419, 422})


class ActorError(ForeseenError):
    """An actor could not be registered or logged in."""


class RefusedError(ActorError):
    """A target rejected a log-in; `call` is the rejected call, `status` the status code."""

    def __init__(self, message: str, call: Call, status: int | None) -> None:
        super().__init__(message)
        self.call = call
        self.status = status


@dataclass(slots=True)
class Entry:
    """The results of a log-in, by target name.

    `answers` are the responses to the last call, `shown` has the members of all responses of the
    leader, `sent` holds everything that was sent, `issued` the id and secret of a client that was
    registered, `jars` hold the cookies.
    """

    jars: dict[str, CookieJar]
    answers: dict[str, Response] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    issued: dict[str, dict[str, str]] = field(default_factory=dict)

    def tokens(self, source: str) -> dict[str, str]:
        """Return the token of every target (see `read_token`); raise `TokenError` without one."""
        if source.startswith("basic:"):
            return {name: read_basic(sent, source) for name, sent in self.sent.items()}
        return {name: read_token(answer, source) for name, answer in self.answers.items()}


def new_entry(exchanger: Exchanger, values: Mapping[str, Mapping[str, str]] | None = None) -> Entry:
    """Return an entry before any log-in; targets that share state share the cookie jar too.

    `values` are an account's by target name: what identifies it if nothing is sent to log in.
    """
    header = csrf_header(exchanger.ledger.document)
    names = [target.name for target in exchanger.targets]
    shared = CookieJar(header)
    jars = {name: shared if exchanger.rotates else CookieJar(header) for name in names}
    own = {
        name: {key: text for key, text in account.items() if key not in PLACEHOLDERS}
        for name, account in (values or {}).items()
    }
    return Entry(jars, sent=own)


def enter(
    exchanger: Exchanger,
    calls: Iterable[Call],
    values: Mapping[str, Mapping[str, str]],
    label: str,
    opening: str = "",
) -> Entry:
    """Send the calls that log a user in; `opening` is a path requested first, for its CSRF token.

    Raises `RefusedError` if the response of a target is not 2xx, and `ActorError` for an operation
    that the document does not have.
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
    """Send one call, and store its result in the entry; raises the same errors as `enter`."""
    values = {name: {**own, **entry.issued.get(name, {})} for name, own in values.items()}
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
    for name, answer in entry.answers.items():
        entry.jars[name].take_token(answer)
        entry.issued.setdefault(name, {}).update(issued_in(_members(answer)))
    # The id of an account, say, is in the response to its registration alone.
    entry.shown |= _members(next(iter(entry.answers.values()), None))
    for name, sent in entry.sent.items():
        sent |= call.body(values[name])


def _members(answer: Response | None) -> dict[str, Any]:
    given = json_of(answer.body) if answer is not None else {}
    return given if isinstance(given, dict) else {}


def open_page(exchanger: Exchanger, entry: Entry, path: str, label: str) -> None:
    """Request a page that sets the CSRF cookie or contains the token."""
    request = Request("GET", path, actor=label)
    requests = {name: jar.put(request) for name, jar in entry.jars.items()}
    _take(entry, exchanger.send_apart(requests, group=label).outcomes)


def follow(exchanger: Exchanger, exchange: Exchange, known: Identity) -> None:
    """Update a user's credentials from the responses to a replayed log-in.

    `exchange` is one of the calls of the user that it is grouped for; `known` is how the user's
    token was found and sent before. HTTP Basic, where no token is issued, is left unchanged.
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
            identity.jars[name].take_token(outcome)
            with suppress(TokenError):
                tokens[name] = read_token(outcome, known.source)
    identity.tokens = tokens
    exchanger.identities[label] = identity


def find_opening(exchanger: Exchanger, entry: Entry, refused: RefusedError) -> str:
    """Return the path of a page that must be requested before a rejected call, empty if none helps.

    These requests are not recorded. The entry's jars then hold the cookies of the page.
    """
    if refused.status not in _CSRF_STATUSES or any(jar.csrf for jar in entry.jars.values()):
        return ""
    for path in _pages(exchanger, refused.call):
        _take(entry, exchanger.ask(Request("GET", path)))
        if all(jar.csrf for jar in entry.jars.values()):
            return path
    return ""


def _pages(exchanger: Exchanger, call: Call) -> list[str]:
    """Return paths that may provide a CSRF token: an operation named so, the form's page, `/`."""
    document = exchanger.ledger.document
    documented = [
        operation.path
        for operation in document.operations.values()
        if operation.method == "GET" and "{" not in operation.path and is_csrf(operation.path)
    ]
    operation = find_operation(document, call.operation)
    own = [operation.path] if operation is not None else []
    return list(dict.fromkeys([*documented, *own, "/"]))


def _take(entry: Entry, outcomes: Mapping[str, Outcome]) -> None:
    for name, outcome in outcomes.items():
        if isinstance(outcome, Response):
            entry.jars[name].absorb(outcome)
            entry.jars[name].take_token(outcome)


def _accepted(
    exchange: Exchange, target: str, outcome: Outcome, call: Call, redirects: set[int]
) -> Response:
    """Return the response of a target that logged an actor in; raise `RefusedError` for others.

    A form may be answered with a redirect, if the document has one.
    """
    if isinstance(outcome, Response) and (outcome.status < 300 or outcome.status in redirects):
        return outcome
    shown = outcome.body[:300] if isinstance(outcome, Response) else outcome.reason
    status = status_of(outcome)
    message = f"{exchange.request.actor}: {exchange.label} on {target}: {status} {shown!r}"
    raise RefusedError(message, call, status)
